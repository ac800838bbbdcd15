import { statement } from './statement.js';

/** Makes the row if there is none, and holds it until the transaction ends. */
export const holdRateSql = statement<{ empty_at: Date }>(
  'rate_limit_hold',
  `INSERT INTO rate_limits (name, subject, empty_at) VALUES ($1, $2, $3)
   ON CONFLICT (name, subject) DO UPDATE SET empty_at = rate_limits.empty_at RETURNING empty_at`,
);

export const setRateSql = statement<unknown>(
  'rate_limit_set',
  'UPDATE rate_limits SET empty_at = $3 WHERE name = $1 AND subject = $2',
);

export const clearRateSql = statement<unknown>(
  'rate_limit_clear',
  'DELETE FROM rate_limits WHERE name = $1 AND subject = $2',
);

/** A few that count nothing any more, skipping what others hold. */
export const forgetRatesSql = statement<unknown>(
  'rate_limit_forget',
  `DELETE FROM rate_limits WHERE (name, subject) IN (
     SELECT name, subject FROM rate_limits WHERE empty_at < $1 ORDER BY empty_at LIMIT 20 FOR UPDATE SKIP LOCKED)`,
);
