import fc from 'fast-check';
import type { Id } from '../id.js';
import { BUILTIN_PLAN, MEMORY_TICK_PLAN } from '../price/builtin.plans.js';
import type { PricePlan } from '../price/plan.types.js';
import { propertyRuns } from '../property.rig.js';
import { parseRatio, total } from '../price/ratio.js';
import type { Capacity } from '../rating/block.sweep.js';
import type { Meter } from '../rating/meters.js';
import { whyNotBillable } from '../usage/billable.js';
import type { UsageRecord } from '../usage/usage.types.js';
import { billOf } from './bill.js';
import type { UsageDay } from './billing.types.js';
import { factsOf, foldRecords, type ReadyOf } from './fold.js';
import { countIn, countOf, extraMeters, sumMetered, type CountedUsage } from './counted.usage.js';
import { costLines, costTotals, namedAdjustments, usageOfBuild, usageOfShare } from './request.cost.js';
import { sharesOfWindow, type RequestShare } from './window.shares.js';
import { WINDOW_MS, windowBefore, windowsOf } from './window.js';

const T0 = 1_795_219_200_000;
const id = <P extends 'spl' | 'gw' | 'org' | 'prj' | 'svc' | 'rev'>(prefix: P): Id<P> =>
  `${prefix}_${'0'.repeat(20)}`;
const SIZE = { priceZone: 'default', cpuMillis: 1000, memoryMiB: 512 };

function record(
  position: number,
  startMs: number,
  endMs: number,
  change: Partial<UsageRecord> = {},
): UsageRecord {
  return {
    ...{ schemaVersion: 1, producer: id('spl'), position, gatewayId: id('gw'), region: 'local' },
    ...{ streamId: `request-${position}`, part: 0, last: true, startMs, endMs },
    ...{
      requestBytes: 1,
      responseBytes: 100 + position,
      status: 200,
      flags: '-',
      reached: true,
      attempts: 1,
    },
    ...{ organizationId: id('org'), projectId: id('prj'), serviceId: id('svc'), revisionId: id('rev') },
    ...change,
  };
}

/** Of a plan with blocks of another length, two kinds of them, and another rounding. */
const metersOf = (coldStart: PricePlan['coldStart']): readonly Meter[] =>
  extraMeters({
    ...BUILTIN_PLAN,
    coldStart,
    items: BUILTIN_PLAN.items.map((item, i) => ({
      ...item,
      quantumMs: [1_000, 70][i] ?? 100,
      minimumMs: 250 * i,
    })),
  });

/** The shares of every window, as the API asks for them. */
function sharesOf(
  records: readonly UsageRecord[],
  of: Capacity,
  meters = metersOf('billed'),
  readyOf: ReadyOf = () => undefined,
): Map<number, RequestShare[]> {
  const folded = foldRecords(records, of, () => meters, { readyOf });
  const billable = records.filter((one) => whyNotBillable(one) === undefined);
  return new Map(
    [...factsOf(records, { readyOf })].map(([start, { beginning }]) => {
      const own = billable
        .filter((one) => windowsOf(one).includes(start))
        .map((one) => ({
          ...one,
          id: `${one.producer}-${one.position}`,
          stream: `${one.producer} ${one.streamId}`,
          ...present(readyOf(one)),
        }));
      const carried = folded.get(windowBefore(start));
      const shape = { capacity: of, meters };
      return [start, sharesOfWindow(start, { records: own, beginning }, shape, carried)];
    }),
  );
}

const present = (readyMs: number | undefined) => (readyMs === undefined ? {} : { readyMs });
const sum = (list: readonly bigint[]): bigint => list.reduce((all, one) => all + one, 0n);

/** Whole requests and parts of streams, some refused, over some minutes. */
const traffic = fc
  .array(
    fc.record({
      at: fc.integer({ min: 0, max: 3 * WINDOW_MS }),
      length: fc.oneof(fc.integer({ min: 1, max: 300 }), fc.integer({ min: 1, max: 70_000 })),
      cut: fc.option(fc.integer({ min: 1, max: 69_999 })),
      reached: fc.boolean(),
    }),
    { maxLength: 16 },
  )
  .map((list) =>
    list.flatMap(({ at, length, cut, reached }, i) => {
      const [from, to] = [T0 + at, T0 + at + length];
      const seen = { reached, status: reached ? 200 : 503, streamId: `request-${i}` };
      if (cut === null || cut >= length) return [record(2 * i, from, to, seen)];
      return [
        record(2 * i, from, from + cut, { ...seen, last: false }),
        record(2 * i + 1, from + cut, to, { ...seen, part: 1 }),
      ];
    }),
  );
const capacity = fc.record({
  concurrency: fc.integer({ min: 1, max: 4 }),
  maxInstances: fc.integer({ min: 1, max: 4 }),
});

/** Every other request waited so long for a first instance. */
function waitedFor(records: readonly UsageRecord[], waitMs: number): ReadyOf {
  const begun = new Map(records.filter(({ part }) => part === 0).map((one) => [one.streamId, one.startMs]));
  return ({ streamId, startMs }) => {
    const readyMs = (begun.get(streamId) ?? 0) + waitMs;
    return Number(streamId.slice('request-'.length)) % 2 === 0 && readyMs > startMs ? readyMs : undefined;
  };
}

it('the shares of requests are the counts of their window', () => {
  const wait = fc.integer({ min: 0, max: 65_000 });
  fc.assert(
    fc.property(
      ...([traffic, capacity, fc.constantFrom('billed', 'free'), wait] as const),
      (records, of, coldStart, waitMs) => {
        const [meters, readyOf] = [metersOf(coldStart), waitedFor(records, waitMs)];
        const folded = foldRecords(records, of, () => meters, { readyOf });
        const all = sharesOf(records, of, meters, readyOf);
        const shares = [...all].map(([start, list]) => countsOf(start, list));
        expect(shares).toEqual([...folded].map(([start, window]) => countsOf(start, [window])));
        const said = [...all.values()].flat().filter(({ billedFromMs }) => billedFromMs !== undefined);
        const waited = records.filter((one) => one.reached && readyOf(one) !== undefined);
        expect(said.length > 0).toBe(coldStart === 'free' && waited.length > 0);
      },
    ),
    propertyRuns(),
  );
});

type Counts = Pick<CountedUsage, 'blocks' | 'requests' | 'perRequestUnits' | 'responseBytes' | 'metered'>;
const countsOf = (start: number, list: readonly Counts[]): unknown[] => [
  ...[start, sum(list.map(({ blocks }) => blocks)), sum(list.map(({ requests }) => requests))],
  ...[sum(list.map((one) => one.perRequestUnits)), sum(list.map((one) => one.responseBytes))],
  [...sumMetered(list.map(({ metered }) => metered))].filter(([, ms]) => ms > 0n).sort(),
];

const dayOf = (records: readonly UsageRecord[], of: Capacity): UsageDay => {
  const windows = [...foldRecords(records, of).values()];
  const names = {
    project: 'p',
    service: 's',
    revision: 'r',
    revisionId: 'rev_1',
    projectId: 'prj_1',
    serviceId: 'svc_1',
  };
  return {
    ...{ ...SIZE, ...names, day: '2026-11-21', requestBytes: 0n, notBillableRequests: 0n },
    requests: sum(windows.map((one) => one.requests)),
    blocks: sum(windows.map((one) => one.blocks)),
    perRequestUnits: sum(windows.map((one) => one.perRequestUnits)),
    responseBytes: sum(windows.map((one) => one.responseBytes)),
  };
};

const ONE: Capacity = { concurrency: 1, maxInstances: 1 };
const ITEMS = { name: 'Free', quantity: undefined, money: undefined };
/** So little that it is used up, in tiers that are climbed. */
const GRANTED: PricePlan = {
  ...BUILTIN_PLAN,
  items: BUILTIN_PLAN.items.map((item) => {
    const [{ rate } = { rate: { units: 1n, scale: 0 } }] = item.tiers;
    const tiers = [
      { upTo: { units: 1n, scale: 0 }, rate },
      { upTo: undefined, rate: { units: 7n, scale: 2 } },
    ];
    return { ...item, tiers };
  }),
  grants: [
    { ...ITEMS, id: 'free', items: ['cpu'], quantity: { units: 1n, scale: 1 } },
    { ...ITEMS, id: 'money', items: ['requests', 'memory'], money: { units: 3n, scale: 2 } },
  ],
};

it.each([
  ['blocks', BUILTIN_PLAN],
  ['each request alone', MEMORY_TICK_PLAN],
  ['grants, tiers and money', GRANTED],
])('costs of requests, adjustments and rounding are the lines of the bill: %s', (_name, plan) => {
  fc.assert(
    fc.property(traffic, capacity, (records, of) => {
      const costs = [...sharesOf(records, of).values()]
        .flat()
        .flatMap((share) => costLines([{ plan, used: usageOfShare(share, SIZE) }]));
      const discountPercent = { units: 15n, scale: 0 };
      const bill = billOf('2026-11', [{ plan, discountPercent, days: [dayOf(records, of)] }]);
      const named = namedAdjustments(bill, costs);
      const found = bill.items.map(({ item }) => {
        const parts = [...costs, ...named].filter((one) => one.item === item);
        return { item, rounded: total(parts.map(({ amount }) => parseRatio(amount))) };
      });
      expect(found).toEqual(
        bill.items.map(({ item, rounded }) => ({ item, rounded: total([parseRatio(rounded)]) })),
      );
    }),
    propertyRuns(),
  );
});

describe('the cost of one request', () => {
  const share = (openedMs: number[]): RequestShare => ({
    ...{ id: 'spl_1-0', stream: 's', requests: 1n, perRequestUnits: 3n, responseBytes: 9n, openedMs },
    ...{ blocks: BigInt(openedMs.length), metered: new Map() },
  });

  it('is whole for who opened the blocks, and its request alone for a sharer', () => {
    const lines = (openedMs: number[]) =>
      costLines([{ plan: BUILTIN_PLAN, used: usageOfShare(share(openedMs), SIZE) }]);
    expect(lines([T0]).map(({ item, amount }) => [item, amount])).toEqual([
      ['cpu', '0.0000024'],
      ['memory', '0.000000125'],
      ['requests', '0.0000004'],
    ]);
    expect(lines([]).map(({ item }) => item)).toEqual(['requests']);
  });

  it('is added up over windows and kept apart by version and currency', () => {
    const dearer = { ...BUILTIN_PLAN, version: 2, currency: 'EUR' };
    const used = usageOfShare(share([T0, T0 + 100]), SIZE);
    const lines = costLines([
      { plan: BUILTIN_PLAN, used },
      { plan: BUILTIN_PLAN, used: { ...used, requests: 0n } },
      { plan: dearer, used },
    ]);
    expect(
      lines.filter(({ item }) => item === 'cpu').map(({ version, quantity }) => [version, quantity]),
    ).toEqual([
      [1, '4'],
      [2, '2'],
    ]);
    expect(costTotals(lines)).toEqual([
      { currency: 'USD', amount: '0.0000105' },
      { currency: 'EUR', amount: '0.00000545' },
    ]);
  });

  it('names only the adjustments of what it has a part in', () => {
    const usage = { ...usageOfShare(share([T0]), SIZE), responseBytes: 0n };
    const [cpu] = costLines([{ plan: BUILTIN_PLAN, used: usage }]);
    const bill = billOf('2026-11', [{ plan: BUILTIN_PLAN, days: [dayOf([record(0, T0, T0 + 1)], ONE)] }]);
    expect(namedAdjustments(bill, cpu ? [cpu] : [])).toEqual([
      {
        ...{ month: '2026-11', plan: 'builtin', version: 1, item: 'cpu' },
        ...{ kind: 'rounding', id: 'rounding', amount: '-0.0000024' },
      },
    ]);
    expect(namedAdjustments(bill, [])).toEqual([]);
  });

  it('of a build is its time by itself, rounded up, at no size', () => {
    const [first] = BUILTIN_PLAN.items;
    if (!first) throw new Error('the plan has no item');
    const item = { ...first, id: 'builds', measure: 'build_time' as const, model: undefined };
    const sized = {
      ...item,
      id: 'sized',
      times: { of: 'vcpu', atLeast: undefined, beyond: undefined } as const,
    };
    const plain = { ...item, times: { of: 'one', atLeast: undefined, beyond: undefined } as const };
    const plan = {
      ...BUILTIN_PLAN,
      items: [
        { ...plain, quantumMs: 60_000 },
        { ...sized, quantumMs: 60_000 },
      ],
    };
    const used = usageOfBuild(plan, { startMs: T0, endMs: T0 + 60_001 }, 'default');
    const lines = costLines([{ plan, used }]);
    expect(lines.map(({ item: of, quantity }) => [of, Number(quantity) * Number(first.per)])).toEqual([
      ['builds', 120_000],
    ]);
  });

  it('is explained by the count of its price item', () => {
    expect(BUILTIN_PLAN.items.map(({ id: item }) => countOf(BUILTIN_PLAN, item))).toEqual([
      { of: 'blocks' },
      { of: 'blocks' },
      { of: 'requests' },
    ]);
    expect(countOf(BUILTIN_PLAN, 'other')).toBeUndefined();
    const zoned = BUILTIN_PLAN.items.map((item) => ({ ...item, zones: ['far'] }));
    const count = countOf({ ...BUILTIN_PLAN, items: zoned }, 'requests') ?? { of: '' };
    expect(count).toEqual({ of: 'requests', zones: ['far'] });
    const used = usageOfShare(share([]), SIZE);
    expect([countIn(used, count), countIn({ ...used, priceZone: 'far' }, count)]).toEqual([0n, 1n]);
  });
});
