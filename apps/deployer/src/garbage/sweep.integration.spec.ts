import { utimesSync } from 'node:fs';
import path from 'node:path';
import {
  ensureClusterTopology,
  ensureHubTopology,
  kvStream,
  statusBucket,
  targetsBucket,
  type Bus,
} from '#libs/bus';
import {
  BUILD_PATIENCE_MS,
  NOTICE_KEPT_MS,
  newId,
  type Digest,
  type Id,
  type NoticeData,
} from '#libs/domain';
import { createLogger, systemRandom } from '#libs/process';
import {
  FolderBlobs,
  countOpenBuilds,
  dropUpload,
  findUpload,
  giveNotice,
  holdFromSweep,
  insertCluster,
  insertOrganization,
  insertProject,
  insertUpload,
  joinCluster,
  removeCluster,
} from '#libs/store';
import { SteppedClock, temporaryFolder, testDatabase, testNats } from '#libs/testing';
import type { TestDatabase, TestNats } from '#libs/testing';
import { Sweep } from './sweep.js';
import { GRACE_MS } from './sweep.parts.js';

const id = <P extends Parameters<typeof newId>[0]>(prefix: P): Id<P> =>
  newId(prefix, Date.now(), systemRandom);
const [org, prj, cls] = [id('org'), id('prj'), id('cls')];
const folder = temporaryFolder();
const blobs = new FolderBlobs(folder.path);
const clock = new SteppedClock(Date.now());
const OLD = clock.now() - GRACE_MS - 60_000;

let database: TestDatabase;
let nats: TestNats;
let bus: Bus;
let sweep: Sweep;

/** A blob that was written then. */
async function blob(text: string, at = OLD): Promise<Digest> {
  const { digest } = await blobs.write([Buffer.from(text)], 1_000);
  const hex = digest.slice('sha256:'.length);
  utimesSync(path.join(folder.path, 'sha256', hex.slice(0, 2), hex), at / 1000, at / 1000);
  return digest;
}

async function image(name: string, at = OLD): Promise<{ manifest: Digest; parts: Digest[] }> {
  const parts = [await blob(`${name} config`, at), await blob(`${name} layer`, at)];
  const [config, layer] = parts.map((digest) => ({ digest }));
  return { manifest: await blob(JSON.stringify({ config, layers: [layer] }), at), parts };
}

async function upload(digest: Digest, createdAt = OLD): Promise<Id<'upl'>> {
  const upl = id('upl');
  await database.db.asSystem((tx) =>
    insertUpload(tx, { id: upl, organizationId: org, projectId: prj, digest, size: 1, createdAt }),
  );
  return upl;
}

async function service(uploadId: string, more: { removed?: boolean } = {}): Promise<Id<'svc'>> {
  const svc = id('svc');
  await database.query(
    `INSERT INTO services (organization_id, id, project_id, name, access, min_instances, template, traffic, status,
       created_at, updated_at, removed_at) VALUES ($1, $2, $3, $4, 'public', 0, $5, '[]', '{}', now(), now(), $6)`,
    [org, svc, prj, svc, { source: { uploadId } }, more.removed ? new Date() : null],
  );
  return svc;
}

async function build(
  svc: string,
  upl: string,
  end: { image?: Digest; at?: number; pendingSince?: number; cluster?: string; askedAt?: number },
): Promise<Id<'bld'>> {
  const bld = id('bld');
  await database.query(
    `INSERT INTO builds (organization_id, id, project_id, service_id, upload_id, upload_digest, status, image_digest,
       created_at, finished_at, cluster_id, asked_at, may_cost) VALUES ($1, $2, $3, $4, $5, 'd', $8, $6, $9, $7, $10, $11, $7::timestamptz IS NULL)`,
    [
      ...[org, bld, prj, svc, upl, end.image ?? null, end.at === undefined ? null : new Date(end.at)],
      end.pendingSince === undefined ? 'running' : 'pending',
      new Date(end.pendingSince ?? clock.now()),
      end.cluster ?? cls,
      new Date(end.askedAt ?? end.pendingSince ?? clock.now()),
    ],
  );
  return bld;
}

const revision = (svc: string, digest: Digest): Promise<unknown> =>
  database.query(
    `INSERT INTO revisions (organization_id, id, project_id, service_id, name, number, template_generation, spec, status,
       created_at) VALUES ($1, $2, $3, $4, $2, 1, 1, $5, '{}', now())`,
    [org, id('rev'), prj, svc, { imageDigest: digest }],
  );
const has = (digests: Digest[]): Promise<boolean[]> => Promise.all(digests.map((one) => blobs.has(one)));
const isThere = async (upl: Id<'upl'>): Promise<boolean> =>
  (await database.db.asSystem((tx) => findUpload(tx, org, upl))) !== undefined;

beforeAll(async () => {
  [database, nats] = await Promise.all([testDatabase(), testNats()]);
  bus = nats.bus;
  await ensureHubTopology(bus);
  await ensureClusterTopology(bus, cls);
  await database.db.asSystem(async (tx) => {
    const local = { name: 'c', provider: 'p', region: 'local', zone: 'z', runtime: 'local' } as const;
    await insertCluster(tx, { id: cls, ...local, createdAt: clock.now() });
    await joinCluster(tx, cls, { kty: 'OKP' }, clock.now());
    await insertOrganization(tx, { id: org, name: 'o', createdAt: clock.now() });
    await insertProject(tx, { id: prj, organizationId: org, name: 'p', handle: 'p', createdAt: clock.now() });
  });
  const logger = createLogger('sweep', 'silent');
  const holding = (name: string) => ({ name, epoch: 1 });
  sweep = new Sweep({ db: database.db, bus, blobs, clock, logger, holding });
}, 60_000);
afterAll(async () => {
  await Promise.all([database.drop(), nats.release()]);
  folder.remove();
});

describe('the sweep', () => {
  it('takes uploads and blobs that nothing names, and none that a service or a young build may need', async () => {
    const named = await blob('named by a service');
    const uploads = {
      named: await upload(named),
      unnamed: await upload(await blob('unnamed')),
      young: await upload(await blob('young'), clock.now()),
      building: await upload(await blob('building')),
      ofRemoved: await upload(await blob('of a removed service')),
      neverBuilt: await upload(await blob('overtaken before a builder heard of it')),
      waiting: await upload(await blob('overtaken while a builder has others to do')),
    };
    const svc = await service(uploads.named);
    await build(svc, uploads.building, {});
    await build(svc, uploads.neverBuilt, { pendingSince: OLD });
    await build(svc, uploads.waiting, { pendingSince: clock.now() });
    const removed = await service(uploads.ofRemoved, { removed: true });
    const [live, gone, fresh] = [await image('live'), await image('gone'), await image('fresh', clock.now())];
    await build(removed, uploads.ofRemoved, { image: gone.manifest, at: OLD });
    await revision(svc, live.manifest);
    const stray = await blob('nobody knows it');
    const swept = await sweep.run();
    const kept = Object.entries(uploads).map(async ([name, upl]) => ((await isThere(upl)) ? [name] : []));
    expect((await Promise.all(kept)).flat()).toEqual(['named', 'young', 'building', 'waiting']);
    expect(await has([named, live.manifest, ...live.parts, fresh.manifest, ...fresh.parts])).toEqual(
      Array.from({ length: 7 }, () => true),
    );
    expect(await has([stray, gone.manifest, ...gone.parts])).toEqual([false, false, false, false]);
    expect(swept).toEqual({ builds: 0, uploads: 3, keys: 0, blobs: 7, notices: 0 });
    expect(await sweep.run()).toEqual({ builds: 0, uploads: 0, keys: 0, blobs: 0, notices: 0 });
  });

  it('ends builds whose cluster was removed, or says nothing for a day: nothing is reserved for them, and their uploads go', async () => {
    const left = id('cls');
    const local = { name: 'left', provider: 'p', region: 'local', zone: 'z', runtime: 'local' } as const;
    await database.db.asSystem((tx) => insertCluster(tx, { id: left, ...local, createdAt: clock.now() }));
    const sources = await Promise.all(['a', 'b', 'c', 'd'].map(async (text) => upload(await blob(text))));
    const [ofLeft, silent, patient, image] = sources as [Id<'upl'>, Id<'upl'>, Id<'upl'>, Id<'upl'>];
    const svc = await service(image);
    const late = clock.now() - BUILD_PATIENCE_MS;
    const builds = [
      await build(svc, ofLeft, { cluster: left }),
      await build(svc, silent, { askedAt: late - 1 }),
      await build(svc, patient, { askedAt: late }),
      // seen to have ended, and never heard
      await build(svc, image, { at: OLD, cluster: left, askedAt: late - 1 }),
    ];
    await database.query('UPDATE builds SET may_cost = true WHERE id = ANY($1)', [builds]);
    const open = (): Promise<bigint> => database.db.asSystem((tx) => countOpenBuilds(tx, org));
    const stands = (): Promise<unknown> =>
      database.query(
        `SELECT status, error->>'code' AS code, finished_at IS NOT NULL AS ended FROM builds
         WHERE id = ANY($1) ORDER BY array_position($1, id)`,
        [builds],
      );
    const before = await open();
    await sweep.clusterRemoved();
    expect([before - (await open()), await isThere(silent)]).toEqual([2n, true]);
    await database.db.asSystem((tx) => removeCluster(tx, left, clock.now()));
    await sweep.clusterRemoved();
    expect(before - (await open())).toBe(3n);
    expect(await stands()).toEqual([
      { status: 'failed', code: 'UNAVAILABLE', ended: true },
      { status: 'failed', code: 'DEADLINE_EXCEEDED', ended: true },
      { status: 'running', code: null, ended: false },
      { status: 'running', code: null, ended: true },
    ]);
    expect(await sweep.run()).toMatchObject({ builds: 0, uploads: 2 });
    expect(await Promise.all(sources.map(isThere))).toEqual([false, false, true, true]);
  });

  it('leaves what somebody is about to name', async () => {
    const content = await blob('wanted again');
    const upl = await upload(content);
    const other = await blob('the same content is being sent');
    await database.db.inTenant(org, async (deploy) => {
      await holdFromSweep(deploy, upl);
      await holdFromSweep(deploy, other);
      expect(await sweep.run()).toMatchObject({ uploads: 0, blobs: 0 });
      expect(await findUpload(deploy, org, upl)).toBeDefined();
    });
    expect(await database.db.asSystem((tx) => dropUpload(tx, upl, clock.now()))).toBe(true);
  });

  it('takes notices that are older than they are kept, with their deliveries', async () => {
    const told = {
      organizationId: org,
      type: 'budget.threshold',
      data: {} as NoticeData['budget.threshold'],
    } as const;
    const give = (now: number): Promise<void> =>
      database.db.asSystem((tx) => giveNotice(tx, { ...told, now }, systemRandom));
    await database.query(
      `INSERT INTO data_keys (organization_id, id, wrapped, created_at) VALUES ($1, 1, 'k', now())`,
      [org],
    );
    await database.query(`INSERT INTO webhooks VALUES ($1, $2, 'https://a.example', '{}', 1, 's', now())`, [
      id('whk'),
      org,
    ]);
    await give(clock.now() - NOTICE_KEPT_MS - 1);
    await give(clock.now());
    const count = (table: string): Promise<unknown> =>
      database.query(`SELECT count(*)::int AS n FROM ${table} WHERE organization_id = $1`, [org]);
    expect([await count('notices'), await count('webhook_deliveries')]).toEqual([[{ n: 2 }], [{ n: 2 }]]);
    expect(await sweep.run()).toMatchObject({ notices: 1 });
    expect([await count('notices'), await count('webhook_deliveries')]).toEqual([[{ n: 1 }], [{ n: 1 }]]);
  });

  it('takes keys of builds that have ended and of secrets that no target names, a round later their markers', async () => {
    const upl = await upload(await blob('for builds'), clock.now());
    const svc = await service(upl);
    const ended = await build(svc, upl, { at: OLD });
    const upl2 = await upload(await blob('for another'), clock.now());
    const running = await build(svc, upl2, {});
    const goneWithItsUpload = id('bld');
    const [used, unused, ...others] = Array.from({ length: 6 }, () => id('sec')) as [
      string,
      string,
      ...string[],
    ];
    const [file, pull, beside, pullBeside] = others.map((secret) => ({ id: secret, version: 1 }));
    const body = {
      revisions: [
        {
          env: [
            { name: 'A', secret: { id: used, version: 2 } },
            { name: 'B', value: 'b' },
          ],
          files: [{ path: '/etc/key', secret: file }],
          pullSecret: pull,
          sidecars: [{ env: [{ name: 'A', secret: beside }], pullSecret: pullBeside }],
        },
      ],
    };
    await database.query(`INSERT INTO targets VALUES ($1, $2, $3, 1, 1, $4, NULL, now())`, [
      org,
      svc,
      cls,
      body,
    ]);
    const put = (bucket: string, key: string): Promise<unknown> =>
      bus.js.publish(`$KV.${bucket}.${key}`, 'x');
    const kept = [`sealed.${used}.2`, ...others.map((secret) => `sealed.${secret}.1`)];
    const sealed = [`sealed.${used}.1`, `sealed.${unused}.1`, ...kept];
    const builds = [ended, running, goneWithItsUpload].map((bld) => `build.${bld}`);
    for (const key of [...sealed, ...builds, `service.${svc}`]) await put(targetsBucket(cls), key);
    for (const key of builds) await put(statusBucket(cls), key);
    expect((await sweep.run()).keys).toBe(4);
    expect((await bus.listKeys(targetsBucket(cls), '>')).sort()).toEqual(
      [`build.${running}`, ...kept, `service.${svc}`].sort(),
    );
    expect(await bus.listKeys(statusBucket(cls), '>')).toEqual([`build.${running}`]);
    const subjects = async (): Promise<number> => {
      const { state } = await (
        await bus.jsm()
      ).streams.info(kvStream(targetsBucket(cls)), { subjects_filter: '>' });
      return Object.keys(state.subjects ?? {}).length;
    };
    expect(await subjects()).toBe(kept.length + 6);
    expect((await sweep.run()).keys).toBe(0);
    expect(await subjects()).toBe(kept.length + 2);
  });
});
