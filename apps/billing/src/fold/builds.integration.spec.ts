import { parsePriceSchedule, type Id, type Interval } from '#libs/domain';
import { hasUsage, storeBuildTime, type BuildTime } from '#libs/store';
import { usageOf, type UsedRevision } from '#libs/testing';
import { takeBuilds } from '../intake/build.intake.js';
import { ratedOffline, requestLine } from '../rig/customer.rig.js';
import type { BillingRig } from '../rig/billing.rig.js';
import { MINUTE_MS, PricedRig, T0, chargesOf, listPriceOf } from '../rig/priced.rig.js';

const SHAPE = { concurrency: 1, maxInstances: 1 };

let priced: PricedRig;
beforeAll(async () => {
  priced = await PricedRig.start(146, [...documents, OTHER]);
});
afterAll(() => priced.stop());

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

let built = 0;
const buildOf = (of: UsedRevision, clusterId: Id<'cls'>, span: Interval): BuildTime => {
  built += 1;
  const { organizationId, projectId, serviceId } = of;
  const buildId = `bld_${String(built).padStart(20, '0')}`;
  return { buildId, organizationId, projectId, serviceId, clusterId, ...span };
};
const store = (list: readonly BuildTime[]): Promise<void> =>
  priced.database.db.asSystem(async (tx) => {
    for (const one of list) await storeBuildTime(tx, one);
  });
const take = (rig: BillingRig): Promise<number> =>
  priced.underLease((tx) => takeBuilds(tx, rig.things, priced.clock.now()));

it('builds are billed live as offline, each once, whatever its agent told how often; late ones too', async () => {
  const of = await priced.customer('builds', SHAPE);
  const clusterId = await priced.holder(of);
  const rig = priced.billing();
  const builds = Array.from({ length: 20 }, () => {
    const startMs = T0 + priced.whole(10 * MINUTE_MS);
    return buildOf(of, clusterId, { startMs, endMs: startMs + 1 + priced.whole(3 * MINUTE_MS) });
  });
  const records = Array.from({ length: 10 }, (_one, i) => {
    const startMs = T0 + priced.whole(10 * MINUTE_MS);
    return usageOf(of, i, { startMs, endMs: startMs + 100 });
  });
  await rig.take(priced.lease, of.gatewayId, records);
  await store(builds.slice(0, 12));
  expect(await take(rig)).toBe(12);
  await rig.fold(priced.lease, [of]);
  // what is told again, and otherwise, changes nothing
  await store(builds.slice(0, 12).map((one) => ({ ...one, endMs: one.endMs + 1_000_000 })));
  expect(await take(rig)).toBe(0);
  await store(builds.slice(12));
  expect(await take(rig)).toBe(8);
  await rig.fold(priced.lease, [of]);
  const { organizationId, serviceId } = of;
  const lines = builds.map(({ buildId: id, startMs, endMs }) => ({
    ...{ kind: 'build', id, organizationId, serviceId, startMs, endMs },
  }));
  const expected = ratedOffline(schedule, of, SHAPE, [...records.map((one) => requestLine(one)), ...lines]);
  const charges = expected.months.flatMap((month) => month.charges);
  const bill = await priced.bill(of);
  expect(chargesOf(bill.items)).toEqual(chargesOf(charges));
  expect(bill.items.filter(({ item }) => item === 'builds')).toHaveLength(2);
  expect(await priced.owed(of)).toBe(listPriceOf(bill));
});

it('builds of who has another plan mark no minute', async () => {
  const of = await priced.customer('plain', SHAPE);
  const clusterId = await priced.holder(of);
  const rig = priced.billing();
  await store([buildOf(of, clusterId, { startMs: T0, endMs: T0 + 1_000 })]);
  expect(await take(rig)).toBe(1);
  expect(await rig.fold(priced.lease, [of])).toBe(0);
});

it('who had nothing but a build has used something, before billing has taken it in', async () => {
  const of = await priced.customer('builds', SHAPE);
  const used = (): Promise<boolean> => priced.database.db.asSystem((tx) => hasUsage(tx, of.organizationId));
  expect(await used()).toBe(false);
  await store([buildOf(of, await priced.holder(of), { startMs: T0, endMs: T0 + 1_000 })]);
  expect(await used()).toBe(true);
});
