import type { Interval } from '../usage/usage.types.js';

/** How many ms one block is (design D6). */
export const BLOCK_MS = 100;

/** From `atMs` on, `delta` more (or fewer) requests are active. */
export interface Change {
  atMs: number;
  delta: number;
}

/** Blocks that end at the same ms. */
export interface OpenBlocks {
  endMs: number;
  count: number;
}

/** What an immutable revision can run: requests per instance (1-1000, or Infinity) and instances. */
export interface Capacity {
  concurrency: number;
  maxInstances: number;
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
 * Billable time under concurrency (design D6): the smallest number of 100 ms instance blocks, each able to hold N
 * requests, that covers demand(t) = min(active(t), N x maxInstances). Sweeps time from left to right; whenever
 * demand(t) > N x open blocks, a block [t, t + 100) opens. O(changes), whatever the span's length.
 * @param changes ascending by time, all within the span
 * @param carried blocks open at the start of the span, ascending by their end
 */
export function sweepBlocks(
  changes: readonly Change[],
  capacity: Capacity,
  span: Interval,
  carried: readonly OpenBlocks[] = [],
): Sweep {
  const cover = new Cover(carried);
  let active = 0;
  let needed = 0;
  let since = span.startMs;
  for (const change of changes) {
    active += change.delta;
    const next = blocksNeeded(active, capacity);
    if (next === needed) continue;
    cover.hold(needed, since, change.atMs);
    needed = next;
    since = change.atMs;
  }
  cover.hold(needed, since, span.endMs);
  return { opened: cover.opened, open: cover.openAt(span.endMs) };
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

function blocksNeeded(active: number, { concurrency, maxInstances }: Capacity): number {
  if (active <= 0) return 0;
  return Math.min(Math.max(1, Math.ceil(active / concurrency)), maxInstances);
}

/** The blocks that are open, oldest first. At most 100 different ends exist at a time. */
class Cover {
  opened = 0;
  private queue: OpenBlocks[];
  private open: number;

  constructor(carried: readonly OpenBlocks[]) {
    this.queue = carried.map((blocks) => ({ ...blocks }));
    this.open = carried.reduce((sum, { count }) => sum + count, 0);
  }

  /** Keeps at least `needed` blocks open at every ms of [fromMs, toMs). */
  hold(needed: number, fromMs: number, toMs: number): void {
    if (needed === 0) return;
    let now = fromMs;
    while (now < toMs) {
      this.expire(now);
      if (this.open < needed) this.openBlocks(now, needed - this.open);
      this.skipPeriods(now, fromMs, toMs);
      now = this.nextEnd();
    }
  }

  openAt(atMs: number): OpenBlocks[] {
    this.expire(atMs);
    return this.queue.map((blocks) => ({ ...blocks }));
  }

  private openBlocks(atMs: number, count: number): void {
    this.queue.push({ endMs: atMs + BLOCK_MS, count });
    this.open += count;
    this.opened += count;
  }

  private expire(atMs: number): void {
    while (this.queue[0] !== undefined && this.queue[0].endMs <= atMs) {
      this.open -= this.queue[0].count;
      this.queue.shift();
    }
  }

  private nextEnd(): number {
    return this.queue[0]?.endMs ?? Infinity;
  }

  /**
   * Once every open block was opened under the present need, each is renewed at its end and the picture repeats
   * every 100 ms: whole periods are counted at once.
   */
  private skipPeriods(now: number, fromMs: number, toMs: number): void {
    const periods = Math.floor((toMs - 1 - now) / BLOCK_MS);
    if (periods <= 0 || this.nextEnd() - BLOCK_MS < fromMs) return;
    for (const blocks of this.queue) blocks.endMs += periods * BLOCK_MS;
    this.opened += periods * this.open;
  }
}
