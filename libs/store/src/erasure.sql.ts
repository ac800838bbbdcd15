import type { ErasedStore, Erasure, ErasureStep, Id } from '#libs/domain';
import { statement } from './statement.js';

export interface ErasureRow {
  organization_id: Id<'org'>;
  requested_by: string;
  reason: string | null;
  steps: ErasureStep[];
  stores: ErasedStore[];
  started_at: Date;
  finished_at: Date | null;
}

const COLUMNS = 'organization_id, requested_by, reason, steps, stores, started_at, finished_at';

export const insertErasureSql = statement<ErasureRow>(
  'erasure_insert',
  `INSERT INTO erasures (organization_id, requested_by, reason, steps, stores, started_at)
   VALUES ($1, $2, $3, $4, $5, $6) RETURNING ${COLUMNS}`,
);

export const findErasureSql = statement<ErasureRow>(
  'erasure_find',
  `SELECT ${COLUMNS} FROM erasures WHERE organization_id = $1`,
);

export const openErasuresSql = statement<ErasureRow>(
  'erasure_list_open',
  `SELECT ${COLUMNS} FROM erasures WHERE finished_at IS NULL ORDER BY started_at`,
);

export const saveErasureSql = statement<unknown>(
  'erasure_save',
  `UPDATE erasures SET steps = $2, stores = $3, finished_at = $4, version = version + 1 WHERE organization_id = $1`,
);

/** Closing ones whose hold has ended; locked, so that they are not reopened meanwhile. */
export const endedHoldsSql = statement<{ id: Erasure['organizationId'] }>(
  'erasure_ended_holds',
  `SELECT id FROM organizations WHERE status = 'closing' AND hold_until <= $1 ORDER BY hold_until LIMIT 10
   FOR UPDATE SKIP LOCKED`,
);

export const closeForGoodSql = statement<unknown>(
  'erasure_close_for_good',
  `UPDATE organizations SET status = 'closed', status_changed_at = $2, version = version + 1 WHERE id = $1`,
);

export const deleteServicesSql = statement<{ id: Id<'svc'> }>(
  'erasure_delete_services',
  `UPDATE services SET deleted_at = $2, updated_at = $2, generation = generation + 1, version = version + 1
   WHERE organization_id = $1 AND deleted_at IS NULL RETURNING id`,
);

export const standingServicesSql = statement<{ count: number }>(
  'erasure_standing_services',
  'SELECT count(*)::int AS count FROM services WHERE organization_id = $1 AND removed_at IS NULL',
);

/** Ids and names under which messages of the organization lie in NATS. */
export const traceIdsSql = statement<{
  services: string[];
  builds: string[];
  secrets: string[];
  hosts: string[];
}>(
  'erasure_trace_ids',
  `SELECT ARRAY(SELECT id FROM services WHERE organization_id = $1) AS services,
     ARRAY(SELECT id FROM builds WHERE organization_id = $1) AS builds,
     ARRAY(SELECT id FROM secrets WHERE organization_id = $1) AS secrets,
     ARRAY(SELECT host FROM routes WHERE organization_id = $1) AS hosts`,
);

export const eraseFlagSql = statement<unknown>(
  'erasure_flag',
  `SELECT set_config('towpath.erasing', $1, true)`,
);

/** People who were ever here: members, who was invited, who acted here last. */
export const peopleSql = statement<{ user_id: string }>(
  'erasure_people',
  `SELECT user_id FROM memberships WHERE organization_id = $1
   UNION SELECT user_id FROM sessions WHERE organization_id = $1
   UNION SELECT accepted_by FROM invitations WHERE organization_id = $1 AND accepted_by IS NOT NULL`,
);

export const erasePeopleSql = statement<{ id: string }>(
  'erasure_erase_people',
  `DELETE FROM users WHERE id = ANY($1)
     AND NOT EXISTS (SELECT FROM memberships m WHERE m.user_id = users.id) RETURNING id`,
);

export const retireHandlesSql = statement<unknown>(
  'erasure_retire_handles',
  `INSERT INTO retired_handles (digest)
   SELECT sha256(convert_to(handle, 'UTF8')) FROM handles WHERE organization_id = $1 ON CONFLICT DO NOTHING`,
);

export const emptyOrganizationSql = statement<unknown>(
  'erasure_empty_organization',
  'UPDATE organizations SET name = id, status_reason = NULL, hold_until = NULL WHERE id = $1',
);
