import { BlockSweep, type Capacity } from './block.sweep.js';
import { LeastFirst } from './least.first.js';

/**
 * Billed blocks of a stream of intervals that come ascending by their start. Holds what is active and what is open,
 * nothing else.
 */
export class ActiveSweep {
  private readonly sweep: BlockSweep;
  /** Instants to come, doubled; odd where one begins, even where one ends. */
  private readonly coming = new LeastFirst();

  constructor(capacity: Capacity, startMs: number, blockMs: number) {
    this.sweep = new BlockSweep(capacity, { startMs, blockMs });
  }

  /** An interval known at `nowMs`, which never goes back and is not after the interval's start. */
  add(startMs: number, endMs: number, nowMs: number): void {
    this.drain(nowMs);
    if (startMs === nowMs) this.sweep.change(startMs, 1);
    else this.coming.push(startMs * 2 + 1);
    this.coming.push(endMs * 2);
  }

  /** The number of blocks opened since the last cut, all before `atMs`. */
  cutAt(atMs: number): number {
    this.drain(atMs);
    return this.sweep.cutAt(atMs);
  }

  /** Blocks that open from the last cut on are this long. */
  resize(blockMs: number): void {
    this.sweep.resize(blockMs);
  }

  /** Whether nothing is active and nothing will be without a further interval. */
  get isQuiet(): boolean {
    return this.coming.size === 0;
  }

  private drain(toMs: number): void {
    for (let next = this.coming.first; next !== undefined && next < toMs * 2 + 2; next = this.coming.first) {
      this.coming.pop();
      this.sweep.change(Math.floor(next / 2), next % 2 === 1 ? 1 : -1);
    }
  }
}
