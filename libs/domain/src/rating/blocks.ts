import type { Interval } from '../usage/usage.types.js';
import { BlockSweep, type Capacity, type OpenBlocks } from './block.sweep.js';

/** How many ms one block is (design D6). */
export const BLOCK_MS = 100;

/** From `atMs` on, `delta` more (or fewer) requests are active. */
export interface Change {
  atMs: number;
  delta: number;
}

/** What a revision's numbers mean for billing: concurrency 0 is Knative's word for no limit, billed as the highest. */
export function capacityOf(spec: { concurrency: number; maxInstances: number }): Capacity {
  const UNLIMITED = 1_000;
  return {
    concurrency: spec.concurrency === 0 ? UNLIMITED : spec.concurrency,
    maxInstances: spec.maxInstances,
  };
}

export interface Sweep {
  /** Blocks that opened within the span. */
  opened: number;
  /** Blocks that are still open at the end of the span, ascending by their end. */
  open: OpenBlocks[];
}

/**
 * Billable time under concurrency (design D6): the smallest number of instance blocks of 100 ms (or `blockMs`), each able to
 * hold N requests, that covers demand(t) = min(active(t), N x maxInstances). Sweeps time from left to right; whenever
 * demand(t) > N x open blocks, a block opens. O(changes), whatever the span's length.
 * @param changes ascending by time, all within the span
 * @param carried blocks open at the start of the span, ascending by their end
 */
export function sweepBlocks(
  changes: readonly Change[],
  capacity: Capacity,
  span: Interval,
  carried: readonly OpenBlocks[] = [],
  blockMs = BLOCK_MS,
): Sweep {
  const sweep = new BlockSweep(capacity, { startMs: span.startMs, blockMs, carried });
  for (const { atMs, delta } of changes) sweep.change(atMs, delta);
  const opened = sweep.cutAt(span.endMs);
  return { opened, open: sweep.openAt(span.endMs) };
}

/** Changes of a set of request intervals, clipped to the span. */
export function changesOf(intervals: readonly Interval[], span: Interval): Change[] {
  const changes: Change[] = [];
  for (const { startMs, endMs } of intervals) {
    if (endMs <= span.startMs || startMs >= span.endMs) continue;
    changes.push({ atMs: Math.max(startMs, span.startMs), delta: 1 });
    if (endMs < span.endMs) changes.push({ atMs: endMs, delta: -1 });
  }
  return mergeChanges(changes);
}

/** Ascending, at most one change per ms: within one ms nothing can be told apart. */
export function mergeChanges(changes: readonly Change[]): Change[] {
  const merged: Change[] = [];
  for (const { atMs, delta } of changes.toSorted((a, b) => a.atMs - b.atMs)) {
    const last = merged.at(-1);
    if (last?.atMs === atMs) last.delta += delta;
    else merged.push({ atMs, delta });
  }
  return merged;
}

/** Units of one request alone under model `per_request`: its length rounded up to blocks. */
export function unitsOfRequest(lengthMs: number): number {
  return Math.ceil(lengthMs / BLOCK_MS);
}
