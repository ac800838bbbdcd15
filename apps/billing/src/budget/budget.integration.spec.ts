import { newId, type Budget, type NoticeData, type Threshold } from '#libs/domain';
import { findBudget, insertBudget, listNotices, underLease, type Lease } from '#libs/store';
import {
  SteppedClock,
  makeUsedRevision,
  seededRandom,
  testDatabase,
  usageOf,
  type TestDatabase,
  type UsedRevision,
} from '#libs/testing';
import { BillingRig } from '../rig/billing.rig.js';
import { evaluateBudgets } from './budget.evaluation.js';

const T0 = Date.UTC(2026, 10, 16);
/** A block of 100 ms of the rig's revision (1 vCPU, 512 MiB) and one request: 0.000002525 + 0.0000004. */
const COST = '0.000002925';

let database: TestDatabase;
let lease: Lease;
const clock = new SteppedClock(T0 + 3_600_000);
const random = seededRandom(11);

beforeAll(async () => {
  database = await testDatabase();
  lease = (await new BillingRig(database.db, clock).lease('budgets', 'me', 10_000_000_000)) as Lease;
});
afterAll(() => database.drop());
beforeEach(() => clock.set(T0 + 3_600_000));

const used = (): Promise<UsedRevision> =>
  makeUsedRevision((sql, values) => database.query(sql, values), random, {
    concurrency: 1,
    maxInstances: 10,
    timeoutSeconds: 300,
  });

async function spend(of: UsedRevision, requests: number, from = 0): Promise<void> {
  const rig = new BillingRig(database.db, clock);
  const records = Array.from({ length: requests }, (_, i) => {
    const startMs = T0 + (from + i) * 200;
    return usageOf(of, from + i, { startMs, endMs: startMs + 100 });
  });
  await rig.take(lease, of.gatewayId, records);
  await rig.fold(lease, records);
}

async function budget(of: UsedRevision, amount: string, thresholds: Threshold[], more = {}): Promise<Budget> {
  const id = newId('bdg', clock.now(), random);
  const { organizationId } = of;
  const made = { id, organizationId, amount, currency: 'USD', thresholds, createdAt: clock.now(), ...more };
  await database.db.inTenant(organizationId, (tx) => insertBudget(tx, made));
  return { ...made, version: 1 };
}

const evaluate = (of: UsedRevision): Promise<number> =>
  underLease(database.db, lease, (tx) => evaluateBudgets(tx, of.organizationId, clock.now(), random));
const told = async (of: UsedRevision): Promise<unknown[]> => {
  const page = { limit: 100 };
  const notices = await database.db.inTenant(of.organizationId, (tx) =>
    listNotices(tx, of.organizationId, page),
  );
  return notices
    .map(({ data }) => data as NoticeData['budget.threshold'])
    .map(({ budgetId, percent, on, month }) => [budgetId, percent, on, month])
    .toReversed();
};

it('tells each threshold once a month, however often it looks, and again in the next one', async () => {
  const of = await used();
  const at = await budget(of, '0.000005850', [
    { percent: 50, on: 'actual' },
    { percent: 100, on: 'actual' },
    { percent: 400, on: 'forecast' },
  ]);
  expect(await evaluate(of)).toBe(0);
  await spend(of, 1);
  expect([await evaluate(of), await evaluate(of)]).toEqual([1, 0]);
  await spend(of, 1, 1);
  expect([await evaluate(of), await evaluate(of)]).toEqual([1, 0]);
  // 2 in 15 days and an hour are just below 4 in 30
  expect(await told(of)).toEqual([
    [at.id, 50, 'actual', '2026-11'],
    [at.id, 100, 'actual', '2026-11'],
  ]);
  const found = await database.db.inTenant(of.organizationId, (tx) =>
    findBudget(tx, of.organizationId, at.id),
  );
  expect(found?.state).toMatchObject({ month: '2026-11', spent: '0.00000585', evaluatedAt: clock.now() });
  clock.set(Date.UTC(2026, 11, 2));
  expect(await evaluate(of)).toBe(0);
  const outbox = await database.query(
    `SELECT 1 FROM outbox WHERE organization_id = $1 AND name = 'notice.made'`,
    [of.organizationId],
  );
  expect(outbox).toHaveLength(2);
});

it('counts the forecast, and only what the scope is about', async () => {
  const of = await used();
  const other = await used();
  const whole = await budget(of, COST, [{ percent: 190, on: 'forecast' }]);
  const { projectId, serviceId } = of;
  const own = await budget(of, COST, [{ percent: 100, on: 'actual' }], { projectId, serviceId });
  const foreign = await budget(other, COST, [{ percent: 1, on: 'actual' }]);
  await spend(of, 1);
  expect(await evaluate(of)).toBe(2);
  expect(await evaluate(other)).toBe(0);
  expect(await told(of)).toEqual(
    expect.arrayContaining([
      [whole.id, 190, 'forecast', '2026-11'],
      [own.id, 100, 'actual', '2026-11'],
    ]),
  );
  expect(await told(other)).toEqual([]);
  expect(foreign.organizationId).toBe(other.organizationId);
});

it('compares nothing with a bill in another currency', async () => {
  const of = await used();
  const own = await budget(of, COST, [{ percent: 100, on: 'actual' }]);
  const other = await budget(of, COST, [{ percent: 100, on: 'actual' }], { currency: 'EUR' });
  await spend(of, 1);
  expect(await evaluate(of)).toBe(1);
  expect(await told(of)).toEqual([[own.id, 100, 'actual', '2026-11']]);
  const found = await database.db.inTenant(of.organizationId, (tx) =>
    findBudget(tx, of.organizationId, other.id),
  );
  expect(found?.state).toBeUndefined();
});

it('a process that lost the lease tells nobody', async () => {
  const of = await used();
  await budget(of, COST, [{ percent: 100, on: 'actual' }]);
  await spend(of, 1);
  const rig = new BillingRig(database.db, clock);
  const former = (await rig.lease('lost', 'a', 1_000)) as Lease;
  clock.step(2_000);
  await rig.lease('lost', 'b');
  const look = underLease(database.db, former, (tx) =>
    evaluateBudgets(tx, of.organizationId, clock.now(), random),
  );
  await expect(look).rejects.toThrow('lost');
  expect(await told(of)).toEqual([]);
});
