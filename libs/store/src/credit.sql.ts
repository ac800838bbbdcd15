import type { Credit } from '#libs/domain';
import { statement } from './statement.js';

export interface CreditRow {
  organization_id: Credit['organizationId'];
  id: Credit['id'];
  name: string;
  kind: Credit['kind'];
  currency: string;
  amount: string;
  used: string;
  priority: number;
  expires_at: Date | null;
  created_by: string;
  created_at: Date;
  revoked_at: Date | null;
}

const COLUMNS = `organization_id, id, name, kind, currency, amount,
  (SELECT coalesce(sum(u.amount), 0) FROM credit_uses u
   WHERE u.organization_id = credits.organization_id AND u.credit_id = credits.id) AS used, priority, expires_at, created_by, created_at, revoked_at`;

export const insertCreditSql = statement<CreditRow>(
  'credit_insert',
  `INSERT INTO credits (organization_id, id, name, kind, currency, amount, priority, expires_at, created_by, created_at)
   VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) RETURNING ${COLUMNS}`,
);

export const listCreditsSql = statement<CreditRow>(
  'credit_list',
  `SELECT ${COLUMNS} FROM credits WHERE organization_id = $1 AND id > $2 ORDER BY id LIMIT $3`,
);

export const openCreditsSql = statement<CreditRow>(
  'credit_open',
  `SELECT ${COLUMNS} FROM credits WHERE organization_id = $1 AND revoked_at IS NULL ORDER BY id`,
);

export const revokeCreditSql = statement<CreditRow>(
  'credit_revoke',
  `UPDATE credits SET revoked_at = coalesce(revoked_at, $3) WHERE organization_id = $1 AND id = $2 RETURNING ${COLUMNS}`,
);
