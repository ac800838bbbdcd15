import { Loop, type Logger } from '#libs/process';
import { countQuarantine, type Database, type LeaseKeeper } from '#libs/store';
import type { BillingMetrics } from './billing.metrics.js';
import { INTAKE_LEASE } from './intake/intake.worker.js';

/** All refused records are counted at each look. */
const LOOK_MS = 60_000;

/** Counts what is in quarantine and what operators said of it, in the process that takes usage in: the others show none. */
export class QuarantineWatch {
  private readonly loop: Loop;

  constructor(
    private readonly db: Database,
    private readonly leases: Pick<LeaseKeeper, 'holding'>,
    private readonly metrics: BillingMetrics,
    logger: Logger,
  ) {
    this.loop = new Loop('quarantine', LOOK_MS, () => this.look(), logger);
  }

  start(): void {
    this.loop.start();
  }

  /** Another process may count from now on, or this one. */
  wake(): void {
    this.loop.wake();
  }

  stop(): Promise<void> {
    return this.loop.stop();
  }

  private async look(): Promise<void> {
    const isIts = this.leases.holding(INTAKE_LEASE) !== undefined;
    this.metrics.quarantine(isIts ? await this.db.asSystem(countQuarantine) : []);
  }
}
