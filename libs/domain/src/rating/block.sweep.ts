/** What an immutable revision can run: requests per instance (1-1000, or Infinity) and instances. */
export interface Capacity {
  concurrency: number;
  maxInstances: number;
}

/** Blocks that end at the same ms. */
export interface OpenBlocks {
  endMs: number;
  count: number;
}

/** Where a sweep begins. */
export interface SweepStart {
  startMs: number;
  blockMs: number;
  /** Blocks open at the start, ascending by their end. */
  carried?: readonly OpenBlocks[];
}

/**
 * Billable time under concurrency (design D6), fed change by change: whenever demand exceeds what open blocks hold, one
 * more opens. Holds only what is open now, so it can run over any length of time.
 */
export class BlockSweep {
  private readonly cover: Cover;
  private active = 0;
  private needed = 0;
  /** Since when `needed` is needed. */
  private since: number;
  /** The instant of the latest changes: they count together. */
  private at: number;
  private counted = 0;

  constructor(
    private readonly capacity: Capacity,
    { startMs, blockMs, carried = [] }: SweepStart,
  ) {
    this.cover = new Cover(carried, blockMs);
    this.since = startMs;
    this.at = startMs;
  }

  /** From `atMs` on, `delta` more (or fewer) requests are active. Instants must not go back. */
  change(atMs: number, delta: number): void {
    if (atMs > this.at) this.settle();
    this.at = atMs;
    this.active += delta;
  }

  /** The number of blocks opened since the last cut, all before `atMs`. */
  cutAt(atMs: number): number {
    this.settle();
    this.cover.hold(this.needed, this.since, atMs);
    this.since = atMs;
    this.at = atMs;
    const opened = this.cover.opened - this.counted;
    this.counted = this.cover.opened;
    return opened;
  }

  /** Blocks still open at an instant, ascending by their end. To be asked after a cut there. */
  openAt(atMs: number): OpenBlocks[] {
    return this.cover.openAt(atMs);
  }

  /** Blocks that open from the last cut on are this long. */
  resize(blockMs: number): void {
    this.cover.resize(blockMs);
  }

  private settle(): void {
    const next = blocksNeeded(this.active, this.capacity);
    if (next === this.needed) return;
    this.cover.hold(this.needed, this.since, this.at);
    this.needed = next;
    this.since = this.at;
  }
}

/** Blocks that so many active requests need at one instant. */
export function blocksNeeded(active: number, { concurrency, maxInstances }: Capacity): number {
  if (active <= 0) return 0;
  return Math.min(Math.max(1, Math.ceil(active / concurrency)), maxInstances);
}

/** The blocks that are open, oldest first. There are at most as many different ends as a block has ms. */
class Cover {
  opened = 0;
  private queue: OpenBlocks[];
  private open: number;

  /** Until then blocks of another length may be open. */
  private mixedUntil: number;

  constructor(
    carried: readonly OpenBlocks[],
    private blockMs: number,
  ) {
    this.queue = carried.map((blocks) => ({ ...blocks }));
    this.open = carried.reduce((sum, { count }) => sum + count, 0);
    // what was handed over may be of another length
    this.mixedUntil = Math.max(-Infinity, ...carried.map(({ endMs }) => endMs));
  }

  /** Blocks that open from now on are this long. */
  resize(blockMs: number): void {
    if (blockMs === this.blockMs) return;
    this.mixedUntil = Math.max(this.mixedUntil, ...this.queue.map(({ endMs }) => endMs));
    this.blockMs = blockMs;
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
    this.insert({ endMs: atMs + this.blockMs, count });
    this.open += count;
    this.opened += count;
  }

  /** Ascending by end: only shorter blocks after a change of length end before others. */
  private insert(blocks: OpenBlocks): void {
    let place = this.queue.length;
    while (place > 0 && (this.queue[place - 1]?.endMs ?? 0) > blocks.endMs) place -= 1;
    this.queue.splice(place, 0, blocks);
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
   * every block length: whole periods are counted at once.
   */
  private skipPeriods(now: number, fromMs: number, toMs: number): void {
    const periods = Math.floor((toMs - 1 - now) / this.blockMs);
    if (periods <= 0 || now < this.mixedUntil || this.nextEnd() - this.blockMs < fromMs) return;
    for (const blocks of this.queue) blocks.endMs += periods * this.blockMs;
    this.opened += periods * this.open;
  }
}
