import type { ApiKey, Id, OrganizationStatus, Role } from '#libs/domain';
import { statement } from './statement.js';

export interface KeyRow {
  id: ApiKey['id'];
  organization_id: ApiKey['organizationId'];
  name: string;
  role: Role;
  project_id: Id<'prj'> | null;
  platform_operator: boolean;
  preview: string;
  created_at: Date;
  expires_at: Date | null;
  revoked_at: Date | null;
  last_used_at: Date | null;
}

export interface FoundKeyRow {
  id: ApiKey['id'];
  organization_id: ApiKey['organizationId'];
  role: Role;
  project_id: Id<'prj'> | null;
  platform_operator: boolean;
  expires_at: Date | null;
  revoked_at: Date | null;
  organization_status: OrganizationStatus;
  grant_id: Id<'grt'> | null;
  granted_to: string | null;
}

const COLUMNS = `id, organization_id, name, role, project_id, platform_operator, preview, created_at, expires_at,
  revoked_at, last_used_at`;

export const insertKeySql = statement<KeyRow>(
  'key_insert',
  `INSERT INTO api_keys (id, organization_id, name, hash, preview, role, project_id, platform_operator, created_by,
     created_at, expires_at)
   VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) RETURNING ${COLUMNS}`,
);

export const findKeySql = statement<KeyRow>(
  'key_find',
  `SELECT ${COLUMNS} FROM api_keys WHERE organization_id = $1 AND id = $2`,
);

export const listKeysSql = statement<KeyRow>(
  'key_list',
  `SELECT ${COLUMNS} FROM api_keys
   WHERE organization_id = $1 AND id > $2 AND ($4::text IS NULL OR project_id = $4) ORDER BY id LIMIT $3`,
);

export const revokeKeySql = statement<KeyRow>(
  'key_revoke',
  `UPDATE api_keys SET revoked_at = coalesce(revoked_at, $3) WHERE organization_id = $1 AND id = $2
   RETURNING ${COLUMNS}`,
);

/** Locks the owners' keys that work, so that two revocations at once cannot take the last two. */
export const lockOwnerKeysSql = statement<{ id: string }>(
  'key_lock_owners',
  `SELECT id FROM api_keys
   WHERE organization_id = $1 AND role = 'owner' AND project_id IS NULL AND revoked_at IS NULL
     AND (expires_at IS NULL OR expires_at > $2)
   ORDER BY id FOR UPDATE`,
);

export const touchKeySql = statement<unknown>(
  'key_touch',
  `UPDATE api_keys SET last_used_at = $3
   WHERE organization_id = $1 AND id = $2 AND (last_used_at IS NULL OR last_used_at < $3)`,
);

export const findKeyByHashSql = statement<FoundKeyRow>(
  'key_find_by_hash',
  `SELECT id, organization_id, role, project_id, platform_operator, expires_at, revoked_at, organization_status,
     grant_id, granted_to
   FROM find_api_key($1)`,
);
