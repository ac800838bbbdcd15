import type { Id } from '#libs/domain';
import { statement } from './statement.js';

// Locks by name, not by row: a row lock would not make a waiting DELETE look again at what refers to the row.
export const holdNameSql = statement<unknown>(
  'garbage_hold_name',
  'SELECT pg_advisory_xact_lock_shared(hashtextextended($1, 0))',
);

export const takeNameSql = statement<{ taken: boolean }>(
  'garbage_take_name',
  'SELECT pg_try_advisory_xact_lock(hashtextextended($1, 0)) AS taken',
);

// Nobody waits for a build that no builder has begun in all that time: it was overtaken before one heard of it.
/** Old ones that no service names as its source, with every build of theirs ended. */
const UNUSED = `u.created_at < $1
  AND NOT EXISTS (SELECT FROM services s WHERE s.organization_id = u.organization_id AND s.project_id = u.project_id
    AND s.removed_at IS NULL AND s.template->'source'->>'uploadId' = u.id)
  AND NOT EXISTS (SELECT FROM builds b WHERE b.organization_id = u.organization_id AND b.upload_id = u.id
    AND b.finished_at IS NULL AND NOT (b.status = 'pending' AND b.created_at < $1))`;

export const unusedUploadsSql = statement<{ id: Id<'upl'> }>(
  'garbage_unused_uploads',
  `SELECT u.id FROM uploads u WHERE ${UNUSED} ORDER BY u.created_at LIMIT $2`,
);

export const dropBuildsOfSql = statement<unknown>(
  'garbage_drop_builds_of',
  `DELETE FROM builds d USING uploads u
   WHERE u.id = $2 AND d.organization_id = u.organization_id AND d.upload_id = u.id AND ${UNUSED}`,
);

export const dropUploadSql = statement<{ id: string }>(
  'garbage_drop_upload',
  `DELETE FROM uploads u WHERE u.id = $2 AND ${UNUSED} RETURNING u.id`,
);

export const isSourceSql = statement<{ needed: boolean }>(
  'garbage_is_source',
  'SELECT EXISTS (SELECT FROM uploads WHERE digest = $1) AS needed',
);

// One whose row is gone went with its upload.
export const endedBuildsSql = statement<{ id: string }>(
  'garbage_ended_builds',
  `SELECT asked.id FROM unnest($1::text[]) AS asked (id)
   WHERE NOT EXISTS (SELECT FROM builds b WHERE b.id = asked.id AND (b.finished_at IS NULL OR b.finished_at >= $2))`,
);

/** Versions of secrets that what a cluster is asked to hold refers to. */
export const sealedInUseSql = statement<{ id: string; version: number }>(
  'garbage_sealed_in_use',
  `SELECT DISTINCT s->>'id' AS id, (s->>'version')::int AS version
   FROM targets t CROSS JOIN LATERAL (SELECT jsonb_path_query(t.body, '$.revisions.**.secret')
     UNION SELECT jsonb_path_query(t.body, '$.revisions.**.pullSecret')) AS named(s)
   WHERE t.cluster_id = $1`,
);
