import { SHARDS, type Clock } from '#libs/domain';
import { Loop, crashPoint, type Health, type Logger } from '#libs/process';
import { findDirtyShards, whileHeld, type Database, type Lease, type LeaseKeeper } from '#libs/store';
import type { BillingMetrics } from '../billing.metrics.js';
import type { MeteredThings } from '../metered.things.js';
import { FOLD_LIMITS, foldShard, type Folded } from './window.fold.js';

/** How often marks are looked for: the bill is this and one fold behind what was taken in. */
const LOOK_MS = 500;
/** After a fold that took d ms of an organization, it rests this many times d: a busy window is read whole each time. */
const REST = 2;
const MOST_REST_MS = 2_000;

export const foldLease = (shard: number): string => `billing-fold-${shard}`;
export const FOLD_LEASES = Array.from({ length: SHARDS }, (_, shard) => foldLease(shard));

/** Folds the marked windows of every shard whose lease this process holds. */
export class FoldWorker {
  private readonly loop: Loop;
  /** Until when organizations rest, UTC ms. */
  private readonly rests = new Map<string, number>();

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

  /** Rounds, as long as one finds something: who comes while another's backlog is folded is in the next. */
  private async look(signal: AbortSignal): Promise<void> {
    const failures = new Map<number, unknown>();
    let folded: number;
    do {
      const resting = this.resting();
      const dirty = await this.db.asSystem((tx) => findDirtyShards(tx, resting));
      this.metrics.waiting(dirty);
      const due = dirty.filter(({ shard, due }) => due > 0 && !failures.has(shard));
      folded = await this.foldRound(
        due.map(({ shard }) => shard),
        resting,
        failures,
      );
    } while (folded > 0 && !signal.aborted);
    const [failure] = [...failures.values()];
    const isWell = failures.size === 0;
    this.health.set('fold', isWell, isWell ? '' : 'usage cannot be folded into windows');
    if (!isWell) throw failure;
  }

  /** One transaction of each shard, so that a shard with much to fold holds up no other; returns how many windows. */
  private async foldRound(
    shards: readonly number[],
    resting: readonly string[],
    failures: Map<number, unknown>,
  ): Promise<number> {
    let folded = 0;
    for (const shard of shards) {
      const lease = this.leases.holding(foldLease(shard));
      if (!lease) continue;
      try {
        folded += await this.foldOnce(shard, lease, resting);
      } catch (error) {
        // One shard's trouble keeps no other from being folded.
        failures.set(shard, error);
      }
    }
    return folded;
  }

  /** One transaction of one shard; what makes it fail leaves the marks where they are. */
  async foldOnce(shard: number, lease: Lease, resting: readonly string[] = []): Promise<number> {
    const began = this.clock.now();
    const folded = await whileHeld({ db: this.db, leases: this.leases }, lease, async (tx) => {
      const done = await foldShard(tx, shard, this.things, began, resting);
      crashPoint('billing.folded');
      return done;
    });
    if (!folded) return 0;
    this.metrics.foldedWindows(folded.windows, this.clock.now() - began);
    this.rest(folded, this.clock.now() - began);
    return folded.windows;
  }

  private resting(): string[] {
    const now = this.clock.now();
    for (const [organizationId, until] of this.rests) if (until <= now) this.rests.delete(organizationId);
    return [...this.rests.keys()];
  }

  /** Each rests for its own part of what the transaction took; who has a backlog goes on, in turns with the others. */
  private rest({ marks }: Folded, tookMs: number): void {
    const all = [...marks.values()].reduce((sum, count) => sum + count, 0);
    for (const [organizationId, count] of marks) {
      if (count >= FOLD_LIMITS.each) continue;
      const restMs = Math.min((REST * tookMs * count) / all, MOST_REST_MS);
      this.rests.set(organizationId, this.clock.now() + restMs);
    }
  }
}
