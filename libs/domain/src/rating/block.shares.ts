import type { Interval } from '../usage/usage.types.js';
import { blocksNeeded, type Capacity, type OpenBlocks } from './block.sweep.js';
import { BLOCK_MS } from './blocks.js';
import { LeastFirst } from './least.first.js';

/** A stretch of time in which a request was active. Several may be of one request. */
export interface Busy extends Interval {
  id: string;
}

/** A block and who bears it. */
export interface Opened {
  id: string;
  atMs: number;
}

/**
 * Who bears the blocks that sweepBlocks counts: each block whole the request that opens it, sharers nothing. A block is
 * opened by a request that begins at that instant; else, when one ends under lasting demand, by the longest active one
 * that bears none. O(n log n).
 * @param carried blocks open at the start of the span, ascending by their end, which nobody in it bears
 * @returns in the order of time
 */
export function blockShares(
  busy: readonly Busy[],
  capacity: Capacity,
  span: Interval,
  carried: readonly OpenBlocks[] = [],
  blockMs = BLOCK_MS,
): Opened[] {
  const within = busy.filter(({ startMs, endMs }) => endMs > span.startMs && startMs < span.endMs);
  const cover = new SharedCover(within.toSorted(inTurn), capacity, { span, carried, blockMs });
  return cover.sweep();
}

/** The longest active first; among those that began together by id. */
function inTurn(a: Busy, b: Busy): number {
  return a.startMs - b.startMs || (a.id < b.id ? -1 : a.id > b.id ? 1 : a.endMs - b.endMs);
}

interface Held {
  endMs: number;
  /** Who bears it, by place in the list; absent when it was open before. */
  owner?: number;
}

/** Blocks that are open, oldest first, and the requests that could open the next one. */
class SharedCover {
  private readonly opened: Opened[] = [];
  private readonly held: Held[];
  private expired = 0;
  /** Places in `busy` of those that are active and bear no block: the longest active is the least. */
  private readonly free = new LeastFirst();
  private readonly ends: number[];
  private begun = 0;
  private ended = 0;
  private readonly span: Interval;
  private readonly blockMs: number;

  constructor(
    private readonly busy: readonly Busy[],
    private readonly capacity: Capacity,
    { span, carried, blockMs }: { span: Interval; carried: readonly OpenBlocks[]; blockMs: number },
  ) {
    this.span = span;
    this.blockMs = blockMs;
    this.ends = busy.map(({ endMs }) => endMs).sort((a, b) => a - b);
    this.held = carried.flatMap(({ endMs, count }) => Array.from({ length: count }, () => ({ endMs })));
  }

  sweep(): Opened[] {
    for (let now = this.span.startMs; now < this.span.endMs; now = this.nextInstant(now)) this.step(now);
    return this.opened;
  }

  private step(now: number): void {
    while ((this.ends[this.ended] ?? Infinity) <= now) this.ended += 1;
    this.expire(now);
    const first = this.begun;
    while ((this.busy[this.begun]?.startMs ?? Infinity) <= now) this.begun += 1;
    let missing = blocksNeeded(this.begun - this.ended, this.capacity) - (this.held.length - this.expired);
    for (let place = first; place < this.begun; place += 1) {
      if (this.busy[place]?.startMs === now && missing > 0) {
        this.open(place, now);
        missing -= 1;
      } else this.free.push(place);
    }
    for (; missing > 0; missing -= 1) this.open(this.longestFree(now), now);
  }

  /** There is one whenever a block is missing: no more blocks are needed than requests are active. */
  private longestFree(now: number): number {
    let place = this.free.pop() ?? 0;
    while ((this.busy[place]?.endMs ?? Infinity) <= now) place = this.free.pop() ?? 0;
    return place;
  }

  private open(place: number, atMs: number): void {
    this.opened.push({ id: this.busy[place]?.id ?? '', atMs });
    this.hold({ endMs: atMs + this.blockMs, owner: place });
  }

  /** Ascending by end: only blocks of before a change of length may end later. */
  private hold(block: Held): void {
    let place = this.held.length;
    while (place > this.expired && (this.held[place - 1]?.endMs ?? 0) > block.endMs) place -= 1;
    this.held.splice(place, 0, block);
  }

  private expire(now: number): void {
    for (let held = this.held[this.expired]; held && held.endMs <= now; held = this.held[this.expired]) {
      if (held.owner !== undefined) this.free.push(held.owner);
      this.expired += 1;
    }
  }

  /** The next time at which something begins, ends, or a block of a busy time expires. */
  private nextInstant(now: number): number {
    const begins = this.busy[this.begun]?.startMs ?? Infinity;
    const ends = this.ends[this.ended] ?? Infinity;
    const expires = this.begun > this.ended ? (this.held[this.expired]?.endMs ?? Infinity) : Infinity;
    return Math.max(now + 1, Math.min(this.span.endMs, begins, ends, expires));
  }
}
