import type { Organization } from '#libs/domain';
import { statement } from './statement.js';

export interface OrganizationRow {
  id: Organization['id'];
  name: string;
  status: Organization['status'];
  /** Not told in the operator's list. */
  status_reason?: string | null;
  created_at: Date;
  version: number;
}

const COLUMNS = 'id, name, status, status_reason, created_at, version';

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
  `UPDATE organizations SET status = $2, status_reason = $3, status_changed_at = $4, version = version + 1
   WHERE id = $1 RETURNING ${COLUMNS}`,
);

export const listOrganizationsSql = statement<OrganizationRow>(
  'organization_list',
  `SELECT id, name, status, created_at, version FROM list_organizations($1, $2)`,
);

export const rebindTenantSql = statement<unknown>(
  'organization_rebind',
  `SELECT set_config('towpath.organization_id', $1, true)`,
);
