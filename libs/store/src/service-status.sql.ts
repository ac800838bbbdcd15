import type { Organization } from '#libs/domain';
import { SERVICE_COLUMNS, type ServiceRow } from './service.sql.js';
import { statement } from './statement.js';

/** A service as the deployer reads it: also a deleted one, with its project's handle. */
export interface IntentRow extends ServiceRow {
  project_handle: string;
  organization_status: Organization['status'];
  /** Null without a cap. */
  cap_reached: boolean | null;
}

export const findIntentSql = statement<IntentRow>(
  'service_find_intent',
  `SELECT ${SERVICE_COLUMNS.split(',')
    .map((column) => `s.${column.trim()}`)
    .join(', ')}, p.handle AS project_handle, o.status AS organization_status,
     c.reached AS cap_reached
   FROM services s JOIN projects p ON p.organization_id = s.organization_id AND p.id = s.project_id
   JOIN organizations o ON o.id = s.organization_id
   LEFT JOIN caps c ON c.organization_id = s.organization_id
   WHERE s.id = $1`,
);

export const findOwnersSql = statement<{ id: string; organization_id: string }>(
  'service_find_owners',
  `SELECT id, organization_id FROM services WHERE id = ANY ($1::text[])`,
);

/**
 * Locks the service; numbers of revisions are given under this lock. Not against who only asks whether it is there, as for a row that
 * refers to it: who writes how a build ended holds the build, which a pass that holds the service comes to next.
 */
export const lockGenerationSql = statement<{ generation: number }>(
  'service_lock_generation',
  `SELECT generation FROM services WHERE organization_id = $1 AND id = $2 FOR NO KEY UPDATE`,
);

export const updateStatusSql = statement<unknown>(
  'service_update_status',
  `UPDATE services SET status = $3 WHERE organization_id = $1 AND id = $2`,
);

export const markRemovedSql = statement<unknown>(
  'service_mark_removed',
  `UPDATE services SET removed_at = $3 WHERE organization_id = $1 AND id = $2`,
);

export const listStandingServicesSql = statement<{ id: string }>(
  'service_list_standing',
  `SELECT id FROM services WHERE removed_at IS NULL`,
);

// Reads ids only; a service that is settled costs nothing more than this row.
export const listUnsettledServicesSql = statement<{ id: string }>(
  'service_list_unsettled',
  `SELECT id FROM services
   WHERE removed_at IS NULL AND (deleted_at IS NOT NULL OR (status->>'observedGeneration')::bigint <> generation
     OR status->'conditions' @> '[{"type": "Ready", "status": "unknown"}]')
   UNION SELECT service_id FROM operations WHERE finished_at IS NULL`,
);
