import { BILLING_CONSUMER, type Bus, type FollowedMessage, type Follower } from '#libs/bus';
import type { Health, Logger } from '#libs/process';
import { LeaseLost, type Lease, type LeaseKeeper, type QuarantinedUsage } from '#libs/store';
import { MessageGroups } from './message.groups.js';

/** The one partition of what billing takes in there is now; more come as more consumers with subjects of their own. */
export const INTAKE_LEASE = 'billing-intake-0';

/** Messages stored in one transaction at most. */
export const GROUP = 16;
/** Groups of usage in work at a time: while one is stored, the next one is checked and brought to the server. */
export const USAGE_AT_ONCE = 2;

/** In hand at a time: one more group is read meanwhile. */
export const inHand = (atOnce: number): number => (atOnce + 1) * GROUP;

/** What became of what some messages held. */
export interface IntakeResult {
  stored: number;
  /** Delivered before, with the same content. */
  repeated: number;
  quarantined: QuarantinedUsage[];
}

/** One kind of what is taken in, and the stream it comes by. */
export interface IntakeKind<T> {
  stream: string;
  /** Name of its check in /healthz. */
  health: string;
  read: (message: FollowedMessage) => T;
  take: (messages: readonly T[], lease: Lease) => Promise<IntakeResult>;
  tookIn: (result: IntakeResult) => void;
  /** How many groups may be in work at a time. */
  atOnce: number;
  /** Called at every change of the leases, while this process holds the partition's. */
  held?: (lease: Lease) => void;
}

/** Follows a stream while this process holds the partition's lease. */
export class IntakeWorker<T> {
  private follower: Follower | undefined;
  private ended = false;
  private readonly groups: MessageGroups<T>;

  constructor(
    private readonly kind: IntakeKind<T>,
    private readonly bus: Bus,
    private readonly leases: LeaseKeeper,
    private readonly health: Health,
    private readonly logger: Logger,
  ) {
    this.groups = new MessageGroups(kind.read, (messages) => this.take(messages), GROUP, kind.atOnce);
  }

  /** Called whenever the leases may have changed hands. */
  leasesChanged(): void {
    if (this.ended) return;
    const lease = this.leases.holding(INTAKE_LEASE);
    if (!lease) return void this.pause();
    this.kind.held?.(lease);
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
    // Another replica takes it in: what went wrong here is not the platform's trouble any more.
    if (this.follower === undefined) this.health.set(this.kind.health, true);
  }

  private follow(): Follower {
    const { stream, health, atOnce } = this.kind;
    return this.bus.follow(stream, BILLING_CONSUMER, (message) => this.groups.add(message), {
      width: inHand(atOnce),
      onTrouble: (error) => {
        if (error instanceof LeaseLost) this.leases.lost(error.lease);
        this.health.set(health, false, `what stream ${stream} holds cannot be taken in`);
        this.logger.warn({ err: error, stream }, 'intake is in trouble');
      },
      onCalm: () => this.health.set(health, true),
    });
  }

  private async take(messages: readonly T[]): Promise<void> {
    const { stream, health, tookIn } = this.kind;
    const lease = this.leases.holding(INTAKE_LEASE);
    // Given back: whoever holds the lease by then takes it.
    if (!lease) throw new Error(`stream ${stream} is taken in by another process now`);
    const result = await this.kind.take(messages, lease);
    tookIn(result);
    this.health.set(health, true);
    if (result.quarantined.length === 0) return;
    const reasons = [...new Set(result.quarantined.map(({ reason }) => reason))];
    this.logger.warn({ stream, reasons, count: result.quarantined.length }, 'usage quarantined');
  }
}
