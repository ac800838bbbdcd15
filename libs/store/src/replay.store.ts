import { capacityOf, type Capacity, type CountedUsage, type WindowKey } from '#libs/domain';
import { changedSinceSql, replayedWindowsSql } from './replay.sql.js';
import { time } from './row.js';
import type { Tx } from './statement.js';
import type { FactsKey } from './window-facts.store.js';

/** A window that raw records touch, and what ran in it. */
export interface ReplayedWindow {
  key: FactsKey;
  capacity: Capacity;
  size: Pick<CountedUsage, 'priceZone' | 'cpuMillis' | 'memoryMiB'>;
}

/**
 * All windows that begin in [fromMs, toMs) and that billable records touch, found in the records themselves: series by
 * series, each in the order of time.
 * @param instances whether windows in which only instances ran are asked for, too
 * @param position nothing that was taken in after it counts
 * @param settledAt UTC ms, where the position is not known; of each hour only what its settlements up to then had taken in.
 *   Both absent: everything
 */
export async function findReplayedWindows(
  tx: Tx,
  {
    organizationId,
    fromMs,
    toMs,
    settledAt,
    position,
    instances,
  }: {
    organizationId: string;
    fromMs: number;
    toMs: number;
    settledAt?: number | undefined;
    position?: number | undefined;
    instances: boolean;
  },
): Promise<ReplayedWindow[]> {
  const rows = await tx.run(replayedWindowsSql, [
    ...[organizationId, fromMs, toMs],
    ...[time(settledAt), position ?? null, instances],
  ]);
  return rows.map((row) => {
    const key: WindowKey = {
      organizationId,
      projectId: row.project_id,
      serviceId: row.service_id,
      revisionId: row.revision_id,
      priceZone: row.price_zone,
      windowStartMs: row.window_start_ms,
    };
    return {
      key: { ...key, ...(row.up_to === null ? {} : { upTo: row.up_to }) },
      capacity: capacityOf({ concurrency: row.concurrency, maxInstances: row.max_instances }),
      size: { priceZone: row.price_zone, cpuMillis: row.cpu_millis, memoryMiB: row.memory_mib },
    };
  });
}

/** Whether windows that begin in the span may say something else than they did when usage was taken in up to that position. */
export async function hasChangedSince(
  tx: Tx,
  { organizationId, fromMs, toMs }: { organizationId: string; fromMs: number; toMs: number },
  position: number,
): Promise<boolean> {
  const row = await tx.one(changedSinceSql, [organizationId, fromMs, toMs, position]);
  return row?.changed !== false;
}
