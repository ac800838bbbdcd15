import { judgeAttempt, type Attempt, type Clock, type Random, type WebhookReach } from '#libs/domain';
import { Loop, type Logger } from '#libs/process';
import {
  dueDeliveries,
  openSealed,
  saveAttempt,
  whileHeld,
  type Database,
  type DueDelivery,
  type Lease,
  type LeaseKeeper,
} from '#libs/store';
import type { BillingMetrics } from '../billing.metrics.js';
import { sendWebhook } from './webhook.sender.js';

export const WEBHOOK_LEASE = 'billing-webhooks';
const LOOK_MS = 1_000;
/** Messages under way at a time, of one organization and together. */
const LIMITS = { each: 4, all: 32 };

export interface WebhookOptions {
  masterKey: Uint8Array;
  reach: WebhookReach;
}

/**
 * Sends what waits, while this process holds the lease: at least once, since a process may die between an answer and the
 * note of it; the message's id is the same then. A slow receiver holds up four messages of its own organization.
 */
export class WebhookWorker {
  private readonly loop: Loop;
  private readonly underWay = new Map<string, Promise<void>>();
  private readonly ending = new AbortController();

  constructor(
    private readonly db: Database,
    private readonly leases: Pick<LeaseKeeper, 'holding' | 'lost'>,
    private readonly options: WebhookOptions,
    private readonly metrics: BillingMetrics,
    private readonly clock: Clock,
    private readonly random: Random,
    private readonly logger: Logger,
  ) {
    this.loop = new Loop('webhooks', LOOK_MS, () => this.look(), logger);
  }

  start(): void {
    this.loop.start();
  }

  /** Until nothing is under way. */
  async settled(): Promise<void> {
    await Promise.all(this.underWay.values());
  }

  async stop(): Promise<void> {
    this.ending.abort();
    await this.loop.stop();
    await this.settled();
  }

  /** Begins what is due and can be begun. */
  async look(): Promise<void> {
    const lease = this.leases.holding(WEBHOOK_LEASE);
    if (!lease) return;
    const limits = { each: LIMITS.each, all: LIMITS.all - this.underWay.size };
    const ids = [...this.underWay.keys()];
    const due = await this.db.asSystem((tx) => dueDeliveries(tx, this.clock.now(), ids, limits));
    for (const delivery of due) this.begin(lease, delivery);
  }

  private begin(lease: Lease, delivery: DueDelivery): void {
    const attempt = this.attempt(lease, delivery)
      .catch((error: unknown) => this.logger.warn({ err: error, delivery: delivery.id }, 'webhook not noted'))
      .finally(() => this.underWay.delete(delivery.id));
    this.underWay.set(delivery.id, attempt);
  }

  private async attempt(lease: Lease, delivery: DueDelivery): Promise<void> {
    const { masterKey, reach } = this.options;
    const { organizationId, sealedKey, url, notice } = delivery;
    const key = await this.db.asSystem((tx) => openSealed(tx, organizationId, sealedKey, masterKey));
    if (!key) return;
    const attempt = await sendWebhook({ url, notice, key }, reach, this.clock.now(), this.ending.signal);
    // What was cut off by our own end is tried again by whoever comes next.
    if (this.ending.signal.aborted && attempt.status === undefined) return;
    await this.note(lease, delivery, attempt);
  }

  private async note(lease: Lease, delivery: DueDelivery, attempt: Attempt): Promise<void> {
    const now = this.clock.now();
    const [byte = 0] = this.random(1);
    const after = judgeAttempt(delivery, attempt, now, byte / 256);
    const saved = await whileHeld({ db: this.db, leases: this.leases }, lease, async (tx) => {
      await saveAttempt(tx, delivery, after, now);
      return true;
    });
    if (saved === true) this.metrics.triedWebhook(after.status);
  }
}
