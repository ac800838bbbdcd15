import { TowpathError, isLastOwner, mayManage, type Member, type Rights, type Role } from '#libs/domain';
import { deleteMember, holdOwners, revokeInvitationsOf, updateMember as updateStored } from '#libs/store';
import type { CommandCall } from '../call/call.js';
import { checkVersion, notFound } from '../call/not-found.js';
import { memberOf } from './member.queries.js';
import { showMember, type MemberView } from './member.view.js';

/** Another role: at most what the caller could give, to somebody it could give the present role to. */
export async function updateMember(
  call: CommandCall,
  input: { member: string; role: Role; version?: string | undefined },
): Promise<MemberView> {
  const owners = await holdOwners(call.tx, call.actor.organizationId);
  const before = await memberOf(call, input.member);
  const { role } = input;
  mayManageOrRefuse(call, before);
  mayManageOrRefuse(call, { ...before, role });
  checkVersion(input.version, before.version);
  if (role !== 'owner') keepAnOwner(owners, before);
  const { tx, actor, now } = call;
  const version = await updateStored(tx, actor.organizationId, before.userId, role);
  if (version === undefined) throw notFound('member');
  // Invitations stand on the rights of who made them.
  await revokeInvitationsOf(tx, actor.organizationId, before.userId, now);
  await call.audit(before.userId, { before: { role: before.role }, after: { role } });
  return showMember({ ...before, role, version });
}

export async function removeMember(call: CommandCall, input: { member: string }): Promise<MemberView> {
  const owners = await holdOwners(call.tx, call.actor.organizationId);
  const member = await memberOf(call, input.member);
  mayManageOrRefuse(call, member);
  return remove(call, owners, member);
}

/** Whoever is in may go, but for the last owner. */
export async function leave(call: CommandCall): Promise<MemberView> {
  const owners = await holdOwners(call.tx, call.actor.organizationId);
  return remove(call, owners, await memberOf(call, call.actor.id));
}

async function remove(call: CommandCall, owners: string[], member: Member): Promise<MemberView> {
  keepAnOwner(owners, member);
  const { tx, actor, now } = call;
  await deleteMember(tx, actor.organizationId, member.userId);
  await revokeInvitationsOf(tx, actor.organizationId, member.userId, now);
  await call.audit(member.userId, { before: { role: member.role } });
  return showMember(member);
}

/** @throws TowpathError FAILED_PRECONDITION when nobody could act as owner any more */
function keepAnOwner(owners: readonly string[], member: Member): void {
  if (!isLastOwner(owners, member.userId)) return;
  throw new TowpathError('FAILED_PRECONDITION', 'This is the last owner of the organization.', {
    nextStep: 'Make another member an owner first.',
  });
}

/** @throws TowpathError PERMISSION_DENIED for rights that the caller could not give */
export function mayManageOrRefuse({ actor }: Pick<CommandCall, 'actor'>, rights: Rights): void {
  if (mayManage(actor, rights)) return;
  const what =
    rights.platformOperator && !actor.platformOperator ? 'a platform operator' : `the role ${rights.role}`;
  throw new TowpathError('PERMISSION_DENIED', `With your role you cannot give or take ${what}.`, {
    nextStep: 'Ask an owner of your organization.',
  });
}
