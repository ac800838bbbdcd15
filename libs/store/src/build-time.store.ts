import type { Interval } from '#libs/domain';
import { storeBuildTimeSql, takeBuildTimesSql, waitingBuildTimesSql } from './build-time.sql.js';
import type { LeasedTx } from './lease.store.js';
import type { Tx } from './statement.js';

/** How long a build took, and where. */
export interface BuildTime extends Interval {
  buildId: string;
  organizationId: string;
  projectId: string;
  serviceId: string;
  clusterId: string;
}

/** Keeps how long a build took, unless that is known. */
export async function storeBuildTime(tx: Tx, build: BuildTime): Promise<void> {
  const { buildId, organizationId, projectId, serviceId, clusterId, startMs, endMs } = build;
  await tx.run(storeBuildTimeSql, [buildId, organizationId, projectId, serviceId, clusterId, startMs, endMs]);
}

/** Times of builds that billing has not taken in, locked to the end of the transaction. */
export async function findWaitingBuildTimes(tx: LeasedTx, limit: number): Promise<BuildTime[]> {
  const rows = await tx.run(waitingBuildTimesSql, [limit]);
  return rows.map((row) => ({
    buildId: row.build_id,
    organizationId: row.organization_id,
    projectId: row.project_id,
    serviceId: row.service_id,
    clusterId: row.cluster_id,
    startMs: row.start_ms,
    endMs: row.end_ms,
  }));
}

/** Puts them at a position of the intake, each in its price zone. */
export async function takeBuildTimes(
  tx: LeasedTx,
  list: readonly { build: BuildTime; priceZone: string }[],
  position: number,
): Promise<void> {
  const ids = list.map(({ build }) => build.buildId);
  const zones = list.map(({ priceZone }) => priceZone);
  await tx.run(takeBuildTimesSql, [ids, zones, position]);
}
