import { BILLING_CONSUMER, STREAMS, type Bus } from '#libs/bus';
import { Loop, type Health, type Logger } from '#libs/process';
import type { BillingMetrics } from './billing.metrics.js';

const LOOK_MS = 5_000;
/** A gateway sends about one message a second: with so many waiting, bills are hours behind. */
const MAX_PENDING = 10_000;
/** A stream with a bound drops its oldest message when it is full: one that waits when nearly all of them wait. */
const MAX_FULL = 0.8;
const MAX_WAITING = 0.8;

/** Watches how many messages wait for billing, and whether the stream of instances may drop one before it is taken in. */
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
    const usage = await this.waiting(STREAMS.usage);
    const instances = await this.waiting(STREAMS.instances);
    this.metrics.pendingMessages(usage.pending);
    this.metrics.pendingIntervals(instances.pending);
    const troubles = [
      usage.pending > MAX_PENDING && `${usage.pending} usage messages wait`,
      instances.pending > MAX_PENDING && `${instances.pending} messages of instances wait`,
      instances.full > MAX_FULL &&
        instances.pending > MAX_WAITING * instances.messages &&
        `stream ${STREAMS.instances} is ${Math.round(instances.full * 100)} % full of messages that wait`,
    ].filter((one) => one !== false);
    this.health.set('lag', troubles.length === 0, troubles.join('; '));
  }

  private async waiting(stream: string): Promise<{ pending: number; messages: number; full: number }> {
    const jsm = await this.bus.jsm();
    const { num_pending: pending } = await jsm.consumers.info(stream, BILLING_CONSUMER);
    const { config, state } = await jsm.streams.info(stream);
    const full = config.max_bytes > 0 ? state.bytes / config.max_bytes : 0;
    return { pending, messages: state.messages, full };
  }
}
