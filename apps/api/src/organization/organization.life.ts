import { TowpathError, mayBecome, type OrganizationStatus } from '#libs/domain';
import { asOrganization, findOrganization, listServiceIds, setOrganizationStatus } from '#libs/store';
import type { CommandCall } from '../call/call.js';
import { notFound } from '../call/not-found.js';
import { showOrganization } from './organization.view.js';

type Shown = ReturnType<typeof showOrganization>;

/** Its hosts answer 403 and its instances end as soon as the deployer has looked; nothing is deleted. */
export function suspendOrganization(
  call: CommandCall,
  input: { organization: string; reason: string },
): Promise<Shown> {
  return become(call, input.organization, 'suspended', input.reason);
}

/** Everything as it was before. */
export function resumeOrganization(call: CommandCall, input: { organization: string }): Promise<Shown> {
  return become(call, input.organization, 'active');
}

/** Operators only: writes into another organization, where its members find the audit row. */
async function become(
  call: CommandCall,
  id: string,
  status: OrganizationStatus,
  reason?: string,
): Promise<Shown> {
  const { tx, actor, now } = call;
  if (id === actor.organizationId) throw refused('An operator cannot do this to its own organization.');
  return asOrganization(tx, id, actor.organizationId, async () => {
    const before = await findOrganization(tx, id);
    if (!before) throw notFound('organization');
    if (!mayBecome(before.status, status))
      throw refused(`The organization is ${before.status}, so it cannot become ${status}.`);
    const after = await setOrganizationStatus(tx, id, status, { reason, now });
    const change = { before: { status: before.status }, after: { status, ...(reason ? { reason } : {}) } };
    await call.audit(id, change, before.id);
    for (const serviceId of await listServiceIds(tx, id)) await call.serviceChanged(serviceId, before.id);
    return showOrganization(after);
  });
}

function refused(message: string): TowpathError {
  return new TowpathError('FAILED_PRECONDITION', message, {
    nextStep: 'Look at its status with `tow orgs list`.',
  });
}
