import type { HeldUntil, InstanceInterval, ZoneSpan } from '#libs/domain';
import { holdingsSql, lockIntervalsSql, storeIntervalsSql } from './instance-interval.sql.js';
import type { LeasedTx } from './lease.store.js';

export interface StoredIntervals {
  /** Intervals that were not there before, or not as long. */
  stored: number;
  /** Whose identity is another revision's: not stored. */
  conflicts: InstanceInterval[];
  /** What was not known before: the interval ran in [fromMs, untilMs). */
  grown: { interval: InstanceInterval; fromMs: number }[];
}

/** An interval, and the price zones in which it ran: all of it, without gaps. */
export interface CheckedInterval {
  interval: InstanceInterval;
  zones: readonly ZoneSpan[];
}

/** Where services of intervals are, or were, asked to be held, by service and cluster. */
export async function findHoldings(
  tx: LeasedTx,
  intervals: readonly InstanceInterval[],
): Promise<(interval: InstanceInterval) => HeldUntil | undefined> {
  const of = ({ serviceId, clusterId }: { serviceId: string; clusterId: string }): string =>
    `${serviceId} ${clusterId}`;
  const asked = [...new Map(intervals.map((one) => [of(one), one])).values()];
  const rows = await tx.run(holdingsSql, [
    asked.map(({ organizationId }) => organizationId),
    asked.map(({ serviceId }) => serviceId),
    asked.map(({ clusterId }) => clusterId),
  ]);
  const found = new Map<string, HeldUntil>(
    rows.map(({ service_id: serviceId, cluster_id: clusterId, removed_at: removedAt }) => [
      of({ serviceId, clusterId }),
      { removedMs: removedAt?.getTime() },
    ]),
  );
  return (interval) => found.get(of(interval));
}

/**
 * Nobody else stores intervals until the transaction ends. Before rows of the quarantine are locked, where both are.
 */
export async function lockIntervals(tx: LeasedTx): Promise<void> {
  await tx.run(lockIntervalsSql, []);
}

/**
 * Keeps of each instance the longest interval and what it grew by, and adds that to the time of instances, in the caller's
 * transaction, at a position of the intake. Again, in other batches or another order, it ends the same.
 */
export async function storeIntervals(
  tx: LeasedTx,
  batch: readonly CheckedInterval[],
  position: number,
): Promise<StoredIntervals> {
  const conflicts: InstanceInterval[] = [];
  const longest = new Map<string, CheckedInterval>();
  for (const checked of batch) {
    const one = checked.interval;
    const identity = `${one.clusterId} ${one.startMs} ${one.instanceId}`;
    const before = longest.get(identity)?.interval;
    if (before && !isOfSame(before, one)) conflicts.push(one);
    else if (!before || saysMore(one, before)) longest.set(identity, checked);
  }
  const list = [...longest.values()];
  if (list.length === 0) return { stored: 0, conflicts, grown: [] };
  await lockIntervals(tx);
  const told = await tx.run(storeIntervalsSql, [...columnsOf(list), position]);
  const grown: StoredIntervals['grown'] = [];
  for (const { ordinal, other, from_ms } of told) {
    const { interval } = list[ordinal] as CheckedInterval;
    if (other) conflicts.push(interval);
    else if (interval.untilMs > from_ms) grown.push({ interval, fromMs: from_ms });
  }
  return { stored: told.filter(({ other, news }) => news && !other).length, conflicts, grown };
}

function isOfSame(a: InstanceInterval, b: InstanceInterval): boolean {
  return (
    a.organizationId === b.organizationId && a.serviceId === b.serviceId && a.revisionId === b.revisionId
  );
}

function saysMore(one: InstanceInterval, before: InstanceInterval): boolean {
  return one.untilMs > before.untilMs || (one.untilMs === before.untilMs && one.ended);
}

function columnsOf(checked: readonly CheckedInterval[]): unknown[] {
  const list = checked.map(({ interval }) => interval);
  return [
    list.map(({ clusterId }) => clusterId),
    list.map(({ instanceId }) => instanceId),
    list.map(({ startMs }) => startMs),
    list.map(({ organizationId }) => organizationId),
    list.map(({ serviceId }) => serviceId),
    list.map(({ revisionId }) => revisionId),
    list.map(({ untilMs }) => untilMs),
    list.map(({ ended }) => ended),
    checked.map(({ zones }) => JSON.stringify(zones)),
  ];
}
