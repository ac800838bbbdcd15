import { TowpathError, type GrantRole } from '#libs/domain';
import { findGrant, listGrants as listStored, makeGrant, revokeKey, type PageRequest } from '#libs/store';
import type { Call, CommandCall } from '../call/call.js';
import { notFound } from '../call/not-found.js';
import { makeKey } from '../key/key.commands.js';
import type { NewKeyView } from '../key/key.view.js';
import { inOrganization } from '../organization/organization.reach.js';
import { showGrant, type GrantView } from './grant.view.js';

/** Lets an operator into an organization for a time, by a key that is shown this once. */
export function createGrant(
  call: CommandCall,
  input: { organization: string; role: GrantRole; reason: string; lifetimeSeconds: number },
): Promise<{ grant: GrantView; key: NewKeyView }> {
  const { role, reason, lifetimeSeconds } = input;
  return inOrganization(call, input.organization, async ({ id: organizationId }) => {
    if (organizationId === call.actor.organizationId)
      throw new TowpathError('FAILED_PRECONDITION', 'It is your own organization: no grant is needed.');
    const id = call.newId('grt');
    const expiresAt = call.now + lifetimeSeconds * 1000;
    const key = await makeKey(call, {
      organizationId,
      name: `operator ${id}`,
      role,
      platformOperator: false,
      expiresAt,
    });
    const made = { id, organizationId, keyId: key.id, operatorId: call.actor.id, reason };
    const grant = showGrant(await makeGrant(call.tx, made));
    await call.audit(id, { after: { role, reason, expiresAt: grant.expiresAt } }, organizationId);
    return { grant, key };
  });
}

/** Newest first, ended ones too. */
export function listGrants(
  call: Call,
  input: { organization: string },
  page: PageRequest,
): Promise<GrantView[]> {
  return inOrganization(call, input.organization, async ({ id }) =>
    (await listStored(call.tx, id, page)).map(showGrant),
  );
}

/** Ends a grant before its time; one that has ended stays as it is. */
export function revokeGrant(
  call: CommandCall,
  input: { organization: string; grant: string },
): Promise<GrantView> {
  return inOrganization(call, input.organization, async ({ id }) => {
    const grant = await findGrant(call.tx, id, input.grant);
    if (!grant) throw notFound('grant');
    if (grant.endedAt !== undefined) return showGrant(grant);
    const { revokedAt } = await revokeKey(call.tx, id, grant.keyId, call.now);
    await call.audit(grant.id, { before: { role: grant.role } }, id);
    return showGrant({ ...grant, ...(revokedAt === undefined ? {} : { endedAt: revokedAt }) });
  });
}
