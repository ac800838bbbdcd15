import type { Invitation } from '#libs/domain';
import { findInvitation, listInvitations as listStored, type PageRequest } from '#libs/store';
import type { Call } from '../call/call.js';
import { notFound } from '../call/not-found.js';
import { showInvitation, type InvitationView } from './invitation.view.js';

export async function invitationOf(call: Call, id: string): Promise<Invitation> {
  const invitation = await findInvitation(call.tx, call.actor.organizationId, id);
  if (!invitation) throw notFound('invitation');
  return invitation;
}

export async function listInvitations(call: Call, page: PageRequest): Promise<InvitationView[]> {
  const list = await listStored(call.tx, call.actor.organizationId, page);
  return list.map((invitation) => showInvitation(invitation, call.now));
}
