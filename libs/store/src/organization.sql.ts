import type { Organization } from '#libs/domain';
import { statement } from './statement.js';

export interface OrganizationRow {
  id: Organization['id'];
  name: string;
  status: Organization['status'];
  /** Not told in the operator's list. */
  status_reason?: string | null;
  hold_until?: Date | null;
  gpu_quota?: number | null;
  created_at: Date;
  version: number;
}

const COLUMNS = 'id, name, status, status_reason, hold_until, gpu_quota, created_at, version';

export const insertOrganizationSql = statement<OrganizationRow>(
  'organization_insert',
  `INSERT INTO organizations (id, name, status, created_at) VALUES ($1, $2, 'active', $3) RETURNING ${COLUMNS}`,
);

export const findOrganizationSql = statement<OrganizationRow>(
  'organization_find',
  `SELECT ${COLUMNS} FROM organizations WHERE id = $1`,
);

export const renameOrganizationSql = statement<OrganizationRow>(
  'organization_rename',
  `UPDATE organizations SET name = $2, version = version + 1 WHERE id = $1 RETURNING ${COLUMNS}`,
);

export const setOrganizationStatusSql = statement<OrganizationRow>(
  'organization_set_status',
  `UPDATE organizations SET status = $2, status_reason = $3, status_changed_at = $4, hold_until = $5, version = version + 1
   WHERE id = $1 RETURNING ${COLUMNS}`,
);

export const setGpuQuotaSql = statement<OrganizationRow>(
  'organization_set_gpu_quota',
  `UPDATE organizations SET gpu_quota = $2, version = version + 1 WHERE id = $1 RETURNING ${COLUMNS}`,
);

/** Held until the transaction ends: services that take GPUs do so one at a time. */
export const lockGpusSql = statement<unknown>(
  'organization_lock_gpus',
  `SELECT pg_advisory_xact_lock(hashtextextended('gpus ' || $1, 0))`,
);

/** GPUs that other services than $2 may hold: of each as its newest intent says. */
export const countGpusSql = statement<{ gpus: bigint }>(
  'organization_count_gpus',
  `SELECT coalesce(sum((template->'resources'->>'gpus')::bigint * (template->>'maxInstances')::bigint), 0)::bigint AS gpus
   FROM services WHERE organization_id = $1 AND id <> $2 AND deleted_at IS NULL`,
);

export const listOrganizationsSql = statement<OrganizationRow>(
  'organization_list',
  `SELECT id, name, status, created_at, version FROM list_organizations($1, $2)`,
);

export const rebindTenantSql = statement<unknown>(
  'organization_rebind',
  `SELECT set_config('towpath.organization_id', $1, true)`,
);

/** Whether a credential of the platform's operators belongs to it. */
export const holdsOperatorsSql = statement<{ holds: boolean }>(
  'organization_holds_operators',
  `SELECT EXISTS (SELECT FROM api_keys WHERE organization_id = $1 AND platform_operator AND revoked_at IS NULL)
       OR EXISTS (SELECT FROM memberships WHERE organization_id = $1 AND platform_operator) AS holds`,
);
