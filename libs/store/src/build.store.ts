import { BUILD_PATIENCE_MS, lostBuild, type Build } from '#libs/domain';
import {
  endBuildSql,
  findBuildOfUploadSql,
  findBuildSinceSql,
  lockAskedBuildSql,
  lockLostBuildsSql,
  saveBuildSql,
  type BuildRow,
} from './build.sql.js';
import { ms, present, time } from './row.js';
import type { Tx } from './statement.js';

/** The one build of an upload for a service, if there is one. */
export async function findBuildOfUpload(
  tx: Tx,
  { organizationId, serviceId, uploadId }: Pick<Build, 'organizationId' | 'serviceId' | 'uploadId'>,
): Promise<Build | undefined> {
  const row = await tx.one(findBuildOfUploadSql, [organizationId, serviceId, uploadId]);
  return row && toBuild(row);
}

/** Id of the newest build of a service made at `since` (UTC ms) or later. */
export async function findBuildSince(
  tx: Tx,
  organizationId: string,
  serviceId: string,
  since: number,
): Promise<Build['id'] | undefined> {
  return (await tx.one(findBuildSinceSql, [organizationId, serviceId, time(since)]))?.id;
}

/** The build, when that cluster was asked for it; locked to the end of the transaction. */
export async function lockAskedBuild(tx: Tx, buildId: string, clusterId: string): Promise<Build | undefined> {
  const row = await tx.one(lockAskedBuildSql, [buildId, clusterId]);
  return row && toBuild(row);
}

/** Makes the build or brings it up to date; one that has ended stays as it is. */
export async function saveBuild(tx: Tx, build: Build): Promise<void> {
  await tx.run(saveBuildSql, [
    build.id,
    build.organizationId,
    build.projectId,
    build.serviceId,
    build.uploadId,
    build.uploadDigest,
    build.clusterId ?? null,
    build.status,
    build.imageDigest ?? null,
    build.error ? JSON.stringify(build.error) : null,
    time(build.createdAt),
    time(build.finishedAt),
    time(build.askedAt),
  ]);
}

/** Notes that the build's end was heard of: it costs what is kept of it, and nothing else. */
export async function endBuild(
  tx: Tx,
  { organizationId, id }: Pick<Build, 'organizationId' | 'id'>,
): Promise<void> {
  await tx.run(endBuildSql, [organizationId, id]);
}

/**
 * Ends builds of which no end will be heard: their cluster was removed, or has said nothing for too long. System role.
 * @returns how many there were, `limit` at most
 */
export async function endLostBuilds(tx: Tx, now: number, limit: number): Promise<number> {
  const rows = await tx.run(lockLostBuildsSql, [time(now - BUILD_PATIENCE_MS), limit]);
  for (const row of rows) {
    const build = lostBuild(toBuild(row), row.gone, now);
    await saveBuild(tx, build);
    await endBuild(tx, build);
  }
  return rows.length;
}

export function toBuild(row: BuildRow): Build {
  return {
    id: row.id,
    organizationId: row.organization_id,
    projectId: row.project_id,
    serviceId: row.service_id,
    uploadId: row.upload_id,
    uploadDigest: row.upload_digest,
    status: row.status,
    createdAt: ms(row.created_at),
    ...present({
      clusterId: row.cluster_id,
      imageDigest: row.image_digest,
      error: row.error,
      finishedAt: row.finished_at?.getTime(),
      askedAt: row.asked_at?.getTime(),
    }),
  };
}
