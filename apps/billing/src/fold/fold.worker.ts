import { SHARDS, type Clock } from '#libs/domain';
import { Loop, crashPoint, type Health, type Logger } from '#libs/process';
import {
  LeaseLost,
  findDirtyShards,
  underLease,
  type Database,
  type Lease,
  type LeaseKeeper,
} from '#libs/store';
import type { BillingMetrics } from '../billing.metrics.js';
import type { MeteredThings } from '../metered.things.js';
import { foldShard } from './window.fold.js';

/** How often marks are looked for: the bill is this and one fold behind what was taken in. */
const LOOK_MS = 500;
/** After a fold of d ms, folding rests this many times d: a busy window is read whole each time. */
const REST = 2;
/** But no longer: what one organization's backlog took, the others do not wait for. */
const MOST_REST_MS = 2_000;

export const foldLease = (shard: number): string => `billing-fold-${shard}`;
export const FOLD_LEASES = Array.from({ length: SHARDS }, (_, shard) => foldLease(shard));

/** Folds the marked windows of every shard whose lease this process holds. */
export class FoldWorker {
  private readonly loop: Loop;
  private restUntil = 0;

  constructor(
    private readonly db: Database,
    private readonly leases: LeaseKeeper,
    private readonly things: MeteredThings,
    private readonly metrics: BillingMetrics,
    private readonly health: Health,
    private readonly clock: Clock,
    logger: Logger,
  ) {
    this.loop = new Loop('fold', LOOK_MS, (signal) => this.look(signal), logger);
  }

  start(): void {
    this.loop.start();
  }

  stop(): Promise<void> {
    return this.loop.stop();
  }

  private async look(signal: AbortSignal): Promise<void> {
    if (this.clock.now() < this.restUntil) return;
    const dirty = await this.db.asSystem(findDirtyShards);
    this.metrics.waiting(dirty);
    const began = this.clock.now();
    const failures: unknown[] = [];
    let left = dirty.map(({ shard }) => shard);
    while (left.length > 0 && !signal.aborted) left = await this.foldRound(left, failures);
    this.restUntil = this.clock.now() + Math.min(REST * (this.clock.now() - began), MOST_REST_MS);
    this.health.set(
      'fold',
      failures.length === 0,
      failures.length === 0 ? '' : 'usage cannot be folded into windows',
    );
    if (failures.length > 0) throw failures[0];
  }

  /** One transaction of each shard, so that a shard with much to fold holds up no other; returns those with more. */
  private async foldRound(shards: readonly number[], failures: unknown[]): Promise<number[]> {
    const left: number[] = [];
    for (const shard of shards) {
      const lease = this.leases.holding(foldLease(shard));
      if (!lease) continue;
      try {
        if ((await this.foldOnce(shard, lease)) > 0) left.push(shard);
      } catch (error) {
        // One shard's trouble keeps no other from being folded.
        failures.push(error);
      }
    }
    return left;
  }

  /** One transaction of one shard; what makes it fail leaves the marks where they are. */
  async foldOnce(shard: number, lease: Lease): Promise<number> {
    const began = this.clock.now();
    try {
      const folded = await underLease(this.db, lease, async (tx) => {
        const windows = await foldShard(tx, shard, this.things, began);
        crashPoint('billing.folded');
        return windows;
      });
      this.metrics.foldedWindows(folded, this.clock.now() - began);
      return folded;
    } catch (error) {
      if (!(error instanceof LeaseLost)) throw error;
      this.leases.lost(error.lease);
      return 0;
    }
  }
}
