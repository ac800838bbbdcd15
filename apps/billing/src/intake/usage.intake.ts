import { quarantineReason, whyNotBillable, type Clock, type UsageRecord } from '#libs/domain';
import { crashPoint } from '#libs/process';
import {
  bindProducers,
  nextPosition,
  planFinder,
  quarantineUsage,
  storeUsage,
  underLease,
  type CheckedUsage,
  type Database,
  type Lease,
  type LeasedTx,
  type QuarantinedUsage,
  type Reach,
} from '#libs/store';
import type { MeteredThings } from '../metered.things.js';
import { priceZones } from '../price.zones.js';
import type { IntakeResult } from './intake.worker.js';
import type { UsageMessage } from './usage.message.js';

/** Takes usage in: each record is stored once or quarantined once, whatever is delivered how often. */
export class UsageIntake {
  constructor(
    private readonly db: Database,
    private readonly things: MeteredThings,
    private readonly clock: Clock,
  ) {}

  /**
   * These messages in one transaction: records, marks of the windows they touch, quarantine and watermarks.
   * @throws LeaseLost when another process takes usage in now; then nothing was written
   */
  async take(messages: readonly UsageMessage[], lease: Lease): Promise<IntakeResult> {
    crashPoint('billing.read');
    const result = await underLease(this.db, lease, (tx) => this.store(tx, messages));
    crashPoint('billing.committed');
    return result;
  }

  private async store(tx: LeasedTx, messages: readonly UsageMessage[]): Promise<IntakeResult> {
    const now = this.clock.now();
    const records = messages.flatMap((message) => message.records);
    await loadNamed(tx, this.things, records);
    const good: UsageRecord[] = [];
    const bad: QuarantinedUsage[] = [];
    for (const message of messages) {
      bad.push(...message.malformed);
      const owners = await bindProducers(tx, message.sender, reachOf(message.records), now);
      for (const record of message.records) {
        const reason = this.reasonAgainst(record, message.sender, owners.get(record.producer), now);
        if (reason) bad.push(quarantined(record, reason));
        else good.push(record);
      }
    }
    const position = await nextPosition(tx, Math.max(0, ...messages.map(({ sequence }) => sequence)), now);
    const { stored, conflicts } = await storeUsage(tx, await checked(tx, this.things, good), position);
    bad.push(...conflicts.map((record) => quarantined(record, 'identity_conflict')));
    await quarantineUsage(tx, bad, now);
    crashPoint('billing.copied');
    return { stored, repeated: good.length - stored - conflicts.length, quarantined: bad };
  }

  private reasonAgainst(
    record: UsageRecord,
    sender: string,
    producerOwner: string | undefined,
    nowMs: number,
  ) {
    const { organizationId, serviceId, revisionId } = record;
    return quarantineReason(record, {
      service: this.things.service(organizationId, serviceId),
      revision: revisionId === undefined ? undefined : this.things.revision(organizationId, revisionId),
      sender,
      producerOwner,
      nowMs,
    });
  }
}

/** Everything that records name. */
export function loadNamed(
  tx: LeasedTx,
  things: MeteredThings,
  records: readonly UsageRecord[],
): Promise<void> {
  return things.load(tx, {
    services: records.map(({ serviceId }) => serviceId),
    revisions: records.map(({ revisionId }) => revisionId),
    clusters: records.map(({ clusterId }) => clusterId),
  });
}

/** Good records with what the domain says of their price: a request belongs to the zone in which it began. */
export async function checked(
  tx: LeasedTx,
  things: MeteredThings,
  records: readonly UsageRecord[],
): Promise<CheckedUsage[]> {
  const plans = await planFinder(tx, [...new Set(records.map(({ organizationId }) => organizationId))]);
  const zones = priceZones(plans, things);
  return records.map((record) => {
    return { record, priceZone: zones.at(record, record.startMs), reason: whyNotBillable(record) };
  });
}

function quarantined(record: UsageRecord, reason: QuarantinedUsage['reason']): QuarantinedUsage {
  return { producer: record.producer, position: record.position, reason, body: record };
}

function reachOf(records: readonly UsageRecord[]): Map<string, Reach> {
  const reach = new Map<string, Reach>();
  for (const { producer, position, endMs } of records) {
    const before = reach.get(producer) ?? { position: 0, endMs: 0 };
    reach.set(producer, {
      position: Math.max(before.position, position),
      endMs: Math.max(before.endMs, endMs),
    });
  }
  return reach;
}
