import { Loop, type Logger } from '#libs/process';
import { whileHeld, type Database, type LeaseKeeper, type LeasedTx } from '#libs/store';
import { INTAKE_LEASE } from './intake.worker.js';

/** What waits in rows of the database to be taken in, instead of coming by a stream. */
export interface WaitingKind<T> {
  /** Of its loop, in the log. */
  name: string;
  lookMs: number;
  /** Takes in some of it. */
  take: (tx: LeasedTx) => Promise<T>;
  /**
   * Told what was taken, once it is committed.
   * @returns whether more may wait: it is gone on with at once
   */
  took: (taken: T) => boolean;
}

/** Takes in what waits, while this process holds the intake's lease. */
export class WaitingIntake<T> {
  private readonly loop: Loop;

  constructor(
    private readonly kind: WaitingKind<T>,
    private readonly held: { db: Database; leases: Pick<LeaseKeeper, 'holding' | 'lost'> },
    logger: Logger,
  ) {
    this.loop = new Loop(kind.name, kind.lookMs, () => this.look(), logger);
  }

  start(): void {
    this.loop.start();
  }

  stop(): Promise<void> {
    return this.loop.stop();
  }

  private async look(): Promise<void> {
    const lease = this.held.leases.holding(INTAKE_LEASE);
    if (!lease) return;
    const taken = await whileHeld(this.held, lease, (tx) => this.kind.take(tx));
    if (taken !== undefined && this.kind.took(taken)) this.loop.wake();
  }
}
