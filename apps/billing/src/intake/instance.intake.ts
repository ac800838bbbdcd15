import {
  coldByHub,
  intervalQuarantineReason,
  needsInstances,
  oncePerPlan,
  windowStart,
  windowsOf,
  type Clock,
  type HeldUntil,
  type InstanceInterval,
  type WindowKey,
} from '#libs/domain';
import { crashPoint } from '#libs/process';
import {
  findHoldings,
  findWaitedWindows,
  lockIntervals,
  markDirty,
  nextPosition,
  planFinder,
  quarantineUsage,
  storeColdStarts,
  storeIntervals,
  underLease,
  type Database,
  type Lease,
  type LeasedTx,
  type PlanFinder,
  type QuarantinedUsage,
  type StoredColdStart,
  type StoredIntervals,
} from '#libs/store';
import type { LoadedThings, MeteredThings } from '../metered.things.js';
import { priceZones, type PriceZones } from '../price.zones.js';
import { paidByCaps } from './capped.instances.js';
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
  async take(messages: readonly InstanceMessage[], lease: Lease): Promise<IntakeResult> {
    crashPoint('billing.instances.read');
    const result = await underLease(this.db, lease, (tx) => this.store(tx, messages));
    crashPoint('billing.instances.committed');
    return result;
  }

  private async store(tx: LeasedTx, messages: readonly InstanceMessage[]): Promise<IntakeResult> {
    const now = this.clock.now();
    const things = await loadThings(
      tx,
      this.things,
      messages.flatMap(({ records }) => records),
    );
    const holding = await findHoldings(
      tx,
      messages.flatMap(({ records }) => records),
    );
    const good: InstanceInterval[] = [];
    const bad: QuarantinedUsage[] = [];
    for (const { sender, records, malformed } of messages) {
      bad.push(...malformed);
      for (const interval of records) {
        const from = { sender, held: holding(interval) };
        const reason = reasonAgainst(interval, things, from, now);
        if (reason) bad.push(quarantined(interval, reason));
        else good.push(interval);
      }
    }
    const { stored, conflicts } = await keepIntervals(tx, good, things, now);
    bad.push(...conflicts.map((interval) => quarantined(interval, 'identity_conflict')));
    await quarantineUsage(tx, bad, now);
    crashPoint('billing.instances.stored');
    return { stored, repeated: good.length - stored - conflicts.length, quarantined: bad };
  }
}

/**
 * Keeps intervals at the next position, and marks the windows in which they ran longer, as far as a plan counts them. What a cap does
 * not pay for is kept as well, and never billed.
 */
export async function keepIntervals(
  tx: LeasedTx,
  intervals: readonly InstanceInterval[],
  things: LoadedThings,
  nowMs: number,
): Promise<StoredIntervals> {
  if (intervals.length === 0) return { stored: 0, conflicts: [], grown: [] };
  await lockIntervals(tx);
  // The stream's place is told by usage of requests alone.
  const position = await nextPosition(tx, 0, nowMs);
  const plans = await planFinder(tx, [...new Set(intervals.map(({ organizationId }) => organizationId))]);
  const zones = priceZones(plans, things);
  const checked = intervals.map((interval) => {
    const { startMs, untilMs: endMs } = interval;
    return { interval, zones: zones.within(interval, { startMs, endMs }) };
  });
  const result = await storeIntervals(tx, checked, position, (grown) => paidByCaps(tx, grown, plans));
  const others = new Set(result.conflicts);
  const cold = intervals.flatMap((interval) => {
    const span = others.has(interval) ? undefined : coldByHub(interval);
    return span === undefined ? [] : [{ interval, span }];
  });
  const stored = await storeColdStarts(tx, cold, position);
  const waited = await leftOut(tx, stored, plans);
  await markDirty(tx, [...marksOf(result.grown, things, plans, zones), ...waited]);
  return result;
}

/** Minutes in which requests waited for a first instance, where that is not billed; where no plan says so, nothing is looked for. */
async function leftOut(
  tx: LeasedTx,
  stored: readonly StoredColdStart[],
  plans: PlanFinder,
): Promise<WindowKey[]> {
  const isFree = (organizationId: string, atMs: number): boolean =>
    plans.at(organizationId, atMs).coldStart === 'free';
  const meant = stored.filter(({ interval: { organizationId }, span: { sinceMs, readyMs } }) =>
    [
      windowStart(sinceMs),
      ...plans.changes(organizationId).filter((at) => at > sinceMs && at <= readyMs),
    ].some((at) => isFree(organizationId, at)),
  );
  const waited = await findWaitedWindows(tx, meant);
  return waited.filter(({ organizationId, windowStartMs }) => isFree(organizationId, windowStartMs));
}

function marksOf(
  grown: StoredIntervals['grown'],
  things: LoadedThings,
  plans: PlanFinder,
  zones: PriceZones,
): WindowKey[] {
  const counts = oncePerPlan(needsInstances);
  return grown.flatMap(({ interval, fromMs }) => {
    const { organizationId, serviceId, revisionId, untilMs } = interval;
    const { projectId = '' } = things.service(organizationId, serviceId) ?? {};
    const of = { organizationId, projectId, serviceId, revisionId };
    return windowsOf({ startMs: fromMs, endMs: untilMs })
      .filter((windowStartMs) => counts(plans.at(organizationId, windowStartMs)))
      .map((windowStartMs) => ({ ...of, priceZone: zones.at(interval, windowStartMs), windowStartMs }));
  });
}

/** Everything that intervals name. */
export function loadThings(
  tx: LeasedTx,
  things: MeteredThings,
  intervals: readonly InstanceInterval[],
): Promise<LoadedThings> {
  return things.load(tx, {
    services: intervals.map(({ serviceId }) => serviceId),
    revisions: intervals.map(({ revisionId }) => revisionId),
    clusters: intervals.map(({ clusterId }) => clusterId),
  });
}

/** Why an interval is not stored; `from` is absent when an operator released it. */
export function reasonAgainst(
  interval: InstanceInterval,
  things: LoadedThings,
  from: { sender: string; held: HeldUntil | undefined } | undefined,
  nowMs: number,
) {
  const { organizationId, serviceId, revisionId } = interval;
  const hasService = things.service(organizationId, serviceId) !== undefined;
  const revision = things.revision(organizationId, revisionId);
  const said = from ?? { sender: undefined, held: undefined };
  return intervalQuarantineReason(interval, { hasService, revision, ...said, nowMs });
}

/** It is sent again and again as it grows, and is one entry all the same: the longest. */
function quarantined(interval: InstanceInterval, reason: QuarantinedUsage['reason']): QuarantinedUsage {
  const { untilMs, ended: _ended, cold: _cold, ...sameAs } = interval;
  const { clusterId: producer, startMs: position } = interval;
  return { producer, position, reason, body: interval, grows: { sameAs, to: untilMs } };
}
