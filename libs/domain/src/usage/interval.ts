import { usageInterval } from './usage-interval.js';
import type { Interval } from './usage.types.js';

/**
 * The interval of a later part of a long stream: from where the report before it ended to where this one ends.
 * Parts are disjoint and their union is the interval of the whole stream; only a part too short to reach the next
 * ms repeats the ms before it, which the union swallows.
 * @param startMicros start of the stream, UTC microseconds since 1970
 * @param reportedNanos duration of the stream at the report before this one
 * @param durationNanos duration of the stream at this report
 */
export function partInterval(startMicros: number, reportedNanos: number, durationNanos: number): Interval {
  const from = usageInterval(startMicros, reportedNanos).endMs;
  const to = usageInterval(startMicros, durationNanos).endMs;
  return to > from ? { startMs: from, endMs: to } : { startMs: from - 1, endMs: from };
}

/** Spans that overlap or touch become one; the result is ascending and disjoint. */
export function unionOf(intervals: readonly Interval[]): Interval[] {
  const union: Interval[] = [];
  for (const { startMs, endMs } of intervals.toSorted((a, b) => a.startMs - b.startMs)) {
    const last = union.at(-1);
    if (last && startMs <= last.endMs) last.endMs = Math.max(last.endMs, endMs);
    else union.push({ startMs, endMs });
  }
  return union;
}

/** Milliseconds that a list of disjoint intervals holds. */
export function lengthOf(intervals: readonly Interval[]): number {
  return intervals.reduce((sum, { startMs, endMs }) => sum + endMs - startMs, 0);
}
