import {
  parsePriceSchedule,
  type Bill,
  type ColdSpan,
  type Id,
  type InstanceInterval,
  type UsageRecord,
} from '#libs/domain';
import { findWindowRecords } from '#libs/store';
import { usageOf, type UsedRevision } from '#libs/testing';
import { ratedOffline, requestLine } from '../rig/customer.rig.js';
import { MINUTE_MS, PricedRig, T0, chargesOf } from '../rig/priced.rig.js';

const SHAPE = { concurrency: 2, maxInstances: 3 };

let priced: PricedRig;
beforeAll(async () => {
  priced = await PricedRig.start(145, Object.values(PLANS).flat());
});
afterAll(() => priced.stop());

const time = { measure: 'request_time', rate: '0.001', per: '1 s', unit: 's' };
const documentOf = (id: string, coldStarts: readonly string[]) =>
  coldStarts.map((coldStart, i) => ({
    ...{ id, version: i + 1, name: 'Plan', currency: 'USD', decimals: 6, coldStart },
    effectiveFrom: i === 0 ? '1970-01-01T00:00:00Z' : new Date(T0 + 5 * MINUTE_MS).toISOString(),
    items: [
      { ...time, id: 'blocks', name: 'Blocks', model: 'concurrency', times: 'vcpu' },
      { ...time, id: 'each', name: 'Each', model: 'per_request', quantum: '10 ms' },
      { id: 'requests', name: 'Requests', measure: 'requests', rate: '0.01', per: '1', unit: 'request' },
    ],
  }));
/** Cold starts are free from the beginning; from after five minutes on; until then; never. */
const PLANS = {
  free: documentOf('free', ['free']),
  later: documentOf('later', ['billed', 'free']),
  once: documentOf('once', ['free', 'billed']),
  billed: documentOf('billed', ['billed']),
};
type Plan = keyof typeof PLANS;

/** A customer, and the cluster that its revision runs in. */
interface Place {
  of: UsedRevision;
  clusterId: Id<'cls'>;
}

async function place(plan: Plan): Promise<Place> {
  const of = await priced.customer(plan, SHAPE);
  return { of, clusterId: await priced.holder(of) };
}

/** An instance that ended a cold start. */
const ended = ({ of, clusterId }: Place, n: number, cold: ColdSpan): InstanceInterval => {
  const { organizationId, serviceId, revisionId } = of;
  const [startMs, untilMs] = [cold.readyMs - 1, cold.readyMs + 1];
  const named = { clusterId, organizationId, serviceId, revisionId, instanceId: `pod-${n}` };
  return { ...named, startMs, untilMs, ended: false, cold };
};

/** Every third report of a stream comes in two parts. */
function recordsOf({ of, clusterId }: Place, count: number): UsageRecord[] {
  return Array.from({ length: count }, (_one, i) => {
    const startMs = T0 + priced.whole(10 * MINUTE_MS);
    const endMs = startMs + 2 + priced.whole(i % 3 === 0 ? 90_000 : 900);
    const cutMs = startMs + 1 + priced.whole(endMs - startMs - 1);
    const told = { clusterId, streamId: `s${i}` };
    return i % 3 === 0
      ? [
          usageOf(of, 2 * i, { startMs, endMs: cutMs }, { ...told, last: false }),
          usageOf(of, 2 * i + 1, { startMs: cutMs, endMs }, { ...told, part: 1 }),
        ]
      : [usageOf(of, 2 * i, { startMs, endMs }, told)];
  }).flat();
}

/** Spans of up to 80 s, one after the other. */
function coldSpans(): ColdSpan[] {
  const spans: ColdSpan[] = [];
  for (let sinceMs = T0 + priced.whole(30_000); sinceMs < T0 + 10 * MINUTE_MS;) {
    const readyMs = sinceMs + 1 + priced.whole(80_000);
    spans.push({ sinceMs, readyMs, offsetMs: 0 });
    sinceMs = readyMs + 1 + priced.whole(60_000);
  }
  return spans;
}

/** The same by the agent's clock. */
const byAgent = (spans: readonly ColdSpan[], offsetMs: number): ColdSpan[] =>
  spans.map(({ sinceMs, readyMs }) => ({
    sinceMs: sinceMs + offsetMs,
    readyMs: readyMs + offsetMs,
    offsetMs,
  }));

/** What the same requests come to offline, each with when an instance was ready. */
function offline(plan: Plan, { of }: Place, records: readonly UsageRecord[], spans: readonly ColdSpan[]) {
  const within = (atMs: number) => spans.find(({ sinceMs, readyMs }) => atMs >= sinceMs && atMs < readyMs);
  const begun = new Map(records.filter(({ part }) => part === 0).map((one) => [one.streamId, one.startMs]));
  const lines = records.map((record) => {
    const { position, streamId, part, last } = record;
    const span = within(record.startMs);
    const waits = span !== undefined && (begun.get(streamId) ?? 0) >= span.sinceMs;
    const ready = waits ? { readyMs: span.readyMs, readyOffsetMs: 0 } : {};
    return { ...requestLine(record), id: String(position), streamId, part, last, ...ready };
  });
  return ratedOffline(parsePriceSchedule(PLANS[plan]), of, SHAPE, lines).months.flatMap(
    ({ charges }) => charges,
  );
}

const billed = ({ of }: Place): Promise<Bill> => priced.bill(of);

it.each<[Plan, number]>([
  ['free', 0],
  ['later', 37],
  ['once', -900],
])(
  'plan %s is billed live as offline, however cold starts and usage came (the clock of the agent is %i ms ahead)',
  async (plan, offsetMs) => {
    const there = await place(plan);
    const records = recordsOf(there, 240);
    const spans = coldSpans();
    const told = byAgent(spans, offsetMs).map((cold, n) => ended(there, n, cold));
    const mixed = told.toSorted((a, b) => (a.startMs % 89) - (b.startMs % 89));
    const arrived = records.toSorted((a, b) => (a.endMs % 97) - (b.endMs % 97));
    const rig = priced.billing();
    for (let i = 0; i < 4; i++) {
      await rig.takeInstances(priced.lease, there.clusterId, mixed.slice(i * 5, (i + 1) * 5));
      await rig.take(priced.lease, there.of.gatewayId, arrived.slice(i * 60, (i + 1) * 60));
      await rig.fold(priced.lease, [there.of]);
    }
    await rig.take(priced.lease, there.of.gatewayId, arrived.slice(240));
    // what is told again changes nothing
    await rig.takeInstances(priced.lease, there.clusterId, mixed.slice(20));
    await rig.takeInstances(priced.lease, there.clusterId, mixed);
    await rig.fold(priced.lease, [there.of]);
    const expected = chargesOf(offline(plan, there, records, spans));
    expect(chargesOf((await billed(there)).items)).toEqual(expected);
    expect(expected).not.toEqual(chargesOf(offline(plan, there, records, [])));
  },
);

/** One request of 2 s, and what it is billed by the plan `free` when that is told. */
async function billedWith(
  cold: Partial<ColdSpan>,
  more: { clusterId?: Id<'cls'> } = {},
): Promise<string | undefined> {
  const there = await place('free');
  const rig = priced.billing();
  const startMs = T0 + 10_000;
  const record = usageOf(
    there.of,
    1,
    { startMs, endMs: startMs + 2_000 },
    { clusterId: there.clusterId, ...more },
  );
  await rig.take(priced.lease, there.of.gatewayId, [record]);
  await rig.fold(priced.lease, [there.of]);
  const span = { sinceMs: T0, readyMs: startMs + 1_500, offsetMs: 0, ...cold };
  await rig.takeInstances(priced.lease, there.clusterId, [ended(there, 1, span)]);
  await rig.fold(priced.lease, [there.of]);
  return (await billed(there)).items.find(({ item }) => item === 'blocks')?.quantity;
}

it.each<[string, Partial<ColdSpan>, string]>([
  ['a cold start is left out', {}, '0.5'],
  ['to its last ms', { readyMs: T0 + 60_000 }, '0.1'],
  ['with a clock that is nearly a second ahead', { readyMs: T0 + 12_499, offsetMs: 999 }, '0.5'],
  ['not with one that is a second ahead', { offsetMs: 1_000 }, '2'],
  ['not with one that is a second behind', { offsetMs: -1_000 }, '2'],
  ['not when an instance was gone after the request began', { sinceMs: T0 + 10_001 }, '2'],
])('%s', async (_name, cold, quantity) => {
  expect(await billedWith(cold)).toBe(quantity);
});

it('nothing is left out by what nobody measured, nor for a cold start in another cluster', async () => {
  const there = await place('free');
  expect(await billedWith({}, { clusterId: there.clusterId })).toBe('2');
  const rig = priced.billing();
  const startMs = T0 + 10_000;
  const { clusterId } = there;
  await rig.take(priced.lease, there.of.gatewayId, [
    usageOf(there.of, 1, { startMs, endMs: startMs + 2_000 }, { clusterId }),
  ]);
  const cold = { sinceMs: T0, readyMs: startMs + 1_500 };
  await rig.takeInstances(priced.lease, clusterId, [ended(there, 1, cold)]);
  await rig.fold(priced.lease, [there.of]);
  expect((await billed(there)).items[0]?.quantity).toBe('2');
});

it('a cold start marks minutes of what waited, and none where the plan bills it', async () => {
  for (const [plan, marks] of [
    ['free', 2],
    ['billed', 0],
  ] as const) {
    const there = await place(plan);
    const { clusterId } = there;
    const rig = priced.billing();
    const startMs = T0 + 55_000;
    const records = [startMs, T0 + 5 * MINUTE_MS].map((at, i) =>
      usageOf(there.of, i, { startMs: at, endMs: at + 8_000 }, { clusterId }),
    );
    await rig.take(priced.lease, there.of.gatewayId, records);
    await rig.fold(priced.lease, [there.of]);
    const cold = { sinceMs: T0, readyMs: T0 + 62_000, offsetMs: 0 };
    await rig.takeInstances(priced.lease, clusterId, [ended(there, 1, cold)]);
    expect(await rig.fold(priced.lease, [there.of])).toBe(marks);
  }
});

it('usage is looked through for a cold start only where a plan leaves it out', async () => {
  const told = async (plan: Plan, span: Partial<ColdSpan> = {}): Promise<unknown> => {
    const there = await place(plan);
    const cold = { sinceMs: T0, readyMs: T0 + MINUTE_MS, offsetMs: 0, ...span };
    return priced.billing().takeInstances(priced.lease, there.clusterId, [ended(there, 1, cold)]);
  };
  await priced.database.query('REVOKE SELECT ON usage_records FROM towpath_system');
  try {
    await expect(told('billed')).resolves.toMatchObject({ stored: 1 });
    await expect(told('later')).resolves.toMatchObject({ stored: 1 });
    // the plan changes within the span
    await expect(told('later', { readyMs: T0 + 6 * MINUTE_MS })).rejects.toThrow('permission denied');
    await expect(told('free')).rejects.toThrow('permission denied');
  } finally {
    await priced.database.query('GRANT SELECT ON usage_records TO towpath_system');
  }
});

it('what of a stream was served before a cold start counts the rest of it when it comes late, and not before', async () => {
  const there = await place('free');
  const { clusterId, of } = there;
  const rig = priced.billing();
  const part = (n: number, startMs: number, endMs: number, more: object = {}): UsageRecord =>
    usageOf(of, n, { startMs, endMs }, { ...{ clusterId, streamId: 's', part: n, last: false }, ...more });
  const [sinceMs, readyMs] = [T0 + MINUTE_MS, T0 + 4 * MINUTE_MS];
  await rig.takeInstances(priced.lease, clusterId, [ended(there, 1, { sinceMs, readyMs, offsetMs: 0 })]);
  await rig.take(priced.lease, of.gatewayId, [
    part(1, sinceMs, sinceMs + MINUTE_MS),
    part(2, sinceMs + 2 * MINUTE_MS, sinceMs + 3 * MINUTE_MS),
  ]);
  await rig.fold(priced.lease, [of]);
  const each = async (): Promise<string | undefined> =>
    (await billed(there)).items.find(({ item }) => item === 'each')?.quantity;
  expect(await each()).toBe('0.01');
  const [upTo] = await priced.database.query<{ position: string }>('SELECT position FROM usage_intake');
  const readyAs = (more: { upTo?: number }): Promise<(number | undefined)[]> =>
    priced.database.db.asSystem(async (tx) => {
      const { organizationId, projectId, serviceId, revisionId } = of;
      const key = { organizationId, projectId, serviceId, revisionId, priceZone: 'default' };
      const asked = { ...key, windowStartMs: sinceMs, fromReady: true, ...more };
      return (await findWindowRecords(tx, asked)).records.map((one) => one.readyMs);
    });
  await rig.take(priced.lease, of.gatewayId, [part(0, sinceMs - 1_000, sinceMs)]);
  await rig.fold(priced.lease, [of]);
  expect(await each()).toBe('121');
  expect((await billed(there)).items.find(({ item }) => item === 'blocks')?.quantity).toBe('121');
  // what was known by then is counted as it was then
  expect([await readyAs({ upTo: Number(upTo?.position) }), await readyAs({})]).toEqual([
    [readyMs],
    [undefined],
  ]);
});

it('a cold start that never was one is put aside, and minutes counted without the plan are counted again', async () => {
  const there = await place('free');
  const rig = priced.billing();
  const wrong = [
    { sinceMs: T0, readyMs: T0, offsetMs: 0 },
    { sinceMs: T0 - 7_200_001, readyMs: T0, offsetMs: 0 },
  ].map((cold, n) => ended(there, n, cold));
  const { quarantined } = await rig.takeInstances(priced.lease, there.clusterId, wrong);
  expect(quarantined.map(({ reason }) => reason)).toEqual(['not_positive', 'too_long']);
  await rig.take(priced.lease, there.of.gatewayId, [usageOf(there.of, 1, { startMs: T0, endMs: T0 + 200 })]);
  await rig.fold(priced.lease, [there.of]);
  expect(await priced.uncounted(there.of)).toBe(0);
  await priced.forgetMeters(there.of);
  expect(await priced.uncounted(there.of)).toBe(1);
});
