import type { Id, Session } from '#libs/domain';
import { statement } from './statement.js';

export interface SessionRow {
  id: Session['id'];
  user_id: Session['userId'];
  organization_id: Session['organizationId'];
  address: string;
  client: string;
  created_at: Date;
  last_used_at: Date;
  expires_at: Date;
  ended_at: Date | null;
}

export interface ShownRefreshRow {
  session_id: Id<'ses'>;
  user_id: Id<'usr'>;
  organization_id: Id<'org'>;
  session_expires_at: Date;
  ended_at: Date | null;
  token_expires_at: Date;
  spent_at: Date | null;
  successor_salt: Buffer | null;
  successor_spent_at: Date | null;
}

const COLUMNS = `id, user_id, organization_id, address, client, created_at, last_used_at, expires_at, ended_at`;

export const insertSessionSql = statement<SessionRow>(
  'session_insert',
  `INSERT INTO sessions (id, user_id, organization_id, address, client, created_at, last_used_at, expires_at)
   VALUES ($1, $2, $3, $4, $5, $6, $6, $7) RETURNING ${COLUMNS}`,
);

export const insertRefreshSql = statement<unknown>(
  'session_insert_refresh',
  `INSERT INTO refresh_tokens (hash, session_id, created_at, expires_at) VALUES ($1, $2, $3, $4)`,
);

/** The session is locked, so that of many refreshes at once each sees what the one before it did. */
export const holdSessionOfRefreshSql = statement<{ id: Id<'ses'> }>(
  'session_hold_of_refresh',
  `SELECT s.id FROM sessions s WHERE s.id = (SELECT session_id FROM refresh_tokens WHERE hash = $1) FOR UPDATE`,
);

export const shownRefreshSql = statement<ShownRefreshRow>(
  'session_shown_refresh',
  `SELECT t.session_id, s.user_id, s.organization_id, s.expires_at AS session_expires_at, s.ended_at,
     t.expires_at AS token_expires_at, t.spent_at, t.successor_salt, n.spent_at AS successor_spent_at
   FROM refresh_tokens t JOIN sessions s ON s.id = t.session_id
   LEFT JOIN refresh_tokens n ON n.hash = t.successor_hash
   WHERE t.hash = $1`,
);

export const spendRefreshSql = statement<unknown>(
  'session_spend_refresh',
  `UPDATE refresh_tokens SET spent_at = $2, successor_hash = $3, successor_salt = $4 WHERE hash = $1`,
);

/** What is too old to be refreshed with is also too old to betray a thief. */
export const forgetRefreshSql = statement<unknown>(
  'session_forget_refresh',
  'DELETE FROM refresh_tokens WHERE session_id = $1 AND expires_at <= $2',
);

export const useSessionSql = statement<unknown>(
  'session_use',
  'UPDATE sessions SET last_used_at = $2, organization_id = $3 WHERE id = $1',
);

export const endSessionSql = statement<SessionRow>(
  'session_end',
  `UPDATE sessions SET ended_at = coalesce(ended_at, $3), ended_because = coalesce(ended_because, $4)
   WHERE id = $1 AND user_id = $2 RETURNING ${COLUMNS}`,
);

export const endOtherSessionsSql = statement<{ id: string }>(
  'session_end_others',
  `UPDATE sessions SET ended_at = $3, ended_because = $4
   WHERE user_id = $1 AND id <> $2 AND ended_at IS NULL RETURNING id`,
);

/** Live ones: newest use first. */
export const listSessionsSql = statement<SessionRow>(
  'session_list',
  `SELECT ${COLUMNS} FROM sessions WHERE user_id = $1 AND ended_at IS NULL AND expires_at > $2
   ORDER BY last_used_at DESC, id LIMIT $3`,
);

/** All but the `$3` used last are ended, so that one more has room. */
export const endOldestSessionsSql = statement<unknown>(
  'session_end_oldest',
  `UPDATE sessions SET ended_at = $2, ended_because = 'too many' WHERE id IN (
     SELECT id FROM sessions WHERE user_id = $1 AND ended_at IS NULL ORDER BY last_used_at DESC, id OFFSET $3)`,
);

export const forgetSessionsSql = statement<unknown>(
  'session_forget',
  'DELETE FROM sessions WHERE user_id = $1 AND (ended_at < $2 OR expires_at < $2)',
);

export const lastOrganizationSql = statement<{ organization_id: string }>(
  'session_last_organization',
  'SELECT organization_id FROM sessions WHERE user_id = $1 ORDER BY last_used_at DESC, id LIMIT 1',
);
