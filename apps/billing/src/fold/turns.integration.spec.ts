import { newId, shardOf, type Id, type WindowKey } from '#libs/domain';
import { systemClock, systemRandom } from '#libs/process';
import { markDirty, takeDirty, underLease, type Lease } from '#libs/store';
import { testDatabase, type TestDatabase } from '#libs/testing';
import { BillingRig } from '../rig/billing.rig.js';

let database: TestDatabase;
let lease: Lease;

beforeAll(async () => {
  database = await testDatabase();
  const got = await new BillingRig(database.db, systemClock).lease('turns', 'spec');
  if (!got) throw new Error('the lease of an empty database is taken');
  lease = got;
});
afterAll(() => database.drop());

const SHARD = 3;

/** An organization of the shard. */
function organization(): Id<'org'> {
  for (;;) {
    const id = newId('org', Date.now(), systemRandom);
    if (shardOf(id) === SHARD) return id;
  }
}

const windows = (organizationId: Id<'org'>, count: number, fromMs: number): WindowKey[] =>
  Array.from({ length: count }, (_one, index) => ({
    organizationId,
    projectId: 'prj_1',
    serviceId: 'svc_1',
    revisionId: 'rev_1',
    priceZone: 'default',
    windowStartMs: fromMs + index * 60_000,
  }));

it('marks are taken by organizations in turns, so that a backlog of one holds up nobody', async () => {
  const [noisy, quiet] = [organization(), organization()];
  const take = (resting: string[] = []) =>
    underLease(database.db, lease, (tx) => takeDirty(tx, SHARD, { all: 12, each: 10, resting }));
  await underLease(database.db, lease, async (tx) => {
    await markDirty(tx, windows(noisy, 1_000, 0));
    await markDirty(tx, windows(quiet, 3, 60_000_000));
  });
  const first = await take();
  const of = (organizationId: string): number[] =>
    first
      .filter((key) => key.organizationId === organizationId)
      .map(({ windowStartMs }) => windowStartMs / 60_000)
      .toSorted((one, other) => one - other);
  expect(of(quiet)).toEqual([1_000, 1_001, 1_002]);
  expect(of(noisy)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8]);
  expect(await take()).toHaveLength(10);
  expect(await take([noisy])).toEqual([]);
});
