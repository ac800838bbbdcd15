import { instanceIntervalSchema, usageRecordSchema } from '#libs/bus';
import { releaseRefusal, type Clock, type InstanceInterval, type UsageRecord } from '#libs/domain';
import {
  findReleased,
  lockIntervals,
  nextPosition,
  settleReleased,
  storeUsage,
  type LeasedTx,
  type ReleaseOutcome,
} from '#libs/store';
import type { BillingMetrics } from '../billing.metrics.js';
import type { LoadedThings, MeteredThings } from '../metered.things.js';
import { keepIntervals, loadThings, reasonAgainst } from './instance.intake.js';
import { checked, loadNamed } from './usage.intake.js';
import type { WaitingKind } from './waiting.intake.js';

/** Records looked at in one transaction at most. */
const BATCH = 500;

/**
 * Looks again at what an operator released from quarantine: what may be billed is stored as if it came now (late, so that
 * closed windows get corrections), the rest stays with its reason. All in the caller's transaction.
 * @returns what came of each
 */
export async function takeReleased(
  tx: LeasedTx,
  things: MeteredThings,
  now: number,
): Promise<ReadonlyMap<number, ReleaseOutcome>> {
  const outcomes = new Map<number, ReleaseOutcome>();
  await lockIntervals(tx);
  const released = await findReleased(tx, BATCH);
  if (released.length === 0) return outcomes;
  const read = new Map<UsageRecord, number>();
  const intervals = new Map<InstanceInterval, number>();
  for (const { number, body } of released) {
    const parsed = usageRecordSchema.safeParse(body);
    const interval = instanceIntervalSchema.safeParse(body);
    if (parsed.success) read.set(parsed.data, number);
    else if (interval.success) intervals.set(interval.data, number);
    else outcomes.set(number, 'malformed');
  }
  for (const [record, outcome] of await store(tx, [...read.keys()], things, now))
    outcomes.set(read.get(record) as number, outcome);
  for (const [interval, outcome] of await keep(tx, [...intervals.keys()], things, now))
    outcomes.set(intervals.get(interval) as number, outcome);
  await settleReleased(tx, outcomes, now);
  return outcomes;
}

/** What operators released from quarantine. */
export function waitingReleases(
  things: MeteredThings,
  metrics: BillingMetrics,
  clock: Clock,
): WaitingKind<ReadonlyMap<number, ReleaseOutcome>> {
  return {
    ...{ name: 'releases', lookMs: 2_000 },
    take: (tx) => takeReleased(tx, things, clock.now()),
    took: (outcomes) => {
      metrics.lookedAgain(outcomes.values());
      return outcomes.size === BATCH;
    },
  };
}

async function store(
  tx: LeasedTx,
  records: readonly UsageRecord[],
  things: MeteredThings,
  nowMs: number,
): Promise<Map<UsageRecord, ReleaseOutcome>> {
  const loaded = await loadNamed(tx, things, records);
  const outcomes = new Map<UsageRecord, ReleaseOutcome>(
    records.map((record) => [record, refusal(record, loaded, nowMs) ?? 'stored']),
  );
  const good = records.filter((record) => outcomes.get(record) === 'stored');
  if (good.length === 0) return outcomes;
  // No message of the stream: only the position moves.
  const position = await nextPosition(tx, 0, nowMs);
  const { conflicts } = await storeUsage(tx, await checked(tx, loaded, good), position);
  for (const record of conflicts) outcomes.set(record, 'identity_conflict');
  return outcomes;
}

async function keep(
  tx: LeasedTx,
  intervals: readonly InstanceInterval[],
  things: MeteredThings,
  nowMs: number,
): Promise<Map<InstanceInterval, ReleaseOutcome>> {
  const loaded = await loadThings(tx, things, intervals);
  const outcomes = new Map<InstanceInterval, ReleaseOutcome>(
    intervals.map((one) => [one, reasonAgainst(one, loaded, undefined, nowMs) ?? 'stored']),
  );
  const good = intervals.filter((one) => outcomes.get(one) === 'stored');
  const { conflicts } = await keepIntervals(tx, good, loaded, nowMs);
  for (const one of conflicts) outcomes.set(one, 'identity_conflict');
  return outcomes;
}

function refusal(record: UsageRecord, things: LoadedThings, nowMs: number) {
  const { organizationId, serviceId, revisionId } = record;
  return releaseRefusal(record, {
    service: things.service(organizationId, serviceId),
    revision: revisionId === undefined ? undefined : things.revision(organizationId, revisionId),
    nowMs,
  });
}
