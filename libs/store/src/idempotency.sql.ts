import { statement } from './statement.js';

/** Held until the transaction ends; false when another transaction holds it now. */
export const holdKeySql = statement<{ held: boolean }>(
  'idempotency_hold',
  `SELECT pg_try_advisory_xact_lock(hashtextextended($1::text || '|' || $2::text || '|' || $3::text, 0)) AS held`,
);

export const findAnswerSql = statement<{ fingerprint: string; status: number; body: unknown }>(
  'idempotency_find',
  `SELECT fingerprint, status, body FROM idempotency_keys
   WHERE organization_id = $1 AND actor_id = $2 AND key = $3 AND status IS NOT NULL AND created_at >= $4`,
);

export const insertAnswerSql = statement<unknown>(
  'idempotency_insert',
  `INSERT INTO idempotency_keys (organization_id, actor_id, key, fingerprint, status, body, created_at)
   VALUES ($1, $2, $3, $4, $5, $6, $7)`,
);

export const forgetAnswersSql = statement<unknown>(
  'idempotency_forget',
  `DELETE FROM idempotency_keys WHERE organization_id = $1 AND created_at < $2`,
);
