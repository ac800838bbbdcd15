import type { Interval } from './usage.types.js';

/** When a revision first had a ready instance, where it had none when a request began. */
export interface Readiness {
  /** UTC ms, by the clock of who saw it. */
  atMs: number;
  /** By how much that clock is ahead of the clock of who saw the request, as measured; below 0 when behind. */
  offsetMs: number;
}

/** Two clocks that are so far apart say nothing of the order of what they saw. */
export const MAX_CLOCK_OFFSET_MS = 1_000;

/**
 * What of a request is billable where a cold start is not the customer's fault: from when an instance was ready on, at least
 * its last ms. All of it where none was waited for, and where the clocks are too far apart to tell.
 */
export function withoutColdStart({ startMs, endMs }: Interval, ready: Readiness | undefined): Interval {
  if (ready === undefined || Math.abs(ready.offsetMs) >= MAX_CLOCK_OFFSET_MS) return { startMs, endMs };
  return { startMs: Math.max(startMs, Math.min(ready.atMs - ready.offsetMs, endMs - 1)), endMs };
}
