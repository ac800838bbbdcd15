import type { Project } from '#libs/domain';
import { statement } from './statement.js';

export interface ProjectRow {
  id: Project['id'];
  organization_id: Project['organizationId'];
  name: string;
  handle: string;
  created_at: Date;
  version: number;
}

const COLUMNS = 'id, organization_id, name, handle, created_at, version';

/** Takes the handle for ever; nothing comes back when another project has or had it. */
export const takeHandleSql = statement<{ handle: string }>(
  'project_take_handle',
  `INSERT INTO handles (handle, organization_id, project_id) VALUES ($1, $2, $3)
   ON CONFLICT (handle) DO NOTHING RETURNING handle`,
);

export const insertProjectSql = statement<ProjectRow>(
  'project_insert',
  `INSERT INTO projects (id, organization_id, name, handle, created_at) VALUES ($1, $2, $3, $4, $5)
   RETURNING ${COLUMNS}`,
);

export const findProjectSql = statement<ProjectRow>(
  'project_find',
  `SELECT ${COLUMNS} FROM projects
   WHERE organization_id = $1 AND deleted_at IS NULL AND (id = $2 OR handle = $2)`,
);

export const listProjectsSql = statement<ProjectRow>(
  'project_list',
  `SELECT ${COLUMNS} FROM projects
   WHERE organization_id = $1 AND deleted_at IS NULL AND id > $2 AND ($4::text IS NULL OR id = $4)
   ORDER BY id LIMIT $3`,
);

export const lockProjectSql = statement<{ id: string }>(
  'project_lock',
  `SELECT id FROM projects WHERE organization_id = $1 AND id = $2 AND deleted_at IS NULL FOR UPDATE`,
);

/**
 * Takes a share of the project, so that it cannot be deleted (lockProjectSql) while something is being put into it: the
 * weakest share there is, which the foreign keys of what is put into it take as well.
 */
export const holdProjectSql = statement<ProjectRow>(
  'project_hold',
  `SELECT ${COLUMNS} FROM projects
   WHERE organization_id = $1 AND deleted_at IS NULL AND (id = $2 OR handle = $2) FOR KEY SHARE`,
);

export const countServicesSql = statement<{ services: number }>(
  'project_count_services',
  `SELECT count(*) AS services FROM services
   WHERE organization_id = $1 AND project_id = $2 AND removed_at IS NULL`,
);

export const deleteProjectSql = statement<unknown>(
  'project_delete',
  `UPDATE projects SET deleted_at = $3, version = version + 1 WHERE organization_id = $1 AND id = $2`,
);

export const revokeProjectKeysSql = statement<unknown>(
  'project_revoke_keys',
  `UPDATE api_keys SET revoked_at = $3 WHERE organization_id = $1 AND project_id = $2 AND revoked_at IS NULL`,
);

export const eraseProjectSecretsSql = statement<unknown>(
  'project_erase_secrets',
  `DELETE FROM secret_versions v USING secrets s
   WHERE s.organization_id = $1 AND s.project_id = $2
     AND v.organization_id = s.organization_id AND v.secret_id = s.id`,
);

export const deleteProjectSecretsSql = statement<unknown>(
  'project_delete_secrets',
  `UPDATE secrets SET deleted_at = $3 WHERE organization_id = $1 AND project_id = $2 AND deleted_at IS NULL`,
);
