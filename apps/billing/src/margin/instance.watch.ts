import type { Clock } from '#libs/domain';
import { Loop, type Logger } from '#libs/process';
import { lookAtInstances, whileHeld, type Database, type LeaseKeeper } from '#libs/store';

export const MARGIN_LEASE = 'billing-margin';
const LOOK_MS = 10_000;

/**
 * Looks every 10 s at what clusters report to run, and adds it to the time that instances ran. For the operator's margin
 * only: no bill is made from it.
 */
export class InstanceWatch {
  private readonly loop: Loop;

  constructor(
    private readonly db: Database,
    private readonly leases: LeaseKeeper,
    private readonly clock: Clock,
    logger: Logger,
  ) {
    this.loop = new Loop('instances', LOOK_MS, () => this.look(), logger);
  }

  start(): void {
    this.loop.start();
  }

  stop(): Promise<void> {
    return this.loop.stop();
  }

  private async look(): Promise<void> {
    const lease = this.leases.holding(MARGIN_LEASE);
    if (!lease) return;
    const { db, leases, clock } = this;
    await whileHeld({ db, leases }, lease, (tx) => lookAtInstances(tx, clock.now()));
  }
}
