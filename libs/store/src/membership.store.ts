import {
  isServing,
  type Actor,
  type Id,
  type Member,
  type OrganizationStatus,
  type Role,
} from '#libs/domain';
import {
  deleteMemberSql,
  findMemberSql,
  findPersonSql,
  holdMembersSql,
  insertMemberSql,
  listMembersSql,
  membershipsOfSql,
  ownersSql,
  updateMemberSql,
  type MemberRow,
} from './membership.sql.js';
import { ms, time, type PageRequest } from './row.js';
import type { Tx } from './statement.js';

/** One of a person's organizations, as the person is told of it. */
export interface OwnMembership {
  organizationId: Id<'org'>;
  organizationName: string;
  role: Role;
  platformOperator: boolean;
  createdAt: number;
}

/** What the look-up of an access token gives: who acts, and what limits it. Times in UTC ms. */
export interface FoundPerson {
  actor: Actor;
  organizationStatus: OrganizationStatus;
  sessionExpiresAt: number;
  sessionEndedAt?: number;
}

/** By id or normalised e-mail address. */
export async function findMember(
  tx: Tx,
  organizationId: string,
  reference: string,
): Promise<Member | undefined> {
  const row = await tx.one(findMemberSql, [organizationId, reference]);
  return row && toMember(row);
}

export async function listMembers(tx: Tx, organizationId: string, page: PageRequest): Promise<Member[]> {
  return (await tx.run(listMembersSql, [organizationId, page.after ?? '', page.limit])).map(toMember);
}

/**
 * Holds the members of the organization until the transaction ends, and gives the ids of its owners. What was read
 * before may have changed; what is read afterwards may not.
 */
export async function holdOwners(tx: Tx, organizationId: string): Promise<string[]> {
  await tx.run(holdMembersSql, [organizationId]);
  // A statement of its own: it sees what was done by whoever held them before.
  return (await tx.run(ownersSql, [organizationId])).map((row) => row.user_id);
}

/** The new version; undefined when the person is no member (any more). */
export async function updateMember(
  tx: Tx,
  organizationId: string,
  userId: string,
  role: Role,
): Promise<number | undefined> {
  return (await tx.one(updateMemberSql, [organizationId, userId, role]))?.version;
}

export async function deleteMember(tx: Tx, organizationId: string, userId: string): Promise<void> {
  await tx.run(deleteMemberSql, [organizationId, userId]);
}

/** System role only. False when the person is a member already. */
export async function insertMember(
  tx: Tx,
  member: Pick<Member, 'organizationId' | 'userId' | 'role' | 'platformOperator' | 'createdAt'>,
): Promise<boolean> {
  const { organizationId, userId, role, platformOperator, createdAt } = member;
  const values = [organizationId, userId, role, platformOperator, time(createdAt)];
  return (await tx.one(insertMemberSql, values)) !== undefined;
}

/** Every organization of a person that is not closed, oldest membership first; system role only. */
export async function membershipsOf(tx: Tx, userId: string): Promise<OwnMembership[]> {
  return (await tx.run(membershipsOfSql, [userId])).map((row) => ({
    organizationId: row.organization_id,
    organizationName: row.organization_name,
    role: row.role,
    platformOperator: row.platform_operator,
    createdAt: ms(row.created_at),
  }));
}

/** Who an access token speaks for now, looked up before the tenant is bound. Undefined: no member, or no such session. */
export async function findPerson(
  tx: Tx,
  asked: { organizationId: Id<'org'>; userId: Id<'usr'>; sessionId: Id<'ses'> },
): Promise<FoundPerson | undefined> {
  const { organizationId, userId, sessionId } = asked;
  const row = await tx.one(findPersonSql, [organizationId, userId, sessionId]);
  if (!row) return undefined;
  const { role, platform_operator: platformOperator, session_ended_at: ended } = row;
  return {
    actor: {
      id: userId,
      organizationId,
      role,
      platformOperator,
      sessionId,
      ...(isServing(row.organization_status) ? {} : { readsOnly: true as const }),
    },
    organizationStatus: row.organization_status,
    sessionExpiresAt: ms(row.session_expires_at),
    ...(ended ? { sessionEndedAt: ms(ended) } : {}),
  };
}

function toMember(row: MemberRow): Member {
  const { organization_id: organizationId, user_id: userId, email, role, version } = row;
  return {
    organizationId,
    userId,
    email,
    role,
    version,
    platformOperator: row.platform_operator,
    createdAt: ms(row.created_at),
  };
}
