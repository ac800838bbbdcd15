import {
  changesOf,
  parsePricePlan,
  parsePriceSchedule,
  stretchesOf,
  type Id,
  type InstanceInterval,
  type PriceSchedule,
  type Running,
  type Stretch,
  type UsageRecord,
} from '#libs/domain';
import { usageOf, type UsedRevision } from '#libs/testing';
import { instanceLine, ratedOffline, requestLine } from '../rig/customer.rig.js';
import { MINUTE_MS, PricedRig, T0, chargesOf, listPriceOf } from '../rig/priced.rig.js';

const SHAPE = { concurrency: 2, maxInstances: 3 };

let priced: PricedRig;
beforeAll(async () => {
  priced = await PricedRig.start(11, [...documents, INSTANCES]);
});
afterAll(() => priced.stop());

const time = { measure: 'request_time', rate: '0.001', per: '1 s', unit: 's' };
/** Blocks of a second for CPU and of 70 ms for memory, each request by 250 ms beside; shorter ones after ten minutes. */
const documents = [
  { cpu: '1 s', memory: '70 ms', each: '250 ms', least: '1 s', from: '1970-01-01T00:00:00Z' },
  {
    cpu: '100 ms',
    memory: '10 s',
    each: '10 ms',
    least: '15 ms',
    from: new Date(T0 + 600_000).toISOString(),
  },
].map(({ cpu, memory, each, least, from }, i) => ({
  ...{ id: 'seconds', version: i + 1, name: 'Seconds', currency: 'USD', decimals: 6, effectiveFrom: from },
  items: [
    { ...time, id: 'cpu', name: 'CPU', model: 'concurrency', quantum: cpu, times: 'vcpu' },
    { ...time, id: 'memory', name: 'Memory', model: 'concurrency', quantum: memory, times: 'gib' },
    { ...time, id: 'each', name: 'Each', model: 'per_request', quantum: each, minimum: least },
    { id: 'requests', name: 'Requests', measure: 'requests', rate: '0.01', per: '1', unit: 'request' },
  ],
}));
const schedule = parsePriceSchedule(documents);

const ofInstances = { measure: 'instance_time', rate: '0.001', per: '1 s', unit: 's' };
/** In the shape of Azure Container Apps: active and idle apart, by the second; and all of it by 250 ms. */
const INSTANCES = {
  ...{ id: 'instances', version: 1, name: 'Instances', currency: 'USD', decimals: 6 },
  effectiveFrom: '1970-01-01T00:00:00Z',
  items: [
    { ...ofInstances, id: 'active', name: 'Active', states: ['active'], quantum: '1 s', times: 'vcpu' },
    { ...ofInstances, id: 'idle', name: 'Idle', states: ['idle'], quantum: '1 s', times: 'gib' },
    { ...ofInstances, id: 'any', name: 'Any', quantum: '250 ms' },
    { id: 'requests', name: 'Requests', measure: 'requests', rate: '0.01', per: '1', unit: 'request' },
  ],
};

const offline = (
  prices: PriceSchedule,
  of: UsedRevision,
  records: readonly UsageRecord[],
  stretches: readonly Stretch[] = [],
) => ratedOffline(prices, of, SHAPE, [...records.map(requestLine), ...stretches.map(instanceLine)]);

it('a plan by other blocks than 100 ms is billed live as offline, however its usage came, also over a change of price', async () => {
  const of = await priced.customer('seconds', SHAPE);
  const records = Array.from({ length: 300 }, (_one, i) => {
    const startMs = T0 + priced.whole(20 * MINUTE_MS);
    return usageOf(of, i, { startMs, endMs: startMs + 1 + priced.whole(i % 3 === 0 ? 90_000 : 400) });
  });
  const rig = priced.billing();
  const arrived = records.toSorted((a, b) => (a.endMs % 97) - (b.endMs % 97));
  for (let from = 0; from < arrived.length; from += 60) {
    await rig.take(priced.lease, of.gatewayId, arrived.slice(from, from + 60));
    await rig.fold(priced.lease, [of]);
  }
  const bill = await priced.bill(of);
  const charged = offline(schedule, of, records).months.flatMap(({ charges }) => charges);
  expect(charged).toHaveLength(8);
  expect(chargesOf(bill.items)).toEqual(chargesOf(charged));
  expect(await priced.owed(of)).toBe(listPriceOf(bill));
});

it('minutes that were counted for another plan than the one in force are counted again before their hour closes', async () => {
  const of = await priced.customer('seconds', SHAPE);
  const rig = priced.billing();
  const records = [0, 30_000, 700_000].map((after, i) =>
    usageOf(of, i, { startMs: T0 + after, endMs: T0 + after + 1_500 }),
  );
  await rig.take(priced.lease, of.gatewayId, records);
  await rig.fold(priced.lease, [of]);
  const due = await priced.owed(of);
  expect(await priced.uncounted(of)).toBe(0);
  await priced.forgetMeters(of);
  expect(await priced.owed(of)).not.toBe(due);
  expect(await priced.uncounted(of)).toBe(2);
  await rig.fold(priced.lease, [of]);
  expect([await priced.uncounted(of), await priced.owed(of)]).toEqual([0, due]);
});

/** What an agent says of instances as they grow, in an order in which nothing comes; the longest is told somewhere. */
function toldOf(of: UsedRevision, clusterId: Id<'cls'>, running: readonly Running[]): InstanceInterval[] {
  const { organizationId, serviceId, revisionId } = of;
  const told = running.flatMap(({ id, startMs, endMs }) =>
    [...Array.from({ length: 6 }, () => startMs + priced.whole(endMs - startMs)), endMs].map((untilMs) => ({
      ...{ clusterId, organizationId, serviceId, revisionId, instanceId: id },
      ...{ startMs, untilMs, ended: untilMs === endMs },
    })),
  );
  return told.toSorted((a, b) => (a.untilMs % 89) - (b.untilMs % 89));
}

it('a plan by time of instances is billed live as offline, whatever was told when, and a late word is counted', async () => {
  const of = await priced.customer('instances', SHAPE);
  const clusterId = await priced.holder(of);
  const rig = priced.billing();
  const records = Array.from({ length: 120 }, (_one, i) => {
    const startMs = T0 + priced.whole(10 * MINUTE_MS);
    return usageOf(of, i, { startMs, endMs: startMs + 1 + priced.whole(i % 3 === 0 ? 90_000 : 400) });
  });
  const running = Array.from({ length: 5 }, (_one, i): Running => {
    const startMs = T0 + priced.whole(8 * MINUTE_MS);
    return { id: `pod-${i}`, begunMs: startMs, startMs, endMs: startMs + 1 + priced.whole(5 * MINUTE_MS) };
  });
  const told = toldOf(of, clusterId, running);
  for (let i = 0; i < 4; i++) {
    await rig.take(priced.lease, of.gatewayId, records.slice(i * 30, (i + 1) * 30));
    await rig.takeInstances(priced.lease, clusterId, told.slice(i * 9, (i + 1) * 9));
    await rig.fold(priced.lease, [of]);
  }
  const span = { startMs: T0, endMs: T0 + 60 * MINUTE_MS };
  const expected = (all: readonly Running[]) => {
    const stretches = stretchesOf(all, changesOf(records, span), SHAPE, span);
    return offline([parsePricePlan(INSTANCES)], of, records, stretches).months.flatMap(
      ({ charges }) => charges,
    );
  };
  const bill = await priced.bill(of);
  expect(chargesOf(bill.items)).toEqual(chargesOf(expected(running)));
  expect(bill.items.every(({ quantity }) => quantity !== '0')).toBe(true);
  expect(await priced.owed(of)).toBe(listPriceOf(bill));
  const [first, ...others] = running as [Running, ...Running[]];
  const longer = { ...first, endMs: first.endMs + 100_000 };
  await rig.takeInstances(priced.lease, clusterId, toldOf(of, clusterId, [longer]));
  await rig.fold(priced.lease, [of]);
  expect(chargesOf((await priced.bill(of)).items)).toEqual(chargesOf(expected([longer, ...others])));
});

it('instances of who has another plan mark no minute', async () => {
  const of = await priced.customer('seconds', SHAPE);
  const clusterId = await priced.holder(of);
  const pod = { id: 'pod', begunMs: T0, startMs: T0, endMs: T0 + 200_000 };
  const rig = priced.billing();
  await rig.takeInstances(priced.lease, clusterId, toldOf(of, clusterId, [pod]));
  expect(await rig.fold(priced.lease, [of])).toBe(0);
});
