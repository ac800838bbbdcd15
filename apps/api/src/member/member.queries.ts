import { normalEmail, type Member } from '#libs/domain';
import { findMember, listMembers as listStored, type PageRequest } from '#libs/store';
import type { Call } from '../call/call.js';
import { notFound } from '../call/not-found.js';
import { showMember, type MemberView } from './member.view.js';

/** A member of the caller's organization, by id or e-mail address. */
export async function memberOf(call: Call, reference: string): Promise<Member> {
  const member = await findMember(call.tx, call.actor.organizationId, normalEmail(reference));
  if (!member) throw notFound('member');
  return member;
}

export async function listMembers(call: Call, page: PageRequest): Promise<MemberView[]> {
  return (await listStored(call.tx, call.actor.organizationId, page)).map(showMember);
}
