import {
  monthOf,
  parsePriceSchedule,
  formatRatio,
  linesOf,
  parseRatio,
  total,
  type Bill,
  type Id,
  type Interval,
} from '#libs/domain';
import {
  findPlansInForce,
  hasUsage,
  storeBuildTime,
  underLease,
  usedInWindows,
  type BuildTime,
  type Lease,
} from '#libs/store';
import {
  SteppedClock,
  seededRandom,
  testDatabase,
  usageOf,
  type TestDatabase,
  type UsedRevision,
} from '#libs/testing';
import { takeBuilds } from '../intake/build.intake.js';
import { BillingRig } from '../rig/billing.rig.js';
import { billOfMonth, customerOf, ratedOffline, requestLine, storePlans } from '../rig/customer.rig.js';
import { makeHolder } from '../rig/holder.rig.js';

const T0 = Date.UTC(2026, 10, 21, 12);
const MINUTE_MS = 60_000;
const SHAPE = { concurrency: 1, maxInstances: 1 };
const clock = new SteppedClock(T0 + 3_600_000);
const random = seededRandom(146);
const whole = (below: number): number => Buffer.from(random(4)).readUInt32BE() % below;

let database: TestDatabase;
let lease: Lease;
beforeAll(async () => {
  database = await testDatabase();
  lease = (await new BillingRig(database.db, clock).lease('builds', 'me')) as Lease;
});
afterAll(() => database.drop());

const build = { measure: 'build_time', per: '1 min', unit: 'min' };
/** Each build by the minute; from five minutes on by the second, at least ten; twenty seconds of a month are free. */
const documents = [
  { quantum: '1 min', rate: '0.003', from: '1970-01-01T00:00:00Z' },
  {
    quantum: '1 s',
    minimum: '10 s',
    rate: '0.006',
    from: new Date(T0 + 5 * MINUTE_MS).toISOString(),
  },
].map(({ from, ...item }, i) => ({
  ...{ id: 'builds', version: i + 1, name: 'Builds', currency: 'USD', decimals: 6, effectiveFrom: from },
  items: [
    { ...build, id: 'builds', name: 'Builds', ...item },
    { id: 'requests', name: 'Requests', measure: 'requests', rate: '0.01', per: '1', unit: 'request' },
  ],
  grants: [{ id: 'free', name: 'Free', items: ['builds'], quantity: '2' }],
}));
const schedule = parsePriceSchedule(documents);
const OTHER = {
  ...{ id: 'plain', version: 1, name: 'Plain', currency: 'USD', decimals: 6 },
  effectiveFrom: '1970-01-01T00:00:00Z',
  items: [{ id: 'requests', name: 'Requests', measure: 'requests', rate: '1', per: '1', unit: 'request' }],
};
beforeAll(() => storePlans(database, [...documents, OTHER]));

let built = 0;
const buildOf = (of: UsedRevision, clusterId: Id<'cls'>, span: Interval): BuildTime => {
  built += 1;
  const { organizationId, projectId, serviceId } = of;
  const buildId = `bld_${String(built).padStart(20, '0')}`;
  return { buildId, organizationId, projectId, serviceId, clusterId, ...span };
};
const store = (list: readonly BuildTime[]): Promise<void> =>
  database.db.asSystem(async (tx) => {
    for (const one of list) await storeBuildTime(tx, one);
  });
const take = (rig: BillingRig): Promise<number> =>
  underLease(database.db, lease, (tx) => takeBuilds(tx, rig.things, clock.now()));
const billed = ({ organizationId }: UsedRevision): Promise<Bill> =>
  billOfMonth(database, organizationId, monthOf(T0));
const itemsOf = (list: readonly { item: string; version: number; quantity: string; amount: string }[]) =>
  list.map(({ item, version, quantity, amount }) => [version, item, quantity, amount]);

it('builds are billed live as offline, each once, whatever its agent told how often; late ones too', async () => {
  const of = await customerOf(database, random, 'builds', SHAPE);
  const clusterId = await makeHolder(database, random, of);
  const rig = new BillingRig(database.db, clock);
  const builds = Array.from({ length: 20 }, () => {
    const startMs = T0 + whole(10 * MINUTE_MS);
    return buildOf(of, clusterId, { startMs, endMs: startMs + 1 + whole(3 * MINUTE_MS) });
  });
  const records = Array.from({ length: 10 }, (_one, i) => {
    const startMs = T0 + whole(10 * MINUTE_MS);
    return usageOf(of, i, { startMs, endMs: startMs + 100 });
  });
  await rig.take(lease, of.gatewayId, records);
  await store(builds.slice(0, 12));
  expect(await take(rig)).toBe(12);
  await rig.fold(lease, [of]);
  // what is told again, and otherwise, changes nothing
  await store(builds.slice(0, 12).map((one) => ({ ...one, endMs: one.endMs + 1_000_000 })));
  expect(await take(rig)).toBe(0);
  await store(builds.slice(12));
  expect(await take(rig)).toBe(8);
  await rig.fold(lease, [of]);
  const { organizationId, serviceId } = of;
  const lines = builds.map(({ buildId: id, startMs, endMs }) => ({
    ...{ kind: 'build', id, organizationId, serviceId, startMs, endMs },
  }));
  const expected = ratedOffline(schedule, of, SHAPE, [...records.map((one) => requestLine(one)), ...lines]);
  const charges = expected.months.flatMap((month) => month.charges);
  const bill = await billed(of);
  expect(itemsOf(bill.items)).toEqual(itemsOf(charges));
  expect(bill.items.filter(({ item }) => item === 'builds')).toHaveLength(2);
  const owed = await database.db.asSystem(async (tx) => {
    const plans = await findPlansInForce(tx, organizationId, [T0]);
    return linesOf(plans, await usedInWindows(tx, organizationId, [T0], plans));
  });
  expect(formatRatio(total(owed.map(({ amount }) => amount)))).toBe(
    formatRatio(total(bill.items.map(({ list }) => parseRatio(list)))),
  );
});

it('builds of who has another plan mark no minute', async () => {
  const of = await customerOf(database, random, 'plain', SHAPE);
  const clusterId = await makeHolder(database, random, of);
  const rig = new BillingRig(database.db, clock);
  await store([buildOf(of, clusterId, { startMs: T0, endMs: T0 + 1_000 })]);
  expect(await take(rig)).toBe(1);
  expect(await rig.fold(lease, [of])).toBe(0);
});

it('who had nothing but a build has used something, before billing has taken it in', async () => {
  const of = await customerOf(database, random, 'builds', SHAPE);
  const used = (): Promise<boolean> => database.db.asSystem((tx) => hasUsage(tx, of.organizationId));
  expect(await used()).toBe(false);
  await store([buildOf(of, await makeHolder(database, random, of), { startMs: T0, endMs: T0 + 1_000 })]);
  expect(await used()).toBe(true);
});
