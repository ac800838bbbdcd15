import { can, type Organization } from '#libs/domain';
import { findOrganization, listOrganizations as listAll, type PageRequest } from '#libs/store';
import type { Call } from '../call/call.js';
import { notFound } from '../call/not-found.js';
import { showOrganization } from './organization.view.js';

/** The caller's own organization; any other is not found, for operators too. */
export async function organizationOf(call: Call, id: string): Promise<Organization> {
  const own = id === call.actor.organizationId ? await findOrganization(call.tx, id) : undefined;
  if (!own) throw notFound('organization');
  return own;
}

export async function getOrganization(
  call: Call,
  input: { organization: string },
): Promise<ReturnType<typeof showOrganization>> {
  return showOrganization(await organizationOf(call, input.organization));
}

/** One's own; a platform operator sees every organization's id, name and status. */
export async function listOrganizations(
  call: Call,
  page: PageRequest,
): Promise<ReturnType<typeof showOrganization>[]> {
  const { actor, tx } = call;
  if (can(actor, 'organization.create')) return (await listAll(tx, page)).map(showOrganization);
  const own = page.after === undefined ? await findOrganization(tx, actor.organizationId) : undefined;
  return own ? [showOrganization(own)] : [];
}
