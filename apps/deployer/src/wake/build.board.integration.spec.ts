import type { BuildStatus } from '#libs/bus';
import { BUILD_PATIENCE_MS, newId, type Id } from '#libs/domain';
import { createLogger } from '#libs/process';
import { countOpenBuilds, dropUpload, endLostBuilds, lockAskedBuild, saveBuild } from '#libs/store';
import {
  makeUsedRevision,
  seededRandom,
  testDatabase,
  testDigest,
  until,
  type TestDatabase,
} from '#libs/testing';
import { BuildBoard } from './build.board.js';
import { BuildReports } from './build.reports.js';

const T0 = Date.UTC(2026, 10, 21, 12);
const random = seededRandom(147);
const [here, elsewhere] = [newId('cls', T0, random), newId('cls', T0, random)];

let database: TestDatabase;
let board: BuildBoard;
let of: Awaited<ReturnType<typeof makeUsedRevision>>;
beforeAll(async () => {
  database = await testDatabase();
  board = new BuildBoard(database.db);
  const shape = { concurrency: 1, maxInstances: 1, timeoutSeconds: 300 };
  of = await makeUsedRevision((sql, values) => database.query(sql, values), random, shape);
});
afterAll(() => database.drop());

/** A build that cluster `here` was asked for at T0. */
async function asked(
  uploadId = newId('upl', T0, random),
  status: 'pending' | 'running' = 'running',
): Promise<Id<'bld'>> {
  const { organizationId, projectId, serviceId } = of;
  const id = newId('bld', T0, random);
  const uploadDigest = testDigest('a');
  await database.query(
    'INSERT INTO uploads (organization_id, id, project_id, digest, size, created_at) VALUES ($1, $2, $3, $4, 1, $5)',
    [organizationId, uploadId, projectId, uploadDigest, new Date(T0)],
  );
  const build = { id, organizationId, projectId, serviceId, uploadId, uploadDigest, clusterId: here };
  await database.db.asSystem((tx) => saveBuild(tx, { ...build, status, createdAt: T0 }));
  return id;
}

const told = (buildId: Id<'bld'>, more: Partial<BuildStatus>): BuildStatus => ({
  ...{ schemaVersion: 1, buildId, phase: 'succeeded', sentAt: T0 },
  ...more,
});
const tell = (cluster: string, buildId: Id<'bld'>, more: Partial<BuildStatus>, heardMs = 60_000) =>
  board.take(cluster, buildId, told(buildId, more), T0 + heardMs);
const took = (fromMs: number, toMs: number) => ({ startedAt: T0 + fromMs, endedAt: T0 + toMs });
const kept = async (buildId: string): Promise<unknown> => {
  const rows = await database.query<{ start_ms: string; end_ms: string; cluster_id: string }>(
    'SELECT start_ms, end_ms, cluster_id FROM build_times WHERE build_id = $1',
    [buildId],
  );
  return rows.map((row) => [Number(row.start_ms) - T0, Number(row.end_ms) - T0, row.cluster_id]);
};

it('keeps how long a build took, once, and says whose it is', async () => {
  const build = await asked();
  expect(await tell(here, build, { phase: 'running' })).toBe(of.serviceId);
  expect(await kept(build)).toEqual([]);
  await tell(here, build, took(1_000, 9_500));
  await tell(here, build, took(1_000, 20_000));
  expect(await kept(build)).toEqual([[1_000, 9_500, here]]);
});

it('reserves what a build may cost from when a cluster is asked for it until its end was heard', async () => {
  const open = (): Promise<bigint> => database.db.asSystem((tx) => countOpenBuilds(tx, of.organizationId));
  const before = await open();
  const [billed, ours] = [await asked(), await asked()];
  await tell(here, billed, { phase: 'running' });
  await tell(elsewhere, billed, took(1_000, 9_500));
  expect((await open()) - before).toBe(2n);
  await tell(here, ours, { phase: 'failed', error: { code: 'INTERNAL', message: 'It failed.' } });
  expect((await open()) - before).toBe(1n);
  // a pass that read it before writes it after
  const stale = await database.db.asSystem((tx) => lockAskedBuild(tx, billed, here));
  await tell(here, billed, took(1_000, 9_500));
  if (stale) await database.db.asSystem((tx) => saveBuild(tx, stale));
  expect((await open()) - before).toBe(1n);
  await database.query('UPDATE build_times SET taken = 1, price_zone = $2 WHERE build_id = $1', [
    billed,
    'default',
  ]);
  expect((await open()) - before).toBe(0n);
});

it('bills nothing of a build that the hub ended meanwhile, and leaves it ended', async () => {
  const build = await asked();
  await database.db.asSystem((tx) => endLostBuilds(tx, T0 + BUILD_PATIENCE_MS + 1, 1_000));
  expect(await tell(here, build, { ...took(1_000, 9_500), imageDigest: testDigest('e') })).toBe(of.serviceId);
  const rows = await database.query('SELECT status, may_cost FROM builds WHERE id = $1', [build]);
  expect([await kept(build), rows]).toEqual([[], [{ status: 'failed', may_cost: false }]]);
});

it('keeps nothing of what failed on our side, and no more than the hub waited', async () => {
  const [ours, theirs] = [await asked(), await asked()];
  const failed = (code: 'INTERNAL' | 'BUILD_FAILED') =>
    ({ phase: 'failed', error: { code, message: 'It failed.' }, ...took(-5_000, 90_000) }) as const;
  await tell(here, ours, failed('INTERNAL'));
  await tell(here, theirs, failed('BUILD_FAILED'));
  expect([await kept(ours), await kept(theirs)]).toEqual([[], [[0, 60_000, here]]]);
});

it('believes no cluster that was not asked', async () => {
  const build = await asked();
  expect(await tell(elsewhere, build, took(1_000, 9_500))).toBeUndefined();
  expect(await kept(build)).toEqual([]);
});

it('ends a build that a newer upload overtook as its agent says, and bills it; what is heard later or read earlier changes nothing', async () => {
  const build = await asked();
  const stands = async (): Promise<unknown> => {
    const [row] = await database.query<{ status: string; image_digest: string | null; at: string | null }>(
      'SELECT status, image_digest, extract(epoch FROM finished_at) * 1000 AS at FROM builds WHERE id = $1',
      [build],
    );
    return [row?.status, row?.image_digest, row?.at == null ? null : Number(row.at) - T0];
  };
  await tell(here, build, { phase: 'running' });
  expect(await stands()).toEqual(['running', null, null]);
  await tell(elsewhere, build, { ...took(1_000, 9_500), imageDigest: testDigest('f') });
  expect(await stands()).toEqual(['running', null, null]);
  const before = await database.db.asSystem((tx) => lockAskedBuild(tx, build, here));
  await tell(here, build, { ...took(1_000, 9_500), imageDigest: testDigest('e') });
  const end = ['succeeded', testDigest('e'), 60_000];
  expect(await stands()).toEqual(end);
  await tell(here, build, { phase: 'failed', error: { code: 'BUILD_FAILED', message: 'No.' } }, 90_000);
  if (before) await database.db.asSystem((tx) => saveBuild(tx, before));
  expect(await stands()).toEqual(end);
  expect(await kept(build)).toEqual([[1_000, 9_500, here]]);
});

it('bills a build that went with its upload only where it was heard to have begun', async () => {
  const [begun, unheard] = [newId('upl', T0, random), newId('upl', T0, random)];
  const builds = [await asked(begun, 'pending'), await asked(unheard, 'pending')] as const;
  await tell(here, builds[0], { phase: 'running' });
  const drop = (upload: string): Promise<boolean> =>
    database.db.asSystem((tx) => dropUpload(tx, upload, T0 + 1));
  // the one that runs keeps its upload until it ends
  expect([await drop(begun), await drop(unheard)]).toEqual([false, true]);
  for (const build of builds) await tell(here, build, took(1_000, 9_500), 90_000_000);
  expect([await kept(builds[0]), await kept(builds[1])]).toEqual([[[1_000, 9_500, here]], []]);
});

describe('reports', () => {
  let reports: BuildReports;
  let woken: string[];
  let tries: number;
  beforeEach(() => {
    [woken, tries] = [[], 0];
    const take: BuildBoard['take'] = (...report) => {
      tries += 1;
      return board.take(...report);
    };
    const counted = Object.assign(new BuildBoard(database.db), { take });
    reports = new BuildReports(
      counted,
      (serviceId) => woken.push(serviceId),
      createLogger('deployer', 'silent'),
    );
  });
  afterEach(() => reports.stop());
  const hear = (cluster: string, status: BuildStatus): void =>
    reports.take(cluster, status.buildId, Buffer.from(JSON.stringify(status)), T0 + 60_000);

  it('keeps in the end what could not be kept as it came', async () => {
    const build = await asked();
    await database.query('ALTER TABLE build_times RENAME TO build_times_away');
    hear(here, told(build, took(1_000, 9_500)));
    await until(() => tries > 1);
    expect(woken).toEqual([]);
    await database.query('ALTER TABLE build_times_away RENAME TO build_times');
    await until(() => woken.length > 0, { deadlineMs: 60_000 });
    expect(woken).toEqual([of.serviceId]);
    expect(await kept(build)).toEqual([[1_000, 9_500, here]]);
  }, 90_000);

  it('lets nobody speak over the cluster that was asked, and goes on past what it cannot read', async () => {
    const build = await asked();
    hear(here, told(build, took(1_000, 9_500)));
    hear(elsewhere, told(build, took(2_000, 3_000)));
    reports.take(here, build, Buffer.from('{'), T0);
    await until(() => tries === 2 && woken.length === 1);
    expect(await kept(build)).toEqual([[1_000, 9_500, here]]);
  });
});
