import fc from 'fast-check';
import { monthOf, monthParts } from '../month.js';
import { parsePricePlan } from '../price/plan.validation.js';
import type { PricePlan } from '../price/plan.types.js';
import { propertyRuns } from '../property.rig.js';
import { changesOf } from '../rating/blocks.js';
import { meterKey, metersOf } from '../rating/meters.js';
import type { Interval } from '../usage/usage.types.js';
import { paidUntil, type CapRoom, type InstanceGrowth } from './cap.growth.js';
import { capPriceOf, costAtMost, worstInstances } from './cap.price.js';
import { NOTHING_OPEN, foldWindow, type WindowEnds, type WindowFacts } from './fold.js';
import type { Running } from './instance.time.js';
import { windowSpan, windowsOf } from './window.js';

const SIZE = { cpuMillis: 1_000, memoryMiB: 1_024 };
const T0 = Date.UTC(2026, 10, 30, 23, 57);
const MINUTE_MS = 60_000;
const NOVEMBER = '2026-11';
const DECEMBER = '2026-12';
const MONTHS = [NOVEMBER, DECEMBER];
const MILLIONTH = 1_000_000n;

/** What is counted costs a millionth for each ms. */
const TIME = { measure: 'instance_time', rate: '0.000001', per: '1 ms', unit: 'ms' };
const planOf = (items: readonly object[]): PricePlan =>
  parsePricePlan({
    ...{ id: 'own', version: 1, name: 'Own', currency: 'USD', decimals: 2 },
    effectiveFrom: '2026-01-01T00:00:00Z',
    items: items.map((item, i) => ({ id: `item-${i}`, name: `Item ${i}`, ...TIME, ...item })),
  });

const growth = (fromMs: number, untilMs: number, begunMs = fromMs): InstanceGrowth => ({
  ...{ begunMs: T0 + begunMs, startMs: T0 + fromMs, endMs: T0 + untilMs, size: SIZE },
});
const MONTH_END = 3 * MINUTE_MS;

it.each<[string, InstanceGrowth[], [november: string, december?: string], untilMs: number[]]>([
  ['all that is left', [growth(0, 999), growth(0, 999)], ['0.002'], [999, 999]],
  ['no more than is left', [growth(0, 999), growth(0, 1_000)], ['0.002'], [999, 0]],
  ['a shorter one after one that is too long', [growth(0, 5_000), growth(0, 999)], ['0.001'], [0, 999]],
  ['nothing where nothing is left', [growth(0, 1)], ['0'], [0]],
  ['a minute and its border', [growth(59_000, 61_000)], ['0.002002'], [61_000]],
  ['the minute before it', [growth(59_000, 61_000)], ['0.002001'], [60_000]],
  ['whole minutes of a long one', [growth(500, 170_000)], ['0.12'], [120_000]],
  [
    'each month for itself',
    [growth(0, 999), growth(MONTH_END, MONTH_END + 999), growth(MONTH_END, MONTH_END + 999)],
    ['0.001', '0.001'],
    [999, MONTH_END + 999, MONTH_END],
  ],
  [
    'each month that one is in',
    [growth(MONTH_END - 500, MONTH_END + 500), growth(MONTH_END - 500, MONTH_END)],
    ['0.001', '0.000001'],
    [MONTH_END, MONTH_END - 500],
  ],
  [
    'no month behind one that is spent',
    [growth(MONTH_END - 500, MONTH_END + 500)],
    ['0', '1'],
    [MONTH_END - 500],
  ],
  ['everything of a month without a cap', [growth(MONTH_END, MONTH_END + 999)], ['0'], [MONTH_END + 999]],
])('the cap pays for %s', (_what, growths, [november, december], expected) => {
  const plans = [planOf([{ quantum: '1 ms' }])];
  const rooms = [
    [NOVEMBER, november],
    [DECEMBER, december],
  ].flatMap(([month, left]): [string, CapRoom][] =>
    left === undefined ? [] : [[month as string, { left: BigInt(Math.round(Number(left) * 1e12)), plans }]],
  );
  expect(paidUntil(growths, new Map(rooms)).map((at) => at - T0)).toEqual(expected);
});

it('the minimum of an instance is paid in the minute in which it starts', () => {
  const plans = [planOf([{ quantum: '1 ms', minimum: '1 h' }])];
  const room = new Map([[NOVEMBER, { left: 3_000_000n * 1_000_000n, plans }]]);
  expect(paidUntil([growth(0, 1_000)], room)).toEqual([T0]);
  expect(paidUntil([growth(60_000, 61_000, 0)], room)).toEqual([T0 + 61_000]);
});

/** An instance: when it started, and the lengths of what was told of it one after the other. */
const instance = fc.record({
  begunMs: fc.integer({ min: 0, max: 100_000 }),
  lengths: fc.array(fc.integer({ min: 1, max: 50_000 }), { minLength: 1, maxLength: 4 }),
});
/** Within one minute each. */
const request = fc
  .record({
    minute: fc.integer({ min: 0, max: 4 }),
    from: fc.integer({ min: 0, max: 59_000 }),
    length: fc.integer({ min: 1, max: 900 }),
  })
  .map(({ minute, from, length }) => {
    const startMs = T0 + minute * MINUTE_MS + from;
    return { startMs, endMs: startMs + length };
  });
const PLAN = planOf([
  { states: ['active'], quantum: '1 s' },
  { states: ['idle'], quantum: '700 ms' },
  { quantum: '100 ms', minimum: '90 s' },
]);

it('whatever agents tell, and whenever it is counted, a month comes to no more than its cap and what its requests may cost', () => {
  const plans = [PLAN];
  fc.assert(
    fc.property(
      fc.array(instance, { minLength: 1, maxLength: 4 }),
      fc.array(request, { maxLength: 5 }),
      fc.integer({ min: 0, max: 900_000 }),
      fc.array(fc.boolean(), { minLength: 4, maxLength: 4 }),
      (instances, requests, amount, isFolded) => {
        const cap = BigInt(amount) * MILLIONTH;
        const price = capPriceOf(PLAN, SIZE);
        const costOf = (month: string): bigint =>
          requests
            .filter(({ startMs }) => monthOf(startMs) === month)
            .reduce((sum, { startMs, endMs }) => sum + costAtMost(price, endMs - startMs), 0n);
        const billed: Running[] = [];
        const reserved = new Map<string, bigint>();
        let spent = new Map<string, bigint>();
        // the n-th word of each, one round after the other; after some of them it is counted
        for (const [round, isCounted] of isFolded.entries()) {
          const told = instances.flatMap(({ begunMs, lengths }, i) => {
            const length = lengths[round];
            if (length === undefined) return [];
            const fromMs = begunMs + lengths.slice(0, round).reduce((sum, one) => sum + one, 0);
            return [{ ...growth(fromMs, fromMs + length, begunMs), id: `pod-${i}` }];
          });
          const left = (month: string): bigint => {
            const used = (spent.get(month) ?? 0n) + (reserved.get(month) ?? 0n);
            return cap + costOf(month) - used;
          };
          const rooms = new Map(MONTHS.map((month) => [month, { left: left(month), plans }]));
          for (const [n, endMs] of paidUntil(told, rooms).entries()) {
            const part = { ...(told[n] as (typeof told)[number]), endMs };
            for (const { month, ...span } of monthParts(part)) {
              const stretches = windowsOf(span).length;
              const time = { ms: span.endMs - span.startMs, stretches, starts: 1 };
              reserved.set(month, (reserved.get(month) ?? 0n) + worstInstances(plans, SIZE, time));
            }
            if (endMs > part.startMs) billed.push(part);
          }
          if (!isCounted) continue;
          spent = folded(billed, requests);
          reserved.clear();
        }
        const counted = folded(billed, requests);
        for (const month of MONTHS) expect(counted.get(month) ?? 0n).toBeLessThanOrEqual(cap + costOf(month));
      },
    ),
    propertyRuns(),
  );
});

/** What windows count of instances by month, each ms a millionth, as caps count money. */
function folded(running: readonly Running[], requests: readonly Interval[]): Map<string, bigint> {
  const { meters } = metersOf(PLAN);
  const keys = new Set(meters.map(meterKey));
  const last = Math.max(T0, ...running.map(({ endMs }) => endMs)) + 2 * MINUTE_MS;
  let carried: WindowEnds = NOTHING_OPEN;
  const byMonth = new Map<string, bigint>();
  for (const windowStartMs of windowsOf({ startMs: T0, endMs: last })) {
    const span = windowSpan(windowStartMs);
    const facts = factsIn(span, running, requests);
    const shape = { capacity: { concurrency: 1, maxInstances: 10 }, meters };
    const window = foldWindow(windowStartMs, facts, shape, carried);
    const ms = [...window.metered].reduce((sum, [key, counted]) => sum + (keys.has(key) ? counted : 0n), 0n);
    const month = monthOf(windowStartMs);
    byMonth.set(month, (byMonth.get(month) ?? 0n) + ms * MILLIONTH);
    carried = window;
  }
  return byMonth;
}

function factsIn(span: Interval, running: readonly Running[], requests: readonly Interval[]): WindowFacts {
  const inside = <T extends Interval>(list: readonly T[]): T[] =>
    list.filter(({ startMs, endMs }) => startMs < span.endMs && endMs > span.startMs);
  return {
    changes: changesOf(inside(requests), span),
    ...{ lengths: [], reaching: [], beginning: [], waited: [], builds: [] },
    counts: { requests: 0n, notBillableRequests: 0n, requestBytes: 0n, responseBytes: 0n },
    running: inside(running),
  };
}
