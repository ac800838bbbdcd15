import type { Invitation, Role } from '#libs/domain';
import { statement } from './statement.js';

export interface InvitationRow {
  id: Invitation['id'];
  organization_id: Invitation['organizationId'];
  email: string;
  role: Role;
  platform_operator: boolean;
  created_by: string;
  created_at: Date;
  expires_at: Date;
  accepted_at: Date | null;
  revoked_at: Date | null;
}

const COLUMNS = `id, organization_id, email, role, platform_operator, created_by, created_at, expires_at, accepted_at,
  revoked_at`;

export const insertInvitationSql = statement<InvitationRow>(
  'invitation_insert',
  `INSERT INTO invitations (id, organization_id, email, role, platform_operator, hash, created_by, created_at, expires_at)
   VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) RETURNING ${COLUMNS}`,
);

export const findInvitationSql = statement<InvitationRow>(
  'invitation_find',
  `SELECT ${COLUMNS} FROM invitations WHERE organization_id = $1 AND id = $2`,
);

export const listInvitationsSql = statement<InvitationRow>(
  'invitation_list',
  `SELECT ${COLUMNS} FROM invitations WHERE organization_id = $1 AND id > $2 ORDER BY id LIMIT $3`,
);

export const findInvitationByHashSql = statement<InvitationRow>(
  'invitation_find_by_hash',
  `SELECT ${COLUMNS} FROM invitations WHERE hash = $1`,
);

/** Of many at once one gets it: the others wait for the row and then find it taken. */
export const takeInvitationSql = statement<InvitationRow>(
  'invitation_take',
  `UPDATE invitations SET accepted_at = $3, accepted_by = $2
   WHERE hash = $1 AND accepted_at IS NULL AND revoked_at IS NULL AND expires_at > $3 RETURNING ${COLUMNS}`,
);

export const revokeInvitationSql = statement<InvitationRow>(
  'invitation_revoke',
  `UPDATE invitations SET revoked_at = $3
   WHERE organization_id = $1 AND id = $2 AND accepted_at IS NULL AND revoked_at IS NULL RETURNING ${COLUMNS}`,
);

export const revokeInvitationsOfSql = statement<unknown>(
  'invitation_revoke_of',
  `UPDATE invitations SET revoked_at = $3
   WHERE organization_id = $1 AND created_by = $2 AND accepted_at IS NULL AND revoked_at IS NULL`,
);
