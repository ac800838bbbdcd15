import type { HeldUntil, InstanceInterval, ZoneSpan } from '#libs/domain';
import {
  holdingsSql,
  knownIntervalsSql,
  lockIntervalsSql,
  storeIntervalsSql,
} from './instance-interval.sql.js';
import type { LeasedTx } from './lease.store.js';

/** What was not known before: the interval ran in [fromMs, untilMs). */
export interface GrownInterval {
  interval: InstanceInterval;
  fromMs: number;
}

/** Until when (UTC ms) those are billed that are not billed to their end; asked once, before any of them is stored. */
export type BilledUntil = (grown: readonly GrownInterval[]) => Promise<ReadonlyMap<InstanceInterval, number>>;

export interface StoredIntervals {
  /** Intervals that were not there before, or not as long. */
  stored: number;
  /** Whose identity is another revision's: not stored. */
  conflicts: InstanceInterval[];
  grown: GrownInterval[];
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
 * transaction, at a position of the intake. Again, in other batches or another order, it ends the same; what is never billed may be
 * another part of it.
 */
export async function storeIntervals(
  tx: LeasedTx,
  batch: readonly CheckedInterval[],
  position: number,
  billedUntil?: BilledUntil,
): Promise<StoredIntervals> {
  const { list, conflicts } = longestOf(batch);
  if (list.length === 0) return { stored: 0, conflicts, grown: [] };
  await lockIntervals(tx);
  const ends = await billedUntil?.(await grownBy(tx, list));
  const told = await tx.run(storeIntervalsSql, [...columnsOf(list, ends), position]);
  const grown: StoredIntervals['grown'] = [];
  for (const { ordinal, other, from_ms } of told) {
    const { interval } = list[ordinal] as CheckedInterval;
    if (other) conflicts.push(interval);
    else if (interval.untilMs > from_ms) grown.push({ interval, fromMs: from_ms });
  }
  return { stored: told.filter(({ other, news }) => news && !other).length, conflicts, grown };
}

/** Of each identity what says most, and what names somebody else for one that is there already. */
function longestOf(batch: readonly CheckedInterval[]): {
  list: CheckedInterval[];
  conflicts: InstanceInterval[];
} {
  const conflicts: InstanceInterval[] = [];
  const longest = new Map<string, CheckedInterval>();
  for (const checked of batch) {
    const one = checked.interval;
    const identity = `${one.clusterId} ${one.startMs} ${one.instanceId}`;
    const before = longest.get(identity)?.interval;
    if (before && !isOfSame(before, one)) conflicts.push(one);
    else if (!before || saysMore(one, before)) longest.set(identity, checked);
  }
  return { list: [...longest.values()], conflicts };
}

async function grownBy(tx: LeasedTx, list: readonly CheckedInterval[]): Promise<GrownInterval[]> {
  const known = await tx.run(knownIntervalsSql, identitiesOf(list));
  return known
    .map(({ ordinal, from_ms }) => ({ ...(list[ordinal] as CheckedInterval), fromMs: from_ms }))
    .filter(({ interval, fromMs }) => interval.untilMs > fromMs);
}

function isOfSame(a: InstanceInterval, b: InstanceInterval): boolean {
  return (
    a.organizationId === b.organizationId && a.serviceId === b.serviceId && a.revisionId === b.revisionId
  );
}

function saysMore(one: InstanceInterval, before: InstanceInterval): boolean {
  return one.untilMs > before.untilMs || (one.untilMs === before.untilMs && one.ended);
}

function identitiesOf(checked: readonly CheckedInterval[]): unknown[] {
  const list = checked.map(({ interval }) => interval);
  return [
    list.map(({ clusterId }) => clusterId),
    list.map(({ instanceId }) => instanceId),
    list.map(({ startMs }) => startMs),
  ];
}

function columnsOf(
  checked: readonly CheckedInterval[],
  ends?: ReadonlyMap<InstanceInterval, number>,
): unknown[] {
  const list = checked.map(({ interval }) => interval);
  return [
    ...identitiesOf(checked),
    list.map(({ organizationId }) => organizationId),
    list.map(({ serviceId }) => serviceId),
    list.map(({ revisionId }) => revisionId),
    list.map(({ untilMs }) => untilMs),
    list.map(({ ended }) => ended),
    checked.map(({ interval, zones }) => JSON.stringify(partsOf(zones, ends?.get(interval) ?? Infinity))),
  ];
}

/** Zones, with what of them is billed: up to then. */
function partsOf(zones: readonly ZoneSpan[], billedUntilMs: number): (ZoneSpan & { billable: boolean })[] {
  return zones.flatMap((span) => {
    const border = Math.min(Math.max(billedUntilMs, span.startMs), span.endMs);
    return [
      { ...span, endMs: border, billable: true },
      { ...span, startMs: border, billable: false },
    ].filter(({ startMs, endMs }) => endMs > startMs);
  });
}
