import type { Build, PublicError } from '#libs/domain';
import { statement } from './statement.js';

export interface BuildRow {
  id: Build['id'];
  organization_id: Build['organizationId'];
  project_id: Build['projectId'];
  service_id: Build['serviceId'];
  upload_id: Build['uploadId'];
  upload_digest: Build['uploadDigest'];
  cluster_id: Build['clusterId'] | null;
  status: Build['status'];
  image_digest: Build['imageDigest'] | null;
  error: PublicError | null;
  created_at: Date;
  finished_at: Date | null;
  asked_at: Date | null;
}

const COLUMNS = `id, organization_id, project_id, service_id, upload_id, upload_digest, cluster_id, status, image_digest,
  error, created_at, finished_at, asked_at`;

export const findBuildOfUploadSql = statement<BuildRow>(
  'build_find_of_upload',
  `SELECT ${COLUMNS} FROM builds WHERE organization_id = $1 AND service_id = $2 AND upload_id = $3`,
);

// Only the cluster that was asked for it may say how it went.
export const lockAskedBuildSql = statement<BuildRow>(
  'build_lock_asked',
  `SELECT ${COLUMNS} FROM builds WHERE id = $1 AND cluster_id = $2 FOR UPDATE`,
);

// A pass that read an earlier report than the board took may come after it. It may cost from when a cluster is asked for it.
export const saveBuildSql = statement<unknown>(
  'build_save',
  `INSERT INTO builds (${COLUMNS}, may_cost)
   VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $7::text IS NOT NULL AND $12::timestamptz IS NULL)
   ON CONFLICT (organization_id, id) DO UPDATE SET cluster_id = excluded.cluster_id, status = excluded.status,
     image_digest = excluded.image_digest, error = excluded.error, finished_at = excluded.finished_at, asked_at = coalesce(builds.asked_at, excluded.asked_at),
     may_cost = builds.may_cost OR (builds.cluster_id IS NULL AND excluded.may_cost)
   WHERE builds.finished_at IS NULL`,
);

/** The newest build of a service that was made at that time or later: the build of an operation. */
export const findBuildSinceSql = statement<{ id: Build['id'] }>(
  'build_find_since',
  `SELECT id FROM builds WHERE organization_id = $1 AND service_id = $2 AND created_at >= $3
   ORDER BY created_at DESC LIMIT 1`,
);

export const endBuildSql = statement<unknown>(
  'build_end',
  `UPDATE builds SET may_cost = false WHERE organization_id = $1 AND id = $2 AND may_cost`,
);

const GONE = 'NOT EXISTS (SELECT FROM clusters c WHERE c.id = builds.cluster_id AND c.removed_at IS NULL)';

// Who else looks takes others. One that a pass saw the end of may be without a word of what it took.
export const lockLostBuildsSql = statement<BuildRow & { gone: boolean }>(
  'build_lock_lost',
  `SELECT ${COLUMNS}, ${GONE} AS gone FROM builds
   WHERE cluster_id IS NOT NULL AND (finished_at IS NULL OR may_cost)
     AND (coalesce(asked_at, created_at) < $1 OR finished_at IS NULL AND ${GONE})
   ORDER BY created_at LIMIT $2 FOR UPDATE SKIP LOCKED`,
);
