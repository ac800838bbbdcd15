import {
  capacityOf,
  priceZoneOf,
  type BilledSize,
  type Capacity,
  type CountedUsage,
  type PricePlan,
  type WindowKey,
} from '#libs/domain';
import { listClusterRegionsSql } from './cluster.sql.js';
import { askedWindowsSql, changedSinceSql, replayedWindowsSql } from './replay.sql.js';
import { sizeOf } from './revision-size.sql.js';
import { time } from './row.js';
import type { Tx } from './statement.js';
import { zoneColumns, type AskedZones, type FactsKey } from './window-facts.store.js';

/** A window that raw records touch, and what ran in it. */
export interface ReplayedWindow {
  key: FactsKey;
  capacity: Capacity;
  size: Pick<CountedUsage, 'priceZone' | keyof BilledSize>;
}

/**
 * All windows that begin in [fromMs, toMs) and that billable records touch, found in the records themselves: revision
 * by revision, each in the order of time.
 * @param instances whether windows in which only instances ran are asked for, too
 * @param builds whether those in which builds began are
 * @param position nothing that was taken in after it counts
 * @param settledAt UTC ms, where the position is not known; of each hour only what its settlements up to then had taken in.
 *   Both absent: everything
 * @param zones by which usage is put in price zones; absent: as stored
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
    builds,
    zones,
  }: {
    organizationId: string;
    fromMs: number;
    toMs: number;
    settledAt?: number | undefined;
    position?: number | undefined;
    instances: boolean;
    builds: boolean;
    zones?: AskedZones | undefined;
  },
): Promise<ReplayedWindow[]> {
  const rows = await tx.run(zones ? askedWindowsSql : replayedWindowsSql, [
    ...[organizationId, fromMs, toMs],
    ...[time(settledAt), position ?? null, instances, builds],
    ...zoneColumns(zones),
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
      size: { priceZone: row.price_zone, ...sizeOf(row) },
    };
  });
}

/** Price zones by these plans, each from its instant on; the first also before. */
export async function zonesOfPlans(
  tx: Tx,
  periods: readonly { startMs: number; plan: PricePlan }[],
): Promise<AskedZones> {
  const clusters = await tx.run(listClusterRegionsSql);
  const places = periods.map(({ plan: { zones } }) =>
    Object.fromEntries([
      ...zones.flatMap(({ name, regions }) => regions.map((region) => [region, name] as const)),
      ...clusters.map(({ id, region }) => [id, priceZoneOf(region, zones)] as const),
    ]),
  );
  return { places, borders: periods.slice(1).map(({ startMs }) => startMs) };
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
