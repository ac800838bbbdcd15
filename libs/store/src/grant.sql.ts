import type { OperatorGrant } from '#libs/domain';
import { statement } from './statement.js';

export interface GrantRow {
  grant_id: OperatorGrant['id'];
  organization_id: OperatorGrant['organizationId'];
  id: OperatorGrant['keyId'];
  granted_to: string;
  role: OperatorGrant['role'];
  grant_reason: string;
  created_at: Date;
  expires_at: Date;
  revoked_at: Date | null;
}

const COLUMNS =
  'grant_id, organization_id, id, granted_to, role, grant_reason, created_at, expires_at, revoked_at';

export const makeGrantSql = statement<GrantRow>(
  'grant_make',
  `UPDATE api_keys SET grant_id = $3, granted_to = $4, grant_reason = $5 WHERE organization_id = $1 AND id = $2
   RETURNING ${COLUMNS}`,
);

export const findGrantSql = statement<GrantRow>(
  'grant_find',
  `SELECT ${COLUMNS} FROM api_keys WHERE organization_id = $1 AND grant_id = $2`,
);

export const listGrantsSql = statement<GrantRow>(
  'grant_list',
  `SELECT ${COLUMNS} FROM api_keys WHERE organization_id = $1 AND grant_id < $2 ORDER BY grant_id DESC LIMIT $3`,
);
