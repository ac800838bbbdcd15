import type { ColdSpan, InstanceInterval, WindowKey } from '#libs/domain';
import { keyOf } from './billing-window.store.js';
import { storeColdStartsSql, waitedWindowsSql } from './cold-start.sql.js';
import type { LeasedTx } from './lease.store.js';
import type { Tx } from './statement.js';

/** An instance, and the span in which its revision had none that was ready, by the hub's clock. */
export interface StoredColdStart {
  interval: InstanceInterval;
  span: Pick<ColdSpan, 'sinceMs' | 'readyMs'>;
}

/**
 * Keeps cold starts that were not known, at a position of the intake; after the position was taken, so that of this and of
 * usage that comes meanwhile one sees the other.
 * @returns those that were not known
 */
export async function storeColdStarts(
  tx: LeasedTx,
  list: readonly StoredColdStart[],
  position: number,
): Promise<StoredColdStart[]> {
  if (list.length === 0) return [];
  const nameOf = (cluster: string, instance: string, startMs: number): string =>
    `${cluster} ${startMs} ${instance}`;
  const named = new Map(
    list.map((one) => {
      const { clusterId, instanceId, startMs } = one.interval;
      return [nameOf(clusterId, instanceId, startMs), one] as const;
    }),
  );
  const rows = await tx.run(storeColdStartsSql, [...columnsOf([...named.values()]), position]);
  return rows.flatMap(({ cluster_id, instance_id, start_ms }) => {
    const one = named.get(nameOf(cluster_id, instance_id, start_ms));
    return one ? [one] : [];
  });
}

/** The minutes that usage which waited lies in. */
export async function findWaitedWindows(tx: Tx, list: readonly StoredColdStart[]): Promise<WindowKey[]> {
  return list.length === 0 ? [] : (await tx.run(waitedWindowsSql, columnsOf(list))).map(keyOf);
}

function columnsOf(list: readonly StoredColdStart[]): unknown[] {
  const intervals = list.map(({ interval }) => interval);
  return [
    intervals.map(({ clusterId }) => clusterId),
    intervals.map(({ instanceId }) => instanceId),
    intervals.map(({ startMs }) => startMs),
    intervals.map(({ organizationId }) => organizationId),
    intervals.map(({ serviceId }) => serviceId),
    intervals.map(({ revisionId }) => revisionId),
    list.map(({ span }) => span.sinceMs),
    list.map(({ span }) => span.readyMs),
  ];
}
