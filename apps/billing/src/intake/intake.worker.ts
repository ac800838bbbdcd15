import { BILLING_CONSUMER, STREAMS, type Bus, type Follower } from '#libs/bus';
import { crashPoint, type Health, type Logger } from '#libs/process';
import { LeaseLost, type LeaseKeeper } from '#libs/store';
import type { BillingMetrics } from '../billing.metrics.js';
import { MessageGroups } from './message.groups.js';
import type { UsageIntake } from './usage.intake.js';
import { readUsageMessage, type UsageMessage } from './usage.message.js';
import type { UsageReread } from './usage.reread.js';

/** The one partition of stream USAGE there is now; more come as more consumers with subjects of their own. */
export const INTAKE_LEASE = 'billing-intake-0';

/** Messages stored in one transaction at most. */
export const GROUP = 16;
/** In hand at a time: while one group is stored, the next one is read. */
export const IN_HAND = 2 * GROUP;

/** Follows the stream while this process holds the partition's lease. */
export class IntakeWorker {
  private follower: Follower | undefined;
  private ended = false;
  private readonly groups = new MessageGroups(readUsageMessage, (messages) => this.take(messages), GROUP);

  constructor(
    private readonly bus: Bus,
    private readonly leases: LeaseKeeper,
    private readonly intake: UsageIntake,
    private readonly reread: UsageReread,
    private readonly metrics: BillingMetrics,
    private readonly health: Health,
    private readonly logger: Logger,
  ) {}

  /** Called whenever the leases may have changed hands. */
  leasesChanged(): void {
    if (this.ended) return;
    const lease = this.leases.holding(INTAKE_LEASE);
    if (!lease) return void this.pause();
    void this.reread.ifAsked(lease);
    this.follower ??= this.follow();
  }

  /** Ends after the message in hand. */
  stop(): Promise<void> {
    this.ended = true;
    return this.pause();
  }

  private async pause(): Promise<void> {
    const { follower } = this;
    this.follower = undefined;
    await follower?.stop();
    // Another replica takes usage in: what went wrong here is not the platform's trouble any more.
    if (this.follower === undefined) this.health.set('intake', true);
  }

  private follow(): Follower {
    return this.bus.follow(STREAMS.usage, BILLING_CONSUMER, (message) => this.groups.add(message), {
      width: IN_HAND,
      onTrouble: (error) => {
        if (error instanceof LeaseLost) this.leases.lost(error.lease);
        this.health.set('intake', false, 'usage records cannot be taken in');
        this.logger.warn({ err: error }, 'usage intake is in trouble');
      },
      onCalm: () => this.health.set('intake', true),
    });
  }

  private async take(messages: readonly UsageMessage[]): Promise<void> {
    const lease = this.leases.holding(INTAKE_LEASE);
    // Given back: whoever holds the lease by then takes it.
    if (!lease) throw new Error('usage is taken in by another process now');
    const result = await this.intake.take(messages, lease);
    crashPoint('billing.committed');
    this.metrics.tookIn(result);
    this.health.set('intake', true);
    if (result.quarantined.length === 0) return;
    const reasons = [...new Set(result.quarantined.map(({ reason }) => reason))];
    this.logger.warn({ reasons, count: result.quarantined.length }, 'usage quarantined');
  }
}
