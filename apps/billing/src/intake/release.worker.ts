import type { Clock } from '#libs/domain';
import { Loop, type Logger } from '#libs/process';
import { whileHeld, type Database, type LeaseKeeper } from '#libs/store';
import type { BillingMetrics } from '../billing.metrics.js';
import type { MeteredThings } from '../metered.things.js';
import { INTAKE_LEASE } from './intake.worker.js';
import { RELEASED_BATCH, takeReleased } from './released.intake.js';

const LOOK_MS = 2_000;

/** Takes in what operators released from quarantine, while this process holds the intake's lease. */
export class ReleaseWorker {
  private readonly loop: Loop;

  constructor(
    private readonly db: Database,
    private readonly leases: Pick<LeaseKeeper, 'holding' | 'lost'>,
    private readonly things: MeteredThings,
    private readonly metrics: BillingMetrics,
    private readonly clock: Clock,
    logger: Logger,
  ) {
    this.loop = new Loop('releases', LOOK_MS, () => this.look(), logger);
  }

  start(): void {
    this.loop.start();
  }

  stop(): Promise<void> {
    return this.loop.stop();
  }

  private async look(): Promise<void> {
    const lease = this.leases.holding(INTAKE_LEASE);
    if (!lease) return;
    const outcomes = await whileHeld({ db: this.db, leases: this.leases }, lease, (tx) =>
      takeReleased(tx, this.things, this.clock.now()),
    );
    if (!outcomes) return;
    this.metrics.lookedAgain(outcomes.values());
    if (outcomes.size === RELEASED_BATCH) this.loop.wake();
  }
}
