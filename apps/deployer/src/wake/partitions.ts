import { stableHash, type Clock } from '#libs/domain';
import { Loop, type Logger } from '#libs/process';
import { acquireLease, releaseLease, type Database, type Lease } from '#libs/store';

/** Services are divided into so many parts; each is worked on by the one replica that holds its lease. */
export const PARTITIONS = 8;
const LIFE_MS = 15_000;
const RENEW_MS = 5_000;

/** Which part a service belongs to: the same in every replica and version. */
export function partitionOf(serviceId: string): number {
  return stableHash(serviceId) % PARTITIONS;
}

/** Takes and renews the leases of partitions. What fences is the lease's epoch, checked at every write. */
export class Partitions {
  private readonly leases = new Map<number, Lease>();
  /** Gained, and their services are not woken yet. */
  private readonly unseen = new Set<number>();
  private readonly loop: Loop;

  constructor(
    private readonly db: Database,
    private readonly clock: Clock,
    private readonly owner: string,
    private readonly onGained: (partitions: readonly number[]) => Promise<void>,
    logger: Logger,
  ) {
    this.loop = new Loop('leases', RENEW_MS, () => this.renew(), logger);
  }

  start(): void {
    this.loop.start();
  }

  /** Lets go of all leases, so that another replica takes over at once. */
  async stop(): Promise<void> {
    await this.loop.stop();
    const held = [...this.leases.values()];
    this.leases.clear();
    await this.db.asSystem(async (tx) => {
      for (const lease of held) await releaseLease(tx, lease, this.clock.now());
    });
  }

  /** The lease under which this replica may write about the service; undefined when it is another's. */
  leaseOf(serviceId: string): Lease | undefined {
    return this.leases.get(partitionOf(serviceId));
  }

  /** Forgets a lease that turned out to be lost, and asks for it anew. */
  lost(lease: Lease): void {
    for (const [partition, held] of this.leases) {
      if (held.name === lease.name && held.epoch === lease.epoch) this.leases.delete(partition);
    }
    this.loop.wake();
  }

  private async renew(): Promise<void> {
    for (let partition = 0; partition < PARTITIONS; partition++) {
      if (await this.take(partition)) this.unseen.add(partition);
    }
    if (this.unseen.size === 0) return;
    const gained = [...this.unseen];
    // Kept when it fails: the next round is no gain any more.
    await this.onGained(gained);
    for (const partition of gained) this.unseen.delete(partition);
  }

  /** True when the lease is new here, or was taken anew after a lapse. */
  private async take(partition: number): Promise<boolean> {
    const name = `deployer.${partition}`;
    const ask = { name, owner: this.owner, now: this.clock.now(), lifeMs: LIFE_MS };
    const lease = await this.db.asSystem((tx) => acquireLease(tx, ask));
    const before = this.leases.get(partition);
    if (lease) this.leases.set(partition, lease);
    else this.leases.delete(partition);
    return lease !== undefined && lease.epoch !== before?.epoch;
  }
}
