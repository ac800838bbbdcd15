import type { InstanceInterval } from '#libs/domain';
import { lockIntervalsSql, storeIntervalsSql } from './instance-interval.sql.js';
import type { LeasedTx } from './lease.store.js';

export interface StoredIntervals {
  /** Intervals that were not there before, or not as long. */
  stored: number;
  /** Whose identity is another revision's: not stored. */
  conflicts: InstanceInterval[];
}

/**
 * Nobody else stores intervals until the transaction ends. Before rows of the quarantine are locked, where both are.
 */
export async function lockIntervals(tx: LeasedTx): Promise<void> {
  await tx.run(lockIntervalsSql, []);
}

/**
 * Keeps of each instance the longest interval, and adds what it grew by to the time of instances, in the caller's
 * transaction. Again, in other batches or another order, it ends the same.
 */
export async function storeIntervals(
  tx: LeasedTx,
  batch: readonly InstanceInterval[],
): Promise<StoredIntervals> {
  const conflicts: InstanceInterval[] = [];
  const longest = new Map<string, InstanceInterval>();
  for (const one of batch) {
    const identity = `${one.clusterId} ${one.startMs} ${one.instanceId}`;
    const before = longest.get(identity);
    if (before && !isOfSame(before, one)) conflicts.push(one);
    else if (!before || saysMore(one, before)) longest.set(identity, one);
  }
  const list = [...longest.values()];
  if (list.length === 0) return { stored: 0, conflicts };
  await lockIntervals(tx);
  const told = await tx.run(storeIntervalsSql, columnsOf(list));
  for (const { ordinal, other } of told) if (other) conflicts.push(list[ordinal] as InstanceInterval);
  return { stored: told.filter(({ other, news }) => news && !other).length, conflicts };
}

function isOfSame(a: InstanceInterval, b: InstanceInterval): boolean {
  return (
    a.organizationId === b.organizationId && a.serviceId === b.serviceId && a.revisionId === b.revisionId
  );
}

function saysMore(one: InstanceInterval, before: InstanceInterval): boolean {
  return one.untilMs > before.untilMs || (one.untilMs === before.untilMs && one.ended);
}

function columnsOf(list: readonly InstanceInterval[]): unknown[] {
  return [
    list.map(({ clusterId }) => clusterId),
    list.map(({ instanceId }) => instanceId),
    list.map(({ startMs }) => startMs),
    list.map(({ organizationId }) => organizationId),
    list.map(({ serviceId }) => serviceId),
    list.map(({ revisionId }) => revisionId),
    list.map(({ untilMs }) => untilMs),
    list.map(({ ended }) => ended),
  ];
}
