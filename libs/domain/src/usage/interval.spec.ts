import fc from 'fast-check';
import { lengthOf, partInterval, unionOf } from './interval.js';
import { usageInterval } from './usage-interval.js';

describe('parts of a stream', () => {
  it('are disjoint and together are the whole stream', () => {
    const cuts = fc.array(fc.integer({ min: 0, max: 5_000_000_000 }), { minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 4_000_000_000_000_000 }), cuts, (start, list) => {
        const reports = list.toSorted((a, b) => a - b);
        const parts = reports.map((report, i) =>
          i === 0 ? usageInterval(start, report) : partInterval(start, reports[i - 1] ?? 0, report),
        );
        expect(parts.every((part) => part.endMs > part.startMs)).toBe(true);
        expect(unionOf(parts)).toEqual([usageInterval(start, reports.at(-1) ?? 0)]);
      }),
    );
  });
});

describe('unionOf', () => {
  it.each([
    ['nothing', [], [], 0],
    [
      'touching spans',
      [
        [0, 10],
        [10, 20],
      ],
      [[0, 20]],
      20,
    ],
    [
      'a span within another',
      [
        [0, 100],
        [10, 20],
      ],
      [[0, 100]],
      100,
    ],
    [
      'spans apart, out of order',
      [
        [50, 60],
        [0, 10],
      ],
      [
        [0, 10],
        [50, 60],
      ],
      20,
    ],
  ])('%s', (_name, spans, expected, length) => {
    const intervals = spans.map(([startMs = 0, endMs = 0]) => ({ startMs, endMs }));
    const union = unionOf(intervals);
    expect(union.map(({ startMs, endMs }) => [startMs, endMs])).toEqual(expected);
    expect(lengthOf(union)).toBe(length);
  });
});
