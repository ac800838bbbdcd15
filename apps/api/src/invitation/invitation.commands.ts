import {
  INVITATION_LIFE_MS,
  TOKEN_BYTES,
  TowpathError,
  formatToken,
  normalEmail,
  type Role,
} from '#libs/domain';
import { findMember, insertInvitation, revokeInvitation as revokeStored } from '#libs/store';
import type { z } from 'zod';
import type { CommandCall } from '../call/call.js';
import { hashOfKey } from '../key/key.commands.js';
import { mayManageOrRefuse } from '../member/member.commands.js';
import { invitationOf } from './invitation.queries.js';
import { showInvitation, type InvitationView, type newInvitationView } from './invitation.view.js';

/** Makes an invitation and gives its token, which is stored nowhere. */
export async function createInvitation(
  call: CommandCall,
  input: { email: string; role: Role; platformOperator?: boolean | undefined },
): Promise<z.infer<typeof newInvitationView>> {
  const { actor, tx, now, parts } = call;
  const { role, platformOperator = false } = input;
  const { organizationId } = actor;
  mayManageOrRefuse(call, { role, platformOperator });
  const email = normalEmail(input.email);
  if (await findMember(tx, organizationId, email)) {
    throw new TowpathError('ALREADY_EXISTS', 'This person is a member already.', {
      violations: [{ field: 'email', message: 'is the address of a member' }],
    });
  }
  const token = formatToken('invitation', parts.random(TOKEN_BYTES));
  const rights = { email, role, platformOperator };
  const times = { createdAt: now, expiresAt: now + INVITATION_LIFE_MS };
  const made = { id: call.newId('inv'), organizationId, ...rights, createdBy: actor.id, ...times };
  const invitation = await insertInvitation(tx, made, hashOfKey(token));
  await call.audit(invitation.id, { after: { role, platformOperator } });
  const link = `${parts.installation.apiUrl}#${token}`;
  return { ...showInvitation(invitation, now), token, link };
}

/** One that was accepted stays so: remove the member instead. */
export async function revokeInvitation(
  call: CommandCall,
  input: { invitation: string },
): Promise<InvitationView> {
  const { tx, actor, now } = call;
  const invitation = await invitationOf(call, input.invitation);
  mayManageOrRefuse(call, invitation);
  const revoked = await revokeStored(tx, actor.organizationId, invitation.id, now);
  if (!revoked) {
    throw new TowpathError('FAILED_PRECONDITION', 'The invitation was accepted or revoked before.', {
      nextStep: 'If it was accepted, remove the member.',
    });
  }
  await call.audit(invitation.id, { before: { role: invitation.role } });
  return showInvitation(revoked, now);
}
