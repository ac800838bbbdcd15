import type { Interval } from './usage.types.js';

const MICROS_PER_MS = 1000;
const NANOS_PER_MS = 1_000_000;

/**
 * What is used of a request's time, in whole ms: [floor(start), max(floor(start) + 1, ceil(start + duration))).
 * Never empty; a longer duration never gives less; the duration is monotonic, so a stepping wall clock cannot bill.
 * @param startMicros UTC microseconds since 1970
 * @param durationNanos monotonic nanoseconds; a negative one counts as 0
 */
export function usageInterval(startMicros: number, durationNanos: number): Interval {
  const startMs = Math.floor(startMicros / MICROS_PER_MS);
  // Counted from the start's own ms: nanoseconds since 1970 do not fit a number exactly.
  const nanos = (startMicros - startMs * MICROS_PER_MS) * MICROS_PER_MS + Math.max(0, durationNanos);
  return { startMs, endMs: startMs + Math.max(1, Math.ceil(nanos / NANOS_PER_MS)) };
}
