import type { Id, Session, ShownRefresh } from '#libs/domain';
import { ms, present, time } from './row.js';
import {
  endOldestSessionsSql,
  endOtherSessionsSql,
  endSessionSql,
  forgetRefreshSql,
  forgetSessionsSql,
  holdSessionOfRefreshSql,
  insertRefreshSql,
  insertSessionSql,
  lastOrganizationSql,
  listSessionsSql,
  shownRefreshSql,
  spendRefreshSql,
  useSessionSql,
  type SessionRow,
} from './session.sql.js';
import type { Tx } from './statement.js';

/** A refresh token by the SHA-256 of its text. Times in UTC ms. */
export interface StoredRefresh {
  hash: Uint8Array;
  createdAt: number;
  expiresAt: number;
}

/** A refresh token that somebody shows, with its session held until the transaction ends. */
export interface HeldRefresh extends ShownRefresh {
  sessionId: Id<'ses'>;
  userId: Id<'usr'>;
  organizationId: Id<'org'>;
  successorSalt?: Buffer;
}

/** How long an ended session is kept, for the person who asks what happened. */
const KEPT_MS = 30 * 24 * 3_600_000;

/** All of this file is the system role's. Makes room first: a person has at most `maximum` live sessions. */
export async function insertSession(
  tx: Tx,
  session: Omit<Session, 'lastUsedAt' | 'endedAt'>,
  refresh: StoredRefresh,
  maximum: number,
): Promise<Session> {
  const { id, userId, organizationId, address, client, createdAt, expiresAt } = session;
  await tx.run(forgetSessionsSql, [userId, time(createdAt - KEPT_MS)]);
  await tx.run(endOldestSessionsSql, [userId, time(createdAt), maximum - 1]);
  const values = [id, userId, organizationId, address, client, time(createdAt), time(expiresAt)];
  const row = await tx.one(insertSessionSql, values);
  await insertRefresh(tx, id, refresh);
  return toSession(row as SessionRow);
}

/** Finds a shown token and holds its session. Undefined when there is no such token. */
export async function holdRefresh(tx: Tx, hash: Uint8Array): Promise<HeldRefresh | undefined> {
  if (!(await tx.one(holdSessionOfRefreshSql, [hash]))) return undefined;
  // Read after the lock was given: what another refresh did meanwhile is seen.
  const row = await tx.one(shownRefreshSql, [hash]);
  if (!row) return undefined;
  return {
    sessionId: row.session_id,
    userId: row.user_id,
    organizationId: row.organization_id,
    expiresAt: ms(row.token_expires_at),
    successorSpent: row.successor_spent_at !== null,
    session: {
      expiresAt: ms(row.session_expires_at),
      ...present({ endedAt: row.ended_at?.getTime() }),
    },
    ...present({ spentAt: row.spent_at?.getTime(), successorSalt: row.successor_salt }),
  };
}

/** Spends a token for its successor, and notes where the session acts now. */
export async function rotateRefresh(
  tx: Tx,
  spent: { hash: Uint8Array; sessionId: string; organizationId: string },
  successor: StoredRefresh & { salt: Uint8Array },
  now: number,
): Promise<void> {
  await tx.run(forgetRefreshSql, [spent.sessionId, time(now)]);
  await tx.run(spendRefreshSql, [spent.hash, time(now), successor.hash, successor.salt]);
  await insertRefresh(tx, spent.sessionId, successor);
  await tx.run(useSessionSql, [spent.sessionId, time(now), spent.organizationId]);
}

/** Undefined when the person has no such session; one that ended before keeps its time. */
export async function endSession(
  tx: Tx,
  ended: { id: string; userId: string; because: string },
  now: number,
): Promise<Session | undefined> {
  const row = await tx.one(endSessionSql, [ended.id, ended.userId, time(now), ended.because]);
  return row && toSession(row);
}

/** Ends all sessions of a person but one; how many those were. */
export async function endOtherSessions(
  tx: Tx,
  ended: { userId: string; but: string; because: string },
  now: number,
): Promise<number> {
  return (await tx.run(endOtherSessionsSql, [ended.userId, ended.but, time(now), ended.because])).length;
}

/** The live sessions of a person, the one used last first. */
export async function listSessions(tx: Tx, userId: string, limit: number, now: number): Promise<Session[]> {
  return (await tx.run(listSessionsSql, [userId, time(now), limit])).map(toSession);
}

/** Where the person acted last. */
export async function lastOrganizationOf(tx: Tx, userId: string): Promise<string | undefined> {
  return (await tx.one(lastOrganizationSql, [userId]))?.organization_id;
}

async function insertRefresh(tx: Tx, sessionId: string, refresh: StoredRefresh): Promise<void> {
  const { hash, createdAt, expiresAt } = refresh;
  await tx.run(insertRefreshSql, [hash, sessionId, time(createdAt), time(expiresAt)]);
}

function toSession(row: SessionRow): Session {
  return {
    id: row.id,
    userId: row.user_id,
    organizationId: row.organization_id,
    address: row.address,
    client: row.client,
    createdAt: ms(row.created_at),
    lastUsedAt: ms(row.last_used_at),
    expiresAt: ms(row.expires_at),
    ...present({ endedAt: row.ended_at?.getTime() }),
  };
}
