import type { Clock } from '#libs/domain';
import { Loop, type Logger } from '#libs/process';
import type { Database } from './database.js';
import { acquireLease, releaseLease, type Lease } from './lease.store.js';

/** How long a lease outlives the last sign of its owner: what a killed process keeps others waiting. */
const LIFE_MS = 5_000;
const RENEW_MS = 1_500;

export interface LeaseNews {
  /** The leases may have changed hands. */
  onChange?: () => void;
  /** These are new here, or were taken anew after a lapse; told again until it has worked. */
  onGained?: (names: readonly string[]) => Promise<void>;
}

/**
 * Holds the leases of this process's partitions: takes those that are free, renews its own. What it says may be out
 * of date by the time of a write, so every write asserts the lease's epoch in its own transaction.
 */
export class LeaseKeeper {
  private held = new Map<string, Lease>();
  /** Gained, and `onGained` has not worked yet. */
  private readonly untold = new Set<string>();
  private readonly loop: Loop;

  constructor(
    private readonly names: readonly string[],
    private readonly owner: string,
    private readonly db: Database,
    private readonly clock: Clock,
    logger: Logger,
    private readonly news: LeaseNews = {},
  ) {
    this.loop = new Loop('leases', RENEW_MS, () => this.renew(), logger);
  }

  start(): void {
    this.loop.start();
  }

  /** The lease when this process holds it, as far as it knows. */
  holding(name: string): Lease | undefined {
    return this.held.get(name);
  }

  /** Somebody else has it: forgets it at once, the next renewal sees who. */
  lost(lease: Lease): void {
    if (this.held.get(lease.name)?.epoch === lease.epoch) this.held.delete(lease.name);
    this.news.onChange?.();
  }

  /** Takes and renews in one transaction. */
  async renew(): Promise<void> {
    const before = this.held;
    this.held = await this.acquire();
    for (const { name, epoch } of this.held.values())
      if (before.get(name)?.epoch !== epoch) this.untold.add(name);
    this.news.onChange?.();
    await this.tell();
  }

  /** Lets go of everything, so that another replica takes over at once. */
  async stop(): Promise<void> {
    await this.loop.stop();
    const leases = [...this.held.values()];
    this.held = new Map();
    await this.db.asSystem(async (tx) => {
      for (const lease of leases) await releaseLease(tx, lease, this.clock.now());
    });
  }

  private acquire(): Promise<Map<string, Lease>> {
    const ask = { owner: this.owner, now: this.clock.now(), lifeMs: LIFE_MS };
    return this.db.asSystem(async (tx) => {
      const held = new Map<string, Lease>();
      for (const name of this.names) {
        const lease = await acquireLease(tx, { name, ...ask });
        if (lease) held.set(name, lease);
      }
      return held;
    });
  }

  private async tell(): Promise<void> {
    if (this.untold.size === 0) return;
    const names = [...this.untold];
    await this.news.onGained?.(names);
    for (const name of names) this.untold.delete(name);
  }
}
