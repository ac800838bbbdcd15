import { intervalQuarantineReason, type Clock, type InstanceInterval } from '#libs/domain';
import {
  quarantineUsage,
  storeIntervals,
  underLease,
  type Database,
  type Lease,
  type LeasedTx,
  type QuarantinedUsage,
} from '#libs/store';
import type { MeteredThings } from '../metered.things.js';
import type { IntakeResult } from './intake.worker.js';
import type { InstanceMessage } from './usage.message.js';

/** Takes in how long instances ran: each counts as long as it ran, whatever is delivered how often and in which order. */
export class InstanceIntake {
  constructor(
    private readonly db: Database,
    private readonly things: MeteredThings,
    private readonly clock: Clock,
  ) {}

  /**
   * These messages in one transaction: intervals, the time they add, quarantine.
   * @throws LeaseLost when another process takes them in now; then nothing was written
   */
  take(messages: readonly InstanceMessage[], lease: Lease): Promise<IntakeResult> {
    return underLease(this.db, lease, (tx) => this.store(tx, messages));
  }

  private async store(tx: LeasedTx, messages: readonly InstanceMessage[]): Promise<IntakeResult> {
    const now = this.clock.now();
    await loadThings(
      tx,
      this.things,
      messages.flatMap(({ records }) => records),
    );
    const good: InstanceInterval[] = [];
    const bad: QuarantinedUsage[] = [];
    for (const { sender, records, malformed } of messages) {
      bad.push(...malformed);
      for (const interval of records) {
        const reason = reasonAgainst(interval, this.things, sender, now);
        if (reason) bad.push(quarantined(interval, reason));
        else good.push(interval);
      }
    }
    const { stored, conflicts } = await storeIntervals(tx, good);
    bad.push(...conflicts.map((interval) => quarantined(interval, 'identity_conflict')));
    await quarantineUsage(tx, bad, now);
    return { stored, repeated: good.length - stored - conflicts.length, quarantined: bad };
  }
}

/** Everything that intervals name. */
export function loadThings(
  tx: LeasedTx,
  things: MeteredThings,
  intervals: readonly InstanceInterval[],
): Promise<void> {
  return things.load(
    tx,
    intervals.map(({ serviceId }) => serviceId),
    intervals.map(({ revisionId }) => revisionId),
  );
}

/** Why an interval is not stored; `sender` is absent when an operator released it. */
export function reasonAgainst(
  interval: InstanceInterval,
  things: MeteredThings,
  sender: string | undefined,
  nowMs: number,
) {
  const { organizationId, serviceId, revisionId } = interval;
  const hasService = things.service(organizationId, serviceId) !== undefined;
  const revision = things.revision(organizationId, revisionId);
  return intervalQuarantineReason(interval, { hasService, revision, sender, nowMs });
}

/** It is sent again and again as it grows, and is one entry all the same: the longest. */
function quarantined(interval: InstanceInterval, reason: QuarantinedUsage['reason']): QuarantinedUsage {
  const { untilMs, ended: _, ...sameAs } = interval;
  const { clusterId: producer, startMs: position } = interval;
  return { producer, position, reason, body: interval, grows: { sameAs, to: untilMs } };
}
