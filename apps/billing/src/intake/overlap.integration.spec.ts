import type { UsageRecord } from '#libs/domain';
import { LeaseLost, type Lease } from '#libs/store';
import {
  SteppedClock,
  makeUsedRevision,
  seededRandom,
  testDatabase,
  until,
  usageOf,
  type TestDatabase,
  type UsedRevision,
} from '#libs/testing';
import { MeteredThings } from '../metered.things.js';
import { BillingRig } from '../rig/billing.rig.js';

const T0 = Date.UTC(2026, 10, 21, 12);

let database: TestDatabase;
let lease: Lease;
const clock = new SteppedClock(T0 + 3_600_000);
const random = seededRandom(11);

beforeAll(async () => {
  database = await testDatabase();
  lease = (await rig().lease('test', 'me')) as Lease;
});
// a test that failed while it held the position keeps nobody waiting
let letGoAfter: () => void = () => undefined;
afterEach(() => letGoAfter());
afterAll(() => database.drop());

const rig = (): BillingRig => new BillingRig(database.db, clock);
const used = (): Promise<UsedRevision> =>
  makeUsedRevision((sql, values) => database.query(sql, values), random, {
    concurrency: 1,
    maxInstances: 100,
    timeoutSeconds: 300,
  });
const recordsOf = (of: UsedRevision, count: number): UsageRecord[] =>
  Array.from({ length: count }, (_, i) => {
    return usageOf(of, i, { startMs: T0 + i * 500, endMs: T0 + i * 500 + 90 });
  });

/** Keeps the position of the intake from everybody until it is let go. */
async function holdPosition(): Promise<() => Promise<void>> {
  const [held, open] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const holding = database.db.asSystem(async (tx) => {
    await tx.client.query('SET LOCAL idle_in_transaction_session_timeout = 0');
    await tx.client.query(`SELECT 1 FROM usage_intake WHERE partition = '0' FOR UPDATE`);
    held.resolve();
    await open.promise;
  });
  await Promise.race([held.promise, holding]);
  letGoAfter = () => open.resolve();
  return () => (open.resolve(), holding);
}

/** Sessions that wait for a lock in a statement, once there are so many: what waits so is not idle to the server. */
function waiting(count: number): Promise<number[]> {
  return until(
    async () => {
      const rows = await database.query<{ pid: number }>(
        `SELECT pid FROM pg_stat_activity
         WHERE datname = current_database() AND backend_type = 'client backend' AND state = 'active'
           AND wait_event_type = 'Lock'`,
      );
      return rows.length === count ? rows.map(({ pid }) => pid) : undefined;
    },
    { what: `${count} transactions wait for the position`, deadlineMs: 30_000 },
  );
}

const stored = async (of: UsedRevision): Promise<number[]> => {
  const rows = await database.query<{ position: number }>(
    'SELECT position::int AS position FROM usage_records WHERE organization_id = $1 ORDER BY 1',
    [of.organizationId],
  );
  return rows.map(({ position }) => position);
};

const upTo = (count: number): number[] => Array.from({ length: count }, (_, i) => i);

describe('two groups at once', () => {
  it('with a producer that is new to both: each record once, one owner', async () => {
    const of = await used();
    const one = rig();
    const records = recordsOf(of, 15);
    const letGo = await holdPosition();
    const both = [records.slice(0, 10), records.slice(5)].map((part) => one.take(lease, of.gatewayId, part));
    await waiting(2);
    await letGo();
    const results = await Promise.all(both);
    expect(results.map((result) => result.quarantined)).toEqual([[], []]);
    expect(results.map((result) => result.repeated).toSorted((a, b) => a - b)).toEqual([0, 5]);
    expect(await stored(of)).toEqual(upTo(15));
    const owners = await database.query(
      'SELECT gateway_id, position FROM usage_watermarks WHERE producer = $1',
      [of.producer],
    );
    expect(owners).toEqual([{ gateway_id: of.gatewayId, position: 14 }]);
  });

  it('of two gateways that claim the same new producer, one has it and the other’s is quarantined', async () => {
    const [of, other] = [await used(), await used()];
    const one = rig();
    const letGo = await holdPosition();
    const both = [of, other].map(({ gatewayId }, i) => {
      const { startMs, endMs } = { startMs: T0 + i * 500, endMs: T0 + i * 500 + 90 };
      return one.take(lease, gatewayId, [usageOf({ ...of, gatewayId }, i, { startMs, endMs })]);
    });
    await waiting(2);
    await letGo();
    const results = await Promise.all(both);
    expect(results.map((result) => result.stored).toSorted((a, b) => a - b)).toEqual([0, 1]);
    const reasons = results.flatMap(({ quarantined }) => quarantined.map(({ reason }) => reason));
    expect(reasons).toEqual(['foreign_producer']);
  });

  it('one that fails while the next waits takes nothing with it and can be taken again', async () => {
    const of = await used();
    const one = rig();
    const records = recordsOf(of, 30);
    await one.take(lease, of.gatewayId, records.slice(0, 1));
    const letGo = await holdPosition();
    const first = one.take(lease, of.gatewayId, records.slice(1, 20));
    const failed = expect(first).rejects.toThrow();
    const [pid] = await waiting(1);
    const second = one.take(lease, of.gatewayId, records.slice(10));
    await waiting(2);
    await database.query('SELECT pg_terminate_backend($1)', [pid]);
    await failed;
    await letGo();
    expect(await second).toMatchObject({ stored: 20, repeated: 0, quarantined: [] });
    expect(await one.take(lease, of.gatewayId, records.slice(1, 20))).toMatchObject({
      stored: 9,
      repeated: 10,
    });
    expect(await stored(of)).toEqual(upTo(30));
  });

  it('hold the lease until both have ended; after it has gone to another nothing is written', async () => {
    const of = await used();
    const one = rig();
    const records = recordsOf(of, 30);
    const former = (await one.lease('overlap', 'a', 1_000)) as Lease;
    await one.take(former, of.gatewayId, records.slice(0, 1));
    const letGo = await holdPosition();
    const first = one.take(former, of.gatewayId, records.slice(1, 10));
    await waiting(1);
    clock.step(1_001);
    const second = one.take(former, of.gatewayId, records.slice(10, 20));
    await waiting(2);
    expect(await one.lease('overlap', 'b')).toBeUndefined();
    await letGo();
    expect(await Promise.all([first, second])).toMatchObject([{ stored: 9 }, { stored: 10 }]);
    const present = (await one.lease('overlap', 'b')) as Lease;
    const late = [records.slice(20, 25), records.slice(25)].map((part) =>
      expect(one.take(former, of.gatewayId, part)).rejects.toThrow(LeaseLost),
    );
    await Promise.all(late);
    expect(await stored(of)).toEqual(upTo(20));
    expect(await one.take(present, of.gatewayId, records.slice(20))).toMatchObject({ stored: 10 });
  });
});

it('what was loaded is there until it is checked, also when the memory is emptied meanwhile', async () => {
  const [a, b, c] = [await used(), await used(), await used()];
  const things = new MeteredThings(1);
  const load = (...of: UsedRevision[]) =>
    database.db.asSystem((tx) =>
      things.load(tx, {
        services: of.map(({ serviceId }) => serviceId),
        revisions: of.map(({ revisionId }) => revisionId),
      }),
    );
  const first = await load(a, b);
  const second = await load(a, c);
  for (const [loaded, ...known] of [[first, a, b] as const, [second, a, c] as const])
    for (const of of known) {
      expect(loaded.service(of.organizationId, of.serviceId)).toBeDefined();
      expect(loaded.revision(of.organizationId, of.revisionId)).toBeDefined();
    }
});
