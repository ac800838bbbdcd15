import { statement } from './statement.js';

export interface AuditRow {
  id: string;
  organization_id: string;
  time: Date;
  actor_id: string;
  on_behalf_of: string | null;
  grant_id: string | null;
  action: string;
  object: string;
  before: Record<string, unknown> | null;
  after: Record<string, unknown> | null;
  request_id: string;
}

const COLUMNS = `id, organization_id, time, actor_id, on_behalf_of, grant_id, action, object, before, after, request_id`;

export const insertAuditSql = statement<unknown>(
  'audit_insert',
  `INSERT INTO audit_rows (id, organization_id, time, actor_id, action, object, before, after, request_id,
     on_behalf_of, grant_id)
   VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
);

export const listAuditSql = statement<AuditRow>(
  'audit_list',
  `SELECT ${COLUMNS} FROM audit_rows WHERE organization_id = $1 AND id < $2 ORDER BY id DESC LIMIT $3`,
);
