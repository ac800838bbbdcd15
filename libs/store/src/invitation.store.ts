import type { Invitation } from '#libs/domain';
import {
  findInvitationByHashSql,
  findInvitationSql,
  insertInvitationSql,
  listInvitationsSql,
  revokeInvitationSql,
  revokeInvitationsOfSql,
  takeInvitationSql,
  type InvitationRow,
} from './invitation.sql.js';
import { ms, present, time, type PageRequest } from './row.js';
import type { Tx } from './statement.js';

/** Stores an invitation by the SHA-256 of its token; the token itself is stored nowhere. */
export async function insertInvitation(
  tx: Tx,
  invitation: Omit<Invitation, 'acceptedAt' | 'revokedAt'>,
  hash: Uint8Array,
): Promise<Invitation> {
  const { id, organizationId, email, role, platformOperator, createdBy, createdAt, expiresAt } = invitation;
  const row = await tx.one(insertInvitationSql, [
    id,
    organizationId,
    email,
    role,
    platformOperator,
    hash,
    createdBy,
    time(createdAt),
    time(expiresAt),
  ]);
  return toInvitation(row as InvitationRow);
}

export async function findInvitation(
  tx: Tx,
  organizationId: string,
  id: string,
): Promise<Invitation | undefined> {
  const row = await tx.one(findInvitationSql, [organizationId, id]);
  return row && toInvitation(row);
}

export async function listInvitations(
  tx: Tx,
  organizationId: string,
  page: PageRequest,
): Promise<Invitation[]> {
  return (await tx.run(listInvitationsSql, [organizationId, page.after ?? '', page.limit])).map(toInvitation);
}

/** Before the tenant is known; system role only. */
export async function findInvitationByHash(tx: Tx, hash: Uint8Array): Promise<Invitation | undefined> {
  const row = await tx.one(findInvitationByHashSql, [hash]);
  return row && toInvitation(row);
}

/** Takes it for this person; undefined when it cannot be accepted (any more). System role only. */
export async function takeInvitation(
  tx: Tx,
  hash: Uint8Array,
  userId: string,
  now: number,
): Promise<Invitation | undefined> {
  const row = await tx.one(takeInvitationSql, [hash, userId, time(now)]);
  return row && toInvitation(row);
}

/** Undefined when it was accepted or revoked before. */
export async function revokeInvitation(
  tx: Tx,
  organizationId: string,
  id: string,
  now: number,
): Promise<Invitation | undefined> {
  const row = await tx.one(revokeInvitationSql, [organizationId, id, time(now)]);
  return row && toInvitation(row);
}

/** Ends every open invitation of a maker: an invitation is worth no more than the rights it stands on. */
export async function revokeInvitationsOf(
  tx: Tx,
  organizationId: string,
  createdBy: string,
  now: number,
): Promise<void> {
  await tx.run(revokeInvitationsOfSql, [organizationId, createdBy, time(now)]);
}

function toInvitation(row: InvitationRow): Invitation {
  return {
    id: row.id,
    organizationId: row.organization_id,
    email: row.email,
    role: row.role,
    platformOperator: row.platform_operator,
    createdBy: row.created_by,
    createdAt: ms(row.created_at),
    expiresAt: ms(row.expires_at),
    ...present({ acceptedAt: row.accepted_at?.getTime(), revokedAt: row.revoked_at?.getTime() }),
  };
}
