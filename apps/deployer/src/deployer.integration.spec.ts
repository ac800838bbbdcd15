import {
  Bus,
  GATEWAYS_BUCKET,
  GPU_CLASSES_KEY,
  ROUTES_BUCKET,
  STREAMS,
  buildStatusSchema,
  buildTargetSchema,
  clusterStatusSchema,
  decode,
  encodeHubEvent,
  ensureClusterTopology,
  ensureHubTopology,
  gatewayStatusSchema,
  gpuClassesSchema,
  hubSubject,
  kvStream,
  operationSubject,
  resyncSubject,
  statusBucket,
  targetSchema,
  targetStatusSchema,
  targetsBucket,
  type ClusterStatus,
  type KeyEntry,
} from '#libs/bus';
import { initialServiceStatus, newId, newTemplate, plannedSteps, type Id } from '#libs/domain';
import { Health, Metrics, createApplication, createLogger, systemClock, systemRandom } from '#libs/process';
import {
  Database,
  FolderBlobs,
  acquireLease,
  insertCluster,
  insertOperation,
  insertOrganization,
  insertProject,
  insertService,
  insertUpload,
  joinCluster,
  loadServiceRecords,
  lockService,
  updateIntent,
  writeOutbox,
  underLease,
  writeServiceChanges,
} from '#libs/store';
import {
  temporaryFolder,
  testDatabase,
  testDigest,
  testNats,
  until,
  type TestDatabase,
  type TestNats,
} from '#libs/testing';
import type { INestApplication } from '@nestjs/common';
import { Deployer } from './deployer.js';
import { deployerModuleOf, followHub } from './deployer.module.js';

const config = { TOWPATH_HOST: '127.0.0.1', TOWPATH_PORT: 0, TOWPATH_LOG_LEVEL: 'silent', NODE_ENV: 'test' };
const id = <P extends Parameters<typeof newId>[0]>(prefix: P): Id<P> =>
  newId(prefix, Date.now(), systemRandom);
const org = id('org');
const prj = id('prj');
const cls = id('cls');
const gw = id('gw');
const DOOR = { host: '127.0.0.1', port: 4000 };

const folder = temporaryFolder();
let database: TestDatabase;
let nats: TestNats;
let app: INestApplication;
let deployer: Deployer;
const stops: (() => void)[] = [];

const parts = () => ({
  logger: createLogger('deployer', 'silent'),
  clock: systemClock,
  random: systemRandom,
  health: new Health(),
  metrics: new Metrics(),
});

/** An agent that starts everything at once, and builds everything into the same image. */
async function agent(): Promise<void> {
  const { bus } = nats;
  const take = async ({ key, value }: KeyEntry): Promise<void> => {
    if (value === undefined) return;
    if (key.startsWith('build.')) {
      const { buildId } = decode(buildTargetSchema, value);
      const done = { phase: 'succeeded' as const, imageDigest: testDigest('e'), sentAt: Date.now() };
      await bus.putKey(statusBucket(cls), key, buildStatusSchema, { schemaVersion: 1, buildId, ...done });
    }
    if (!key.startsWith('service.')) return;
    const { generation, epoch, tombstone, revisions, service } = decode(targetSchema, value);
    const ready = {
      type: 'Ready',
      status: 'true' as const,
      reason: 'Started',
      message: 'It started.',
      changedAt: 1,
    };
    await bus.putKey(statusBucket(cls), key, targetStatusSchema, {
      schemaVersion: 1,
      clusterId: cls,
      serviceId: service.id,
      generation,
      epoch,
      removed: tombstone !== undefined,
      revisions: revisions.map(({ name }) => ({ name, ready, instances: 0 })),
      sentAt: Date.now(),
    });
  };
  stops.push(await bus.watchKeys(targetsBucket(cls), '>', (entry) => void take(entry)));
  await says(bus, { door: DOOR });
}

/** What the agent says of its cluster. */
async function says(bus: Bus, where: Pick<ClusterStatus, 'door' | 'waitingDoor'>): Promise<void> {
  await bus.putKey(statusBucket(cls), 'cluster', clusterStatusSchema, {
    schemaVersion: 1,
    clusterId: cls,
    runtime: 'local',
    capabilities: ['builder'],
    ...where,
    epoch: 1,
    sentAt: Date.now(),
  });
}

/** A gateway that acknowledges every route at once. */
async function gateway(): Promise<void> {
  const acknowledge = (sequence: number): void => {
    const status = { schemaVersion: 1 as const, gatewayId: gw, region: 'local', acknowledged: sequence };
    void nats.bus.putKey(GATEWAYS_BUCKET, gw, gatewayStatusSchema, { ...status, sentAt: Date.now() });
  };
  stops.push(await nats.bus.watchKeys(ROUTES_BUCKET, '>', ({ sequence }) => acknowledge(sequence)));
}

/** What the api does: intent, operation and outbox row in one transaction. */
async function createService(name: string): Promise<{ svc: Id<'svc'>; op: Id<'op'> }> {
  const svc = id('svc');
  const op = id('op');
  const upl = id('upl');
  const now = Date.now();
  const place = { organizationId: org, projectId: prj };
  await database.db.inTenant(org, async (tx) => {
    await insertUpload(tx, { id: upl, ...place, digest: testDigest('a'), size: 1, createdAt: now });
    await insertService(tx, {
      id: svc,
      ...place,
      name,
      access: 'public',
      minInstances: 0,
      template: newTemplate({ source: { uploadId: upl } }),
      traffic: [{ revision: 'latest', percent: 100 }],
      createdAt: now,
      status: initialServiceStatus(),
    });
    const steps = plannedSteps('deploy', true);
    const operation = {
      id: op,
      ...place,
      serviceId: svc,
      kind: 'deploy',
      generation: 1,
      createdAt: now,
    } as const;
    await insertOperation(tx, { ...operation, steps });
    await writeOutbox(tx, { id: id('evt'), name: 'service.changed', key: svc, organizationId: org, now });
  });
  await database.db.notify('outbox');
  return { svc, op };
}

async function ended(op: string): Promise<string> {
  return until(
    async () => {
      const [row] = await database.query<{ status: string; finished_at: Date | null }>(
        'SELECT status, finished_at FROM operations WHERE id = $1',
        [op],
      );
      return row?.finished_at ? row.status : undefined;
    },
    { what: 'the end of the operation', deadlineMs: 20_000 },
  );
}

/** Every row version the deployer may write, and every sequence of KV it may write. */
async function fingerprint(): Promise<string> {
  const tables = ['services', 'builds', 'revisions', 'placements', 'targets', 'routes', 'operations'];
  const rows = await Promise.all(
    tables.map((table) => database.query<{ x: string }>(`SELECT xmin::text AS x FROM ${table} ORDER BY 1`)),
  );
  const jsm = await nats.bus.jsm();
  const buckets = [targetsBucket(cls), ROUTES_BUCKET];
  const streams = await Promise.all(buckets.map((bucket) => jsm.streams.info(kvStream(bucket))));
  return JSON.stringify([rows, streams.map(({ state }) => state.last_seq)]);
}

/** Asks for a resync as an agent would, and waits until every service was looked at again. */
async function resync(asker: string): Promise<void> {
  const before = await passes();
  const [standing] = await database.query<{ n: number }>(
    'SELECT count(*)::int AS n FROM services WHERE removed_at IS NULL',
  );
  await nats.bus.nc.request(resyncSubject(asker), new Uint8Array(), { timeout: 5_000 });
  await until(async () => (await passes()) >= before + (standing?.n ?? 0), {
    what: 'the passes of a resync',
  });
}

let metrics: Metrics;
async function passes(): Promise<number> {
  const found = await metrics.registry.getSingleMetric('towpath_deployer_passes_total')?.get();
  return found?.values.reduce((sum, { value }) => sum + value, 0) ?? 0;
}

beforeAll(async () => {
  database = await testDatabase();
  nats = await testNats();
  const now = Date.now();
  await database.db.asSystem(async (tx) => {
    await insertOrganization(tx, { id: org, name: 'o', createdAt: now });
    await insertProject(tx, { id: prj, organizationId: org, name: 'p', handle: 'shop', createdAt: now });
    const local = { name: 'c', provider: 'p', region: 'local', zone: 'z', runtime: 'local' } as const;
    await insertCluster(tx, { id: cls, ...local, createdAt: now });
    await joinCluster(tx, cls, { kty: 'OKP' }, now);
  });
  await ensureHubTopology(nats.bus);
  await ensureClusterTopology(nats.bus, cls);
  const built = parts();
  metrics = built.metrics;
  const options = {
    domain: 'localhost',
    origin: { scheme: 'http', port: 8081 } as const,
    masterKey: systemRandom(32),
    blobs: new FolderBlobs(folder.path),
    privateRegistries: [],
  };
  // The deployer closes what it was given, so it gets connections of its own.
  const bus = await Bus.connect({
    servers: nats.url,
    creds: await nats.credentials('deployer'),
    name: 'deployer',
  });
  deployer = new Deployer(Database.open({ systemUrl: database.systemUrl }), bus, built, options);
  const module = () => deployerModuleOf(deployer, bus);
  const application = { name: 'deployer', schema: undefined as never, module };
  app = await createApplication({ ...application, prepare: (nest) => followHub(nest, built) }, config, built);
  await app.init();
  await agent();
  await gateway();
});

afterAll(async () => {
  for (const stop of stops) stop();
  await app.close();
  await nats.release();
  await database.drop();
  folder.remove();
});

describe('the deployer on real PostgreSQL and nats-server', () => {
  it('carries an intent from the outbox to every gateway, and then rests', async () => {
    const { svc, op } = await createService('hello');
    expect(await ended(op)).toBe('succeeded');
    const [row] = await database.query<{ status: { traffic: unknown; url: string } }>(
      'SELECT status FROM services WHERE id = $1',
      [svc],
    );
    expect(row?.status).toMatchObject({
      url: 'http://hello--shop.localhost:8081',
      traffic: [{ revision: 'hello-00001', percent: 100 }],
    });
    const unsent = await database.query('SELECT 1 FROM outbox WHERE sent_at IS NULL');
    expect(unsent).toEqual([]);
    await resync(cls);
    const before = await fingerprint();
    for (let turn = 0; turn < 3; turn++) await resync(cls);
    expect(await fingerprint()).toBe(before);
  });

  it('follows the door of a cluster that waits', async () => {
    const elsewhere = { ...DOOR, port: DOOR.port + 1 };
    const leadsTo = async (port: number): Promise<boolean> => {
      const rows = await database.query<{ body: object }>('SELECT body FROM routes');
      return rows.length > 0 && rows.every(({ body }) => JSON.stringify(body).includes(`"port":${port}`));
    };
    const waits = async (): Promise<boolean> => {
      const [row] = await database.query<{ waits: boolean }>(
        'SELECT waiting_since IS NOT NULL AS waits FROM clusters WHERE id = $1',
        [cls],
      );
      return row?.waits ?? false;
    };
    await says(nats.bus, { waitingDoor: elsewhere });
    await until(() => leadsTo(elsewhere.port), { what: 'routes to the new address' });
    expect(await waits()).toBe(true);
    await says(nats.bus, { door: DOOR });
    await until(() => leadsTo(DOOR.port), { what: 'routes to the address before' });
    expect(await waits()).toBe(false);
  });

  it('is not led astray by events that come twice, or about nothing', async () => {
    const { svc, op } = await createService('twice');
    const publish = async (key: string): Promise<void> => {
      const { headers, body } = encodeHubEvent({
        id: id('evt'),
        name: 'service.changed',
        key,
        time: Date.now(),
      });
      await nats.bus.js.publish(hubSubject('service.changed', key), body, { headers });
    };
    await Promise.all([publish(svc), publish(svc), publish(id('svc')), publish(svc)]);
    expect(await ended(op)).toBe('succeeded');
    const revisions = await database.query('SELECT 1 FROM revisions WHERE service_id = $1', [svc]);
    expect(revisions).toHaveLength(1);
  });

  it('rebuilds buckets that were lost', async () => {
    const { op } = await createService('lost');
    expect(await ended(op)).toBe('succeeded');
    const jsm = await nats.bus.jsm();
    const keys = async (): Promise<number[]> =>
      Promise.all(
        [targetsBucket(cls), ROUTES_BUCKET].map(async (bucket) => {
          const { state } = await jsm.streams.info(kvStream(bucket), { subjects_filter: '>' });
          return Object.keys(state.subjects ?? {}).filter((subject) => !subject.includes('.build.')).length;
        }),
      );
    // Of the routes, the fourth key is their mark.
    const whole = async (): Promise<boolean> => JSON.stringify(await keys()) === '[3,4]';
    await until(whole, { what: 'the filled buckets' });
    await jsm.streams.purge(kvStream(targetsBucket(cls)));
    await jsm.streams.purge(kvStream(ROUTES_BUCKET));
    await nats.bus.nc.request(resyncSubject(cls), new Uint8Array(), { timeout: 5_000 });
    await until(whole, { what: 'the rebuilt buckets' });
  });

  it('sends again what the broker lost', async () => {
    const jsm = await nats.bus.jsm();
    await jsm.streams.purge(STREAMS.hub);
    const sent = await database.query<{ id: string }>('SELECT id FROM outbox WHERE sent_at IS NOT NULL');
    // The broker goes back to an older copy: its newest messages and their numbers are gone.
    await jsm.streams.delete(STREAMS.hub);
    await deployer.relay.check();
    await deployer.relay.relay();
    await until(async () => (await jsm.streams.info(STREAMS.hub)).state.last_seq >= sent.length, {
      what: 'the refilled stream',
    });
    expect(await database.query('SELECT 1 FROM outbox WHERE sent_at IS NULL')).toEqual([]);
  });

  it('hears of new events after the stream was made anew', async () => {
    const { op } = await createService('anew');
    expect(await ended(op)).toBe('succeeded');
  });

  it('tells that an operation has moved once its row says so', async () => {
    // what its row said when it was told last; one of before may move still
    const told = new Map<string, Promise<string | undefined>>();
    const statusOf = async (subject: string): Promise<string | undefined> => {
      const of = [subject.slice(operationSubject('').length)];
      const [row] = await database.query<{ status: string }>(
        'SELECT status FROM operations WHERE id = $1',
        of,
      );
      return row?.status;
    };
    const unsubscribe = nats.bus.subscribe(operationSubject('*'), (subject) => {
      told.set(subject, statusOf(subject));
      return Promise.resolve();
    });
    // The subscription is there before anything can be told.
    await nats.bus.nc.flush();
    const { op } = await createService('told');
    await until(async () => (await told.get(operationSubject(op))) === 'succeeded', {
      what: 'the news of the end',
    });
    unsubscribe();
  });

  it('removes a deleted service everywhere', async () => {
    const [row] = await database.query<{ id: Id<'svc'> }>(`SELECT id FROM services WHERE name = 'anew'`);
    const svc = row?.id as Id<'svc'>;
    await database.query(
      'UPDATE services SET deleted_at = now(), generation = generation + 1 WHERE id = $1',
      [svc],
    );
    await database.db.asSystem((tx) =>
      writeOutbox(tx, {
        id: id('evt'),
        name: 'service.changed',
        key: svc,
        organizationId: org,
        now: Date.now(),
      }),
    );
    await database.db.notify('outbox');
    const removed = async (): Promise<boolean> =>
      (await database.query('SELECT 1 FROM services WHERE id = $1 AND removed_at IS NOT NULL', [svc]))
        .length === 1;
    await until(removed, { what: 'the removal' });
    const routes = await database.query<{ body: unknown }>('SELECT body FROM routes WHERE service_id = $1', [
      svc,
    ]);
    expect(routes).toMatchObject([{ body: { deleted: true, backends: [] } }]);
  });
});

it('reads the tier of the price plan in force at the instant', async () => {
  const { db } = database;
  const [row] = await database.query<{ id: string; organization_id: string }>(
    `SELECT id, organization_id FROM services WHERE name = 'hello'`,
  );
  if (!row) throw new Error('no service');
  const from = Date.now();
  const tierAt = async (now: number): Promise<unknown> =>
    (await db.readAsSystem((tx) => loadServiceRecords(tx, row.id, 'localhost', now)))?.runtimeTier;
  await database.query(
    `INSERT INTO price_plan_versions (id, plan_id, version, effective_from, document, created_by, created_at)
     VALUES ('ppv_tier', 'tiered', 1, '1970-01-01', '{"runtimeTier":"sandboxed"}', 'test', now()),
       ('ppv_tier2', 'tiered', 2, $1, '{}', 'test', now())`,
    [new Date(from + 1_000)],
  );
  await database.query(
    `INSERT INTO billing_terms (organization_id, effective_from, plan_id, discount_percent, taxes, created_by, created_at)
     VALUES ($1, $2, 'tiered', 0, '[]', 'test', now())`,
    [row.organization_id, new Date(from)],
  );
  expect([await tierAt(from - 1), await tierAt(from), await tierAt(from + 1_000)]).toEqual([
    'standard',
    'sandboxed',
    'standard',
  ]);
  await database.query('DELETE FROM billing_terms WHERE organization_id = $1', [row.organization_id]);
});

it('shows agents which GPU classes there are, and when there are none any more', async () => {
  const l4 = {
    ...{ name: 'l4', resource: 'nvidia.com/gpu', nodeLabels: { pool: 'l4' } },
    tolerations: [{ key: 'gpu', operator: 'Exists' }],
  };
  const shown = async (): Promise<unknown> =>
    (await nats.bus.getKey(targetsBucket(cls), GPU_CLASSES_KEY, gpuClassesSchema))?.value.classes;
  expect(await shown()).toBeUndefined();
  await database.query(
    `INSERT INTO gpu_classes (id, name, resource, node_labels, tolerations, created_by, created_at)
     VALUES ('gpc_1', $1, $2, $3, $4, 'test', now())`,
    [l4.name, l4.resource, JSON.stringify(l4.nodeLabels), JSON.stringify(l4.tolerations)],
  );
  const classes = await until(shown, { what: 'the class', deadlineMs: 60_000 });
  expect(classes).toEqual([l4]);
  await database.query(`DELETE FROM gpu_classes`);
  await until(async () => JSON.stringify(await shown()) === '[]', { what: 'none', deadlineMs: 60_000 });
}, 150_000);

describe('writing under a lease', () => {
  const changes = { revisions: [], targets: [], routes: [], operations: [], removedAt: 1 };

  it('is refused to a former holder, and when intent has changed since it was read', async () => {
    const { db } = database;
    const [row] = await database.query<{ id: string }>(`SELECT id FROM services WHERE name = 'hello'`);
    const records = await db.readAsSystem((tx) =>
      loadServiceRecords(tx, row?.id ?? '', 'localhost', Date.now()),
    );
    if (!records) throw new Error('no service');
    const ask = { name: 'test', lifeMs: 1_000 };
    const first = await db.asSystem((tx) => acquireLease(tx, { ...ask, owner: 'one', now: 1_000 }));
    expect(await db.asSystem((tx) => acquireLease(tx, { ...ask, owner: 'two', now: 1_500 }))).toBeUndefined();
    const renewed = await db.asSystem((tx) => acquireLease(tx, { ...ask, owner: 'one', now: 1_500 }));
    expect(renewed).toEqual(first);
    const second = await db.asSystem((tx) => acquireLease(tx, { ...ask, owner: 'two', now: 9_000 }));
    expect(second?.epoch).toBe((first?.epoch ?? 0) + 1);
    if (!first || !second) throw new Error('no lease');
    const write = (lease: typeof first): Promise<void> =>
      underLease(db, lease, (tx) => writeServiceChanges(tx, records.service, changes, 1));
    await expect(write(first)).rejects.toThrow('is lost');
    await db.inTenant(org, async (tx) => {
      const service = await lockService(tx, org, records.service.id);
      if (service) await updateIntent(tx, service, { ...service, minInstances: 0 }, false, 1);
    });
    await expect(write(second)).rejects.toThrow('changed since it was read');
    expect(
      await database.query('SELECT 1 FROM services WHERE id = $1 AND removed_at IS NULL', [row?.id]),
    ).toHaveLength(1);
  });
});
