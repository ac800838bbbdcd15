import { findKey, findOrganization } from '#libs/store';
import type { Actor } from '#libs/domain';
import type { Installation } from '../api.parts.js';
import type { Call } from '../call/call.js';
import { notFound } from '../call/not-found.js';
import { showKey } from '../key/key.view.js';

/** Who calls, as the verified credential says, and the addresses a client needs. */
export async function whoami(call: Call): Promise<{
  actor: Omit<Actor, 'organizationId'>;
  organization: { id: string; name: string };
  key: ReturnType<typeof showKey>;
  installation: Installation;
}> {
  const { actor, tx, parts } = call;
  const organization = await findOrganization(tx, actor.organizationId);
  const key = await findKey(tx, actor.organizationId, actor.id);
  if (!organization || !key) throw notFound('organization');
  return {
    actor,
    organization: { id: organization.id, name: organization.name },
    key: showKey(key),
    installation: parts.installation,
  };
}
