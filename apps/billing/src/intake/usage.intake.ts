import { quarantineReason, whyNotBillable, type Clock, type UsageRecord } from '#libs/domain';
import { crashPoint } from '#libs/process';
import {
  bindProducers,
  nextPosition,
  planFinder,
  quarantineUsage,
  stageUsage,
  storeStaged,
  underLease,
  type CheckedUsage,
  type Database,
  type Lease,
  type LeasedTx,
  type QuarantinedUsage,
  type Reach,
} from '#libs/store';
import type { LoadedThings, MeteredThings } from '../metered.things.js';
import { priceZones } from '../price.zones.js';
import type { IntakeResult } from './intake.worker.js';
import type { UsageMessage } from './usage.message.js';

/**
 * Takes usage in: each record is stored once or quarantined once, whatever is delivered how often. While one transaction
 * stores, the next one checks its records and brings them to the server, and waits there for its position.
 */
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
    const things = await loadNamed(tx, this.things, records);
    const isNew = records.some(({ producer }) => things.ownerOf(producer) === undefined);
    // whose a producer is decides what of it is stored: one that comes for the first time is bound before
    const early = isNew ? await place(tx, messages, now) : undefined;
    const ownerOf = (producer: string): string | undefined =>
      things.ownerOf(producer) ?? early?.owners.get(producer);
    const good: UsageRecord[] = [];
    const bad: QuarantinedUsage[] = [];
    for (const message of messages) {
      bad.push(...message.malformed);
      for (const record of message.records) {
        const from = { sender: message.sender, producerOwner: ownerOf(record.producer) };
        const reason = reasonAgainst(record, things, from, now);
        if (reason) bad.push(quarantined(record, reason));
        else good.push(record);
      }
    }
    const batch = await checked(tx, things, good);
    await stageUsage(tx, batch);
    const { position } = early ?? (await place(tx, messages, now));
    const { stored, conflicts } = await storeStaged(tx, batch, position);
    bad.push(...conflicts.map((record) => quarantined(record, 'identity_conflict')));
    await quarantineUsage(tx, bad, now);
    crashPoint('billing.copied');
    return { stored, repeated: good.length - stored - conflicts.length, quarantined: bad };
  }
}

function reasonAgainst(
  record: UsageRecord,
  things: LoadedThings,
  from: { sender: string; producerOwner: string | undefined },
  nowMs: number,
) {
  const { organizationId, serviceId, revisionId } = record;
  return quarantineReason(record, {
    service: things.service(organizationId, serviceId),
    revision: revisionId === undefined ? undefined : things.revision(organizationId, revisionId),
    ...from,
    nowMs,
  });
}

/**
 * The transaction's position, and the watermarks of what it holds. From here on it has locks that the next one waits for: the
 * position's is the first of them in every transaction. The wait is a statement, so the server does not take it for a process that
 * stands still.
 */
async function place(
  tx: LeasedTx,
  messages: readonly UsageMessage[],
  now: number,
): Promise<{ position: number; owners: Map<string, string> }> {
  const position = await nextPosition(tx, Math.max(0, ...messages.map(({ sequence }) => sequence)), now);
  const owners = new Map<string, string>();
  for (const [sender, of] of Map.groupBy(messages, (message) => message.sender)) {
    const reach = reachOf(of.flatMap(({ records }) => records));
    for (const [producer, owner] of await bindProducers(tx, sender, reach, now)) owners.set(producer, owner);
  }
  return { position, owners };
}

/** Everything that records name. */
export function loadNamed(
  tx: LeasedTx,
  things: MeteredThings,
  records: readonly UsageRecord[],
): Promise<LoadedThings> {
  return things.load(tx, {
    services: records.map(({ serviceId }) => serviceId),
    revisions: records.map(({ revisionId }) => revisionId),
    clusters: records.map(({ clusterId }) => clusterId),
    producers: records.map(({ producer }) => producer),
  });
}

/** Good records with what the domain says of their price: a request belongs to the zone in which it began. */
export async function checked(
  tx: LeasedTx,
  things: LoadedThings,
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
