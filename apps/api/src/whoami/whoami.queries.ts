import { isId, type Actor } from '#libs/domain';
import { findKey, findOrganization, findUser } from '#libs/store';
import type { Installation } from '../api.parts.js';
import type { Call } from '../call/call.js';
import { notFound } from '../call/not-found.js';
import { showKey } from '../key/key.view.js';

/** Who calls, as the verified credential says, and the addresses a client needs. */
export async function whoami(call: Call): Promise<{
  actor: Omit<Actor, 'organizationId' | 'sessionId'>;
  organization: { id: string; name: string };
  key?: ReturnType<typeof showKey>;
  user?: { id: string; email: string };
  installation: Omit<Installation, 'origin'>;
}> {
  const { actor, tx, parts } = call;
  const organization = await findOrganization(tx, actor.organizationId);
  if (!organization) throw notFound('organization');
  const { origin: _origin, ...installation } = parts.installation;
  return {
    actor,
    organization: { id: organization.id, name: organization.name },
    ...(isId('usr', actor.id) ? { user: await userOf(call) } : { key: await keyOfCaller(call) }),
    installation,
  };
}

async function userOf({ tx, actor }: Call): Promise<{ id: string; email: string }> {
  const user = await findUser(tx, actor.id);
  if (!user) throw notFound('member');
  return { id: user.id, email: user.email };
}

async function keyOfCaller({ tx, actor }: Call): Promise<ReturnType<typeof showKey>> {
  const key = await findKey(tx, actor.organizationId, actor.id);
  if (!key) throw notFound('key');
  return showKey(key);
}
