import type { Clock } from '#libs/domain';
import { Loop, type Logger } from '#libs/process';
import { acquireLease, releaseLease, type Database, type Lease } from '#libs/store';

/** How long a lease outlives the last sign of its owner: what a killed process keeps others waiting. */
const LIFE_MS = 5_000;
const RENEW_MS = 1_500;

/**
 * Holds the leases of this process's partitions: takes those that are free, renews its own. What it says may be out
 * of date by the time of a write, so every write asserts the lease's epoch in its own transaction.
 */
export class LeaseKeeper {
  private held = new Map<string, Lease>();
  private readonly loop: Loop;

  constructor(
    private readonly names: readonly string[],
    private readonly owner: string,
    private readonly db: Database,
    private readonly clock: Clock,
    logger: Logger,
    private readonly onChange: () => void = () => undefined,
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
    this.onChange();
  }

  /** Takes and renews in one transaction. */
  async renew(): Promise<void> {
    const now = this.clock.now();
    this.held = await this.db.asSystem(async (tx) => {
      const held = new Map<string, Lease>();
      for (const name of this.names) {
        const lease = await acquireLease(tx, { name, owner: this.owner, now, lifeMs: LIFE_MS });
        if (lease) held.set(name, lease);
      }
      return held;
    });
    this.onChange();
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
}
