import { BILLING_CONSUMER, STREAMS, type Bus } from '#libs/bus';
import { Loop, type Health, type Logger } from '#libs/process';
import type { BillingMetrics } from './billing.metrics.js';

const LOOK_MS = 5_000;
/** A gateway sends about one message a second: with so many waiting, bills are hours behind. */
const MAX_PENDING = 10_000;

/** Watches how many usage messages wait for billing. */
export class LagWatch {
  private readonly loop: Loop;

  constructor(
    private readonly bus: Bus,
    private readonly metrics: BillingMetrics,
    private readonly health: Health,
    logger: Logger,
  ) {
    this.loop = new Loop('lag', LOOK_MS, () => this.look(), logger);
  }

  start(): void {
    this.loop.start();
  }

  stop(): Promise<void> {
    return this.loop.stop();
  }

  private async look(): Promise<void> {
    const jsm = await this.bus.jsm();
    const { num_pending: pending } = await jsm.consumers.info(STREAMS.usage, BILLING_CONSUMER);
    this.metrics.pendingMessages(pending);
    this.health.set('lag', pending <= MAX_PENDING, `${pending} usage messages wait`);
  }
}
