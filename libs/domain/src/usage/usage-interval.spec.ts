import fc from 'fast-check';
import { usageInterval } from './usage-interval.js';

const START = 1_795_219_200_000_000;

describe('usageInterval', () => {
  it.each([
    ['nothing took no time, and is still one ms', 0, 0, 0, 1],
    ['a whole ms from its start', 0, 1_000_000, 0, 1],
    ['one nanosecond more opens the next ms', 0, 1_000_001, 0, 2],
    ['a start inside a ms is rounded down, the end up', 999, 1_000, 0, 1],
    ['across the edge of a ms', 999, 1_001, 0, 2],
    ['100 ms exactly', 0, 100_000_000, 0, 100],
    ['100 ms from the middle of a ms', 500, 100_000_000, 0, 101],
    ['a negative duration is none', 400, -5, 0, 1],
  ])('%s', (_name, micros, nanos, start, end) => {
    const base = START / 1000;
    expect(usageInterval(START + micros, nanos)).toEqual({ startMs: base + start, endMs: base + end });
  });

  const micros = fc.integer({ min: 0, max: 4_102_444_800_000_000 });
  const nanos = fc.integer({ min: 0, max: 3_600_000_000_000 });

  it('is never empty, covers the request, and overshoots by less than a ms at each end', () => {
    fc.assert(
      fc.property(micros, nanos, (start, duration) => {
        const { startMs, endMs } = usageInterval(start, duration);
        const end = BigInt(start) * 1000n + BigInt(duration);
        const covered = BigInt(endMs) * 1_000_000n;
        return (
          endMs > startMs &&
          startMs * 1000 <= start &&
          start - startMs * 1000 < 1000 &&
          covered >= end &&
          (endMs === startMs + 1 || covered - end < 1_000_000n)
        );
      }),
    );
  });

  it('never gives less for more time', () => {
    fc.assert(
      fc.property(micros, nanos, nanos, (start, a, b) => {
        const [less, more] = a < b ? [a, b] : [b, a];
        return usageInterval(start, less).endMs <= usageInterval(start, more).endMs;
      }),
    );
  });
});
