import type { Delivery, Webhook } from '#libs/domain';
import { statement } from './statement.js';

export interface WebhookRow {
  id: Webhook['id'];
  organization_id: Webhook['organizationId'];
  url: string;
  types: Webhook['types'];
  created_at: Date;
  gone_at: Date | null;
}

export interface DeliveryRow {
  id: Delivery['id'];
  webhook_id: Delivery['webhookId'];
  notice_id: Delivery['noticeId'];
  type: Delivery['type'];
  status: Delivery['status'];
  attempts: number;
  last_result: string | null;
  at: Date;
  created_at: Date;
}

const COLUMNS = 'id, organization_id, url, types, created_at, gone_at';

export const insertWebhookSql = statement<unknown>(
  'webhook_insert',
  `INSERT INTO webhooks (id, organization_id, url, types, data_key_id, sealed, created_at)
   VALUES ($1, $2, $3, $4, $5, $6, $7)`,
);

export const findWebhookSql = statement<WebhookRow>(
  'webhook_find',
  `SELECT ${COLUMNS} FROM webhooks WHERE organization_id = $1 AND id = $2`,
);

export const listWebhooksSql = statement<WebhookRow>(
  'webhook_list',
  `SELECT ${COLUMNS} FROM webhooks WHERE organization_id = $1 AND id > $2 ORDER BY id LIMIT $3`,
);

/** Held until the transaction ends: two that add one count one after the other. */
export const holdWebhooksSql = statement<unknown>(
  'webhook_hold_all',
  `SELECT pg_advisory_xact_lock(hashtextextended('webhooks|' || $1::text, 0))`,
);

export const countWebhooksSql = statement<{ count: number }>(
  'webhook_count',
  `SELECT count(*)::int AS count FROM webhooks WHERE organization_id = $1`,
);

export const deleteWebhookSql = statement<unknown>(
  'webhook_delete',
  `DELETE FROM webhooks WHERE organization_id = $1 AND id = $2`,
);

/** Whoever wants notices of the type. */
export const wantedBySql = statement<{ id: string }>(
  'webhook_wanted_by',
  `SELECT id FROM webhooks
   WHERE organization_id = $1 AND gone_at IS NULL AND (cardinality(types) = 0 OR $2 = ANY (types)) ORDER BY id`,
);

export const insertDeliveriesSql = statement<unknown>(
  'webhook_insert_deliveries',
  `INSERT INTO webhook_deliveries (organization_id, notice_id, id, webhook_id, at, created_at)
   SELECT $1, $2, t.id, w.id, $5, $5 FROM unnest($3::text[], $4::text[]) AS t (id, webhook_id)
   JOIN webhooks w ON w.organization_id = $1 AND w.id = t.webhook_id FOR KEY SHARE OF w`,
);

export const listDeliveriesSql = statement<DeliveryRow>(
  'webhook_list_deliveries',
  `SELECT d.id, d.webhook_id, d.notice_id, n.type, d.status, d.attempts, d.last_result, d.at, d.created_at
   FROM webhook_deliveries d JOIN notices n ON n.organization_id = d.organization_id AND n.id = d.notice_id
   WHERE d.organization_id = $1 AND d.webhook_id = $2 AND d.id < $3 ORDER BY d.id DESC LIMIT $4`,
);

export interface DueRow {
  id: Delivery['id'];
  organization_id: Webhook['organizationId'];
  webhook_id: Webhook['id'];
  notice_id: Delivery['noticeId'];
  type: Delivery['type'];
  data: unknown;
  notice_created_at: Date;
  attempts: number;
  url: string;
  data_key_id: number;
  sealed: Buffer;
}

// Organizations take turns, and what is under way has the first ones: one with many slow receivers holds up no other.
export const dueDeliveriesSql = statement<DueRow>(
  'webhook_due',
  `WITH due AS (
     SELECT organization_id, id, at, row_number() OVER (PARTITION BY organization_id ORDER BY id <> ALL ($2::text[]), at) AS turn
     FROM webhook_deliveries WHERE status = 'pending' AND at <= $1)
   SELECT d.id, d.organization_id, d.webhook_id, d.notice_id, n.type, n.data, n.created_at AS notice_created_at,
     d.attempts, w.url, w.data_key_id, w.sealed
   FROM due JOIN webhook_deliveries d ON d.organization_id = due.organization_id AND d.id = due.id
   JOIN notices n ON n.organization_id = d.organization_id AND n.id = d.notice_id
   JOIN webhooks w ON w.organization_id = d.organization_id AND w.id = d.webhook_id
   WHERE due.turn <= $3 AND due.id <> ALL ($2) ORDER BY due.turn, due.at LIMIT $4`,
);

export const saveAttemptSql = statement<unknown>(
  'webhook_save_attempt',
  `UPDATE webhook_deliveries SET status = $3, attempts = $4, last_result = $5, at = $6
   WHERE organization_id = $1 AND id = $2 AND status = 'pending'`,
);

export const holdWebhookSql = statement<unknown>(
  'webhook_hold_one',
  `SELECT 1 FROM webhooks WHERE organization_id = $1 AND id = $2 FOR UPDATE`,
);

export const goneSql = statement<unknown>(
  'webhook_gone',
  `WITH gone AS (UPDATE webhooks SET gone_at = $3 WHERE organization_id = $1 AND id = $2 RETURNING id)
   UPDATE webhook_deliveries d SET status = 'failed', at = $3, last_result = 'the receiver is gone'
   FROM gone WHERE d.organization_id = $1 AND d.webhook_id = gone.id AND d.status = 'pending'`,
);
