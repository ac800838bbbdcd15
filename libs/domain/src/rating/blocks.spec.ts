import fc from 'fast-check';
import { propertyRuns } from '../property.rig.js';
import type { Interval } from '../usage/usage.types.js';
import type { Capacity, OpenBlocks } from './block.sweep.js';
import { capacityOf, changesOf, sweepBlocks, unitsOfRequest } from './blocks.js';

const runs = propertyRuns();

/** Everything in one sweep; the span ends where nothing can be open any more. */
function blocks(intervals: readonly Interval[], concurrency: number, maxInstances = 1_000): number {
  const span = { startMs: 0, endMs: Math.max(0, ...intervals.map(({ endMs }) => endMs)) };
  return sweepBlocks(changesOf(intervals, span), { concurrency, maxInstances }, span).opened;
}

const spans = (...pairs: [number, number][]): Interval[] =>
  pairs.map(([startMs, endMs]) => ({ startMs, endMs }));

/** Design D6 word by word, one ms after the other. */
function oracle(
  intervals: readonly Interval[],
  { concurrency, maxInstances }: Capacity,
  span: Interval,
  carried: readonly OpenBlocks[] = [],
): { opened: number; open: number[] } {
  let open = carried.flatMap(({ endMs, count }) => Array.from({ length: count }, () => endMs));
  let opened = 0;
  for (let t = span.startMs; t < span.endMs; t++) {
    open = open.filter((end) => end > t);
    const active = intervals.filter(({ startMs, endMs }) => startMs <= t && t < endMs).length;
    const demand = Math.min(active, concurrency * maxInstances);
    while (demand > 0 && (open.length === 0 || demand > concurrency * open.length)) {
      open.push(t + 100);
      opened += 1;
    }
  }
  return { opened, open: open.filter((end) => end > span.endMs) };
}

const interval = fc
  .record({ startMs: fc.integer({ min: 0, max: 600 }), length: fc.integer({ min: 1, max: 400 }) })
  .map(({ startMs, length }) => ({ startMs, endMs: startMs + length }));
const traffic = fc.array(interval, { maxLength: 24 });
const concurrency = fc.oneof(fc.integer({ min: 1, max: 8 }), fc.constant(1_000), fc.constant(Infinity));
const capacity = fc.record({ concurrency, maxInstances: fc.integer({ min: 1, max: 6 }) });
const all = { startMs: 0, endMs: 1_100 };

describe('interval vectors', () => {
  it.each([
    ['two short ones 50 ms apart', spans([0, 10], [50, 60]), 1, 1],
    ['two short ones 90 ms apart', spans([0, 10], [90, 100]), 1, 1],
    ['the same and what lies between', spans([0, 10], [90, 100], [10, 90]), 1, 1],
    ['across a fixed grid', spans([95, 105]), 1, 1],
    ['one ms', spans([0, 1]), 80, 1],
    ['exactly one block', spans([0, 100]), 80, 1],
    ['one ms more', spans([0, 101]), 80, 2],
    ['two at once under concurrency 1', spans([0, 100], [0, 100]), 1, 2],
    ['two at once under concurrency 2', spans([0, 100], [0, 100]), 2, 1],
    ['the second opens a second instance in the middle', spans([0, 200], [150, 160]), 1, 3],
    ['an hour', spans([0, 3_600_000]), 1, 36_000],
    ['nothing', [], 1, 0],
  ])('%s', (_name, intervals, n, expected) => {
    expect(blocks(intervals, n)).toBe(expected);
  });

  it('100 simultaneous requests of 100 ms work, concurrency 1, maxInstances 1: 100 blocks', () => {
    const seen = Array.from({ length: 100 }, (_, i) => ({ startMs: 0, endMs: (i + 1) * 100 }));
    expect(blocks(seen, 1, 1)).toBe(100);
  });

  it('80 requests that overlap fully cost what one costs', () => {
    const seen = Array.from({ length: 80 }, () => ({ startMs: 5, endMs: 205 }));
    expect(blocks(seen, 80)).toBe(2);
    expect(blocks([...seen, { startMs: 5, endMs: 205 }], 80)).toBe(4);
  });
});

it('concurrency 0 is billed as 1000', () => {
  expect(capacityOf({ concurrency: 0, maxInstances: 3 })).toEqual({ concurrency: 1_000, maxInstances: 3 });
  expect(capacityOf({ concurrency: 7, maxInstances: 3 })).toEqual({ concurrency: 7, maxInstances: 3 });
});

describe(`properties of billable time (seed ${runs.seed}, ${runs.numRuns} runs)`, () => {
  it('equals the definition, ms by ms, also with blocks carried in', () => {
    // what was opened before the span ends within its first 99 ms
    const carried = fc
      .array(fc.record({ endMs: fc.integer({ min: 1, max: 99 }), count: fc.integer({ min: 1, max: 3 }) }), {
        maxLength: 3,
      })
      .map((list) => list.toSorted((a, b) => a.endMs - b.endMs));
    fc.assert(
      fc.property(
        traffic,
        capacity,
        carried,
        fc.integer({ min: 1, max: 1_100 }),
        (intervals, of, open, endMs) => {
          const span = { startMs: 0, endMs };
          const got = sweepBlocks(changesOf(intervals, span), of, span, open);
          const expected = oracle(intervals, of, span, open);
          expect(got.opened).toBe(expected.opened);
          const ends = got.open.flatMap(({ endMs: end, count }) => Array.from({ length: count }, () => end));
          expect(ends).toEqual(expected.open.toSorted((a, b) => a - b));
        },
      ),
      runs,
    );
  });

  it('does not depend on order', () => {
    const shuffled = traffic.chain((list) =>
      fc.tuple(fc.constant(list), fc.shuffledSubarray(list, { minLength: list.length })),
    );
    fc.assert(
      fc.property(shuffled, capacity, ([list, other], of) => {
        expect(sweepBlocks(changesOf(other, all), of, all)).toEqual(
          sweepBlocks(changesOf(list, all), of, all),
        );
      }),
      runs,
    );
  });

  it('never costs less for more requests', () => {
    fc.assert(
      fc.property(traffic, traffic, capacity, (some, more, of) => {
        const less = blocks(some, of.concurrency, of.maxInstances);
        expect(blocks([...some, ...more], of.concurrency, of.maxInstances)).toBeGreaterThanOrEqual(less);
      }),
      runs,
    );
  });

  it('equals each request rounded up at concurrency 1 when gaps are at least 100 ms', () => {
    const gaps = fc.array(
      fc.record({ gap: fc.integer({ min: 100, max: 400 }), length: fc.integer({ min: 1, max: 999 }) }),
    );
    fc.assert(
      fc.property(gaps, (list) => {
        let at = 0;
        const intervals = list.map(({ gap, length }) => {
          const startMs = at + gap;
          at = startMs + length;
          return { startMs, endMs: at };
        });
        const expected = list.reduce((sum, { length }) => sum + unitsOfRequest(length), 0);
        expect(blocks(intervals, 1)).toBe(expected);
      }),
      runs,
    );
  });

  it('is the minimum cover of the busy time when concurrency is unlimited', () => {
    fc.assert(
      fc.property(traffic, (intervals) => {
        let cover = 0;
        let until = 0;
        const busy = new Set(intervals.flatMap(({ startMs, endMs }) => range(startMs, endMs)));
        for (let t = 0; t < all.endMs; t++) {
          if (t < until || !busy.has(t)) continue;
          cover += 1;
          until = t + 100;
        }
        expect(blocks(intervals, Infinity)).toBe(cover);
      }),
      runs,
    );
  });

  it('is never above the sum of the requests, each rounded up, nor below what must be covered', () => {
    fc.assert(
      fc.property(traffic, capacity, (intervals, of) => {
        const each = intervals.reduce((sum, { startMs, endMs }) => sum + unitsOfRequest(endMs - startMs), 0);
        const got = blocks(intervals, of.concurrency, of.maxInstances);
        expect(got).toBeLessThanOrEqual(each);
        const busy = new Set(intervals.flatMap(({ startMs, endMs }) => range(startMs, endMs))).size;
        expect(got * 100).toBeGreaterThanOrEqual(busy);
      }),
      runs,
    );
  });

  it('is the same when time is cut anywhere and the open blocks are carried', () => {
    const cuts = fc.uniqueArray(fc.integer({ min: 1, max: 1_099 }), { maxLength: 6 });
    fc.assert(
      fc.property(traffic, capacity, cuts, (intervals, of, list) => {
        const whole = sweepBlocks(changesOf(intervals, all), of, all);
        const borders = [0, ...list.toSorted((a, b) => a - b), all.endMs];
        let opened = 0;
        let open: OpenBlocks[] = [];
        borders.slice(1).forEach((endMs, i) => {
          const span = { startMs: borders[i] ?? 0, endMs };
          const part = sweepBlocks(changesOf(intervals, span), of, span, open);
          opened += part.opened;
          open = part.open;
        });
        expect({ opened, open }).toEqual(whole);
      }),
      runs,
    );
  });

  it('counts long steady traffic without walking it (periods are skipped, not lost)', () => {
    fc.assert(
      fc.property(traffic, capacity, fc.integer({ min: 0, max: 20_000 }), (intervals, of, longer) => {
        const long = intervals.map(({ startMs, endMs }, i) => ({ startMs, endMs: endMs + (i % 3) * longer }));
        const span = { startMs: 0, endMs: Math.max(1, ...long.map(({ endMs }) => endMs)) };
        expect(sweepBlocks(changesOf(long, span), of, span).opened).toBe(oracle(long, of, span).opened);
      }),
      { ...runs, numRuns: Math.ceil(runs.numRuns / 25) },
    );
  });
});

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, i) => from + i);
}
