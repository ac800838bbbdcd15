import type { Member, OrganizationStatus, Role } from '#libs/domain';
import { statement } from './statement.js';

export interface MemberRow {
  organization_id: Member['organizationId'];
  user_id: Member['userId'];
  email: string;
  role: Role;
  platform_operator: boolean;
  created_at: Date;
  version: number;
}

export interface OwnMembershipRow extends Omit<MemberRow, 'email' | 'version'> {
  organization_name: string;
}

export interface FoundPersonRow {
  role: Role;
  platform_operator: boolean;
  organization_status: OrganizationStatus;
  session_expires_at: Date;
  session_ended_at: Date | null;
}

const SELECT = `SELECT m.organization_id, m.user_id, u.email, m.role, m.platform_operator, m.created_at, m.version
  FROM memberships m JOIN users u ON u.id = m.user_id`;

export const findMemberSql = statement<MemberRow>(
  'member_find',
  `${SELECT} WHERE m.organization_id = $1 AND (m.user_id = $2 OR u.email = $2)`,
);

export const listMembersSql = statement<MemberRow>(
  'member_list',
  `${SELECT} WHERE m.organization_id = $1 AND m.user_id > $2 ORDER BY m.user_id LIMIT $3`,
);

/** Held until the transaction ends: changes of one organization's members happen one after the other. */
export const holdMembersSql = statement<unknown>(
  'member_hold',
  `SELECT pg_advisory_xact_lock(hashtextextended('members|' || $1::text, 0))`,
);

export const ownersSql = statement<{ user_id: string }>(
  'member_owners',
  `SELECT user_id FROM memberships WHERE organization_id = $1 AND role = 'owner' ORDER BY user_id`,
);

export const updateMemberSql = statement<{ version: number }>(
  'member_update',
  `UPDATE memberships SET role = $3, version = version + 1 WHERE organization_id = $1 AND user_id = $2
   RETURNING version`,
);

export const deleteMemberSql = statement<unknown>(
  'member_delete',
  'DELETE FROM memberships WHERE organization_id = $1 AND user_id = $2',
);

export const insertMemberSql = statement<{ user_id: string }>(
  'member_insert',
  `INSERT INTO memberships (organization_id, user_id, role, platform_operator, created_at)
   VALUES ($1, $2, $3, $4, $5) ON CONFLICT (organization_id, user_id) DO NOTHING RETURNING user_id`,
);

export const membershipsOfSql = statement<OwnMembershipRow>(
  'member_of_user',
  `SELECT m.organization_id, m.user_id, m.role, m.platform_operator, m.created_at, o.name AS organization_name
   FROM memberships m JOIN organizations o ON o.id = m.organization_id AND o.status <> 'closed'
   WHERE m.user_id = $1 ORDER BY m.created_at, m.organization_id`,
);

export const findPersonSql = statement<FoundPersonRow>(
  'member_find_person',
  `SELECT role, platform_operator, organization_status, session_expires_at, session_ended_at
   FROM find_person($1, $2, $3)`,
);
