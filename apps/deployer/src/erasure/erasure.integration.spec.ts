import {
  AGENT_CONSUMER,
  ROUTES_BUCKET,
  STREAMS,
  ensureClusterTopology,
  ensureGatewayTopology,
  ensureHubTopology,
  gatewayConsumer,
  kvStream,
  statusBucket,
  targetsBucket,
  type Bus,
  type Follower,
} from '#libs/bus';
import { ERASURE_SETTLES_MS, newId, type Digest, type Erasure, type Id } from '#libs/domain';
import { createLogger, systemRandom } from '#libs/process';
import {
  FolderBlobs,
  acquireLease,
  findErasure,
  insertCluster,
  insertOrganization,
  insertProject,
  insertUpload,
  joinCluster,
  startErasure,
  type Lease,
} from '#libs/store';
import { SteppedClock, temporaryFolder, testDatabase, testNats, until } from '#libs/testing';
import type { TestDatabase, TestNats } from '#libs/testing';
import { Eraser } from './eraser.js';

const id = <P extends Parameters<typeof newId>[0]>(prefix: P): Id<P> =>
  newId(prefix, Date.now(), systemRandom);
const cls = id('cls');
const gw = id('gw');
const folder = temporaryFolder();
const blobs = new FolderBlobs(folder.path);
const clock = new SteppedClock(Date.now());

let database: TestDatabase;
let nats: TestNats;
let bus: Bus;
let lease: Lease | undefined;
let eraser: Eraser;
const followers: Follower[] = [];

/** What an organization has outside of its rows, every text with its mark. */
interface Planted {
  org: Id<'org'>;
  svc: Id<'svc'>;
  mark: string;
  own: Digest[];
}

async function blob(text: string): Promise<Digest> {
  return (await blobs.write([Buffer.from(text)], 1_000)).digest;
}

/** An image of one layer, as a build leaves it in the blob port. */
async function image(layer: Digest, config: string): Promise<Digest[]> {
  const parts = { config: { digest: await blob(config) }, layers: [{ digest: layer }] };
  const manifest = await blob(JSON.stringify(parts));
  return [manifest, parts.config.digest];
}

async function plant(mark: string, shared: Digest, layer: Digest): Promise<Planted> {
  const [org, prj, svc, bld, sec, upl] = [id('org'), id('prj'), id('svc'), id('bld'), id('sec'), id('upl')];
  const now = clock.now();
  const source = await blob(`${mark} source`);
  const [manifest, config] = (await image(layer, `${mark} config`)) as [Digest, Digest];
  await database.db.asSystem(async (tx) => {
    await insertOrganization(tx, { id: org, name: mark, createdAt: now });
    await insertProject(tx, { id: prj, organizationId: org, name: mark, handle: mark, createdAt: now });
    const upload = { organizationId: org, projectId: prj, size: 1, createdAt: now };
    await insertUpload(tx, { ...upload, id: upl, digest: source });
    await insertUpload(tx, { ...upload, id: id('upl'), digest: shared });
  });
  await database.query(
    `INSERT INTO services (organization_id, id, project_id, name, access, min_instances, template, traffic, status,
       created_at, updated_at) VALUES ($1, $2, $3, $4, 'public', 0, '{}', '[]', '{}', now(), now())`,
    [org, svc, prj, mark],
  );
  await database.query(
    `INSERT INTO builds (organization_id, id, project_id, service_id, upload_id, upload_digest, status, image_digest,
       created_at) VALUES ($1, $2, $3, $4, $5, $6, 'succeeded', $7, now())`,
    [org, bld, prj, svc, upl, source, manifest],
  );
  await database.query(`INSERT INTO secrets VALUES ($1, $2, $3, $4, now())`, [org, sec, prj, mark]);
  await database.query(`INSERT INTO routes VALUES ($1, $2, $3, 1, '{}', now())`, [
    `${mark}.localhost`,
    org,
    svc,
  ]);
  const put = (subject: string): Promise<unknown> => bus.js.publish(subject, `${mark} ${subject}`);
  for (const key of [`service.${svc}`, `build.${bld}`, `sealed.${sec}.1`, `sealed.${sec}.2`])
    await put(`$KV.${targetsBucket(cls)}.${key}`);
  for (const key of [`service.${svc}`, `build.${bld}`]) await put(`$KV.${statusBucket(cls)}.${key}`);
  await put(`$KV.${ROUTES_BUCKET}.${mark}/localhost`);
  for (const about of [svc, svc, bld]) await put(`logs.${about}.${cls}`);
  return { org, svc, mark, own: [source, manifest, config] };
}

/** Every message of every stream, with its subject. */
async function messages(): Promise<string> {
  const jsm = await bus.jsm();
  const texts: string[] = [];
  for await (const { config, state } of jsm.streams.list()) {
    for (let seq = state.first_seq; seq <= state.last_seq && state.messages > 0; seq++) {
      const found = await jsm.streams.getMessage(config.name, { seq }).catch(() => undefined);
      if (found) texts.push(`${found.subject} ${found.string()}`);
    }
  }
  return texts.join('\n');
}

const start = (org: Id<'org'>): Promise<Erasure> =>
  database.db.asSystem((tx) =>
    startErasure(tx, { organizationId: org, requestedBy: 'key_0', startedAt: clock.now() }),
  );
const erasureOf = async (org: string): Promise<Erasure> => {
  const found = await database.db.asSystem((tx) => findErasure(tx, org));
  if (!found) throw new Error('no erasure');
  return found;
};
/** The deployer's part: what a delete does to a service is its own spec's. */
const removed = (svc: string): Promise<unknown> =>
  database.query('UPDATE services SET removed_at = now() WHERE id = $1 AND deleted_at IS NOT NULL', [svc]);

beforeAll(async () => {
  [database, nats] = await Promise.all([testDatabase(), testNats()]);
  bus = nats.bus;
  await ensureHubTopology(bus);
  await ensureClusterTopology(bus, cls);
  await ensureGatewayTopology(bus, gw);
  await database.db.asSystem(async (tx) => {
    const local = { name: 'c', provider: 'p', region: 'local', zone: 'z', runtime: 'local' } as const;
    await insertCluster(tx, { id: cls, ...local, createdAt: clock.now() });
    await joinCluster(tx, cls, { kty: 'OKP' }, clock.now());
    lease = await acquireLease(tx, { name: 'erasing', owner: 'spec', now: clock.now(), lifeMs: 600_000 });
  });
  const logger = createLogger('eraser', 'silent');
  const holding = (): Lease | undefined => lease;
  eraser = new Eraser({ db: database.db, bus, blobs, clock, random: systemRandom, logger, holding });
  followers.push(bus.follow(kvStream(targetsBucket(cls)), AGENT_CONSUMER, () => Promise.resolve()));
}, 60_000);
afterAll(async () => {
  await Promise.all(followers.map((follower) => follower.stop()));
  await Promise.all([database.drop(), nats.release()]);
  folder.remove();
});

describe('an erasure', () => {
  it('leaves nothing in streams, buckets and blobs, and a neighbour with shared blobs whole', async () => {
    const [shared, layer] = [await blob('the same upload'), await blob('the same layer')];
    const gone = await plant('gonegone', shared, layer);
    const stays = await plant('staying', shared, layer);
    const before = (await messages()).split('\n').filter((line) => line.includes('staying'));
    expect(before).toHaveLength(10);
    clock.set(Date.now() + 1);
    await start(gone.org);
    await eraser.look();
    expect((await erasureOf(gone.org)).steps[0]).toMatchObject({
      status: 'running',
      message: '1 services are being removed.',
    });
    await removed(gone.svc);
    await eraser.look();
    await eraser.look();
    expect((await erasureOf(gone.org)).steps.map(({ status }) => status)).toEqual([
      'succeeded',
      'pending',
      'pending',
      'pending',
    ]);
    clock.step(ERASURE_SETTLES_MS);
    // The gateway is away: its consumer keeps the markers until it is back.
    await eraser.look();
    await eraser.look();
    expect((await erasureOf(gone.org)).steps[1]?.message).toContain(gatewayConsumer(gw));
    const taken: string[] = [];
    followers.push(
      bus.follow(kvStream(ROUTES_BUCKET), gatewayConsumer(gw), ({ subject, deleted }) => {
        if (deleted) taken.push(subject);
        return Promise.resolve();
      }),
    );
    await until(
      async () => {
        await eraser.look();
        return (await erasureOf(gone.org)).finishedAt !== undefined;
      },
      { deadlineMs: 15_000, what: 'the end' },
    );
    expect(taken).toEqual([`$KV.${ROUTES_BUCKET}.gonegone/localhost`]);
    const left = await messages();
    expect(left.split('\n').filter((line) => /gonegone/.test(line))).toEqual([]);
    expect(left.split('\n').filter((line) => line.includes('staying'))).toEqual(before);
    for (const digest of gone.own) expect([digest, await blobs.has(digest)]).toEqual([digest, false]);
    for (const digest of [...stays.own, shared, layer])
      expect([digest, await blobs.has(digest)]).toEqual([digest, true]);
    const stores = new Map((await erasureOf(gone.org)).stores.map((line) => [line.store, line]));
    expect([...stores.values()].slice(0, 5)).toEqual([
      { store: 'bucket routes', erased: 1, held: 0 },
      { store: 'buckets targets', erased: 4, held: 0 },
      { store: 'buckets status', erased: 2, held: 0 },
      { store: 'stream LOGS', erased: 3, held: 0 },
      { store: 'blobs', erased: 3, held: 2 },
    ]);
    expect(stores.get('table secrets')).toMatchObject({ erased: 1 });
    const audit = await database.query<{ action: string }>(
      `SELECT action FROM audit_rows WHERE organization_id = $1`,
      [gone.org],
    );
    expect(audit.map(({ action }) => action)).toEqual(['organizations.erased']);
  }, 60_000);

  it('begins by itself when a hold has ended, not before', async () => {
    const { org } = await plant('holding', await blob('x'), await blob('y'));
    const until = new Date(clock.now() + 1_000);
    await database.query(`UPDATE organizations SET status = 'closing', hold_until = $2 WHERE id = $1`, [
      org,
      until,
    ]);
    await eraser.look();
    expect(await database.db.asSystem((tx) => findErasure(tx, org))).toBeUndefined();
    clock.step(1_000);
    await eraser.look();
    expect(await erasureOf(org)).toMatchObject({ requestedBy: 'towpath' });
    const [row] = await database.query<{ status: string }>('SELECT status FROM organizations WHERE id = $1', [
      org,
    ]);
    expect(row?.status).toBe('closed');
  });

  it('does nothing without the lease, and writes nothing once it is lost', async () => {
    const { org } = await plant('unleased', await blob('x'), await blob('y'));
    await start(org);
    const own = lease;
    lease = undefined;
    await eraser.look();
    expect((await erasureOf(org)).steps[0]?.status).toBe('pending');
    lease = own && { ...own, epoch: own.epoch + 1 };
    await eraser.look();
    lease = own;
    expect((await erasureOf(org)).steps[0]?.status).toBe('pending');
    await eraser.look();
    expect((await erasureOf(org)).steps[0]?.status).toBe('running');
  });

  it('gives up a gateway that never comes back after an hour', async () => {
    await ensureGatewayTopology(bus, id('gw'));
    const { org, svc } = await plant('patience', await blob('x'), await blob('y'));
    await start(org);
    await eraser.look();
    await removed(svc);
    await eraser.look();
    clock.step(ERASURE_SETTLES_MS);
    await eraser.look();
    await eraser.look();
    expect((await erasureOf(org)).steps[1]?.status).toBe('running');
    clock.step(3_600_000);
    for (let turn = 0; turn < 3; turn++) await eraser.look();
    expect((await erasureOf(org)).finishedAt).toBeDefined();
    expect(await messages()).not.toContain('patience');
  });

  it('lists what the stream of events keeps: ids only', async () => {
    const { state } = await (await bus.jsm()).streams.info(STREAMS.hub, { subjects_filter: '>' });
    expect(
      Object.keys(state.subjects ?? {}).filter((subject) => !/^hub\.[a-z-]+\.[a-z]+_\w+$/.test(subject)),
    ).toEqual([]);
  });
});
