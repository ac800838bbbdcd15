import { TowpathError, can, mayBecome, mayReopen, type Organization } from '#libs/domain';
import { holdsOperators, listServiceIds, setOrganizationStatus } from '#libs/store';
import type { CommandCall } from '../call/call.js';
import { checkVersion } from '../call/not-found.js';
import { inOrganization } from './organization.reach.js';
import { showOrganization } from './organization.view.js';

type Shown = ReturnType<typeof showOrganization>;

/** What an organization becomes, and why. */
interface Turn {
  status: Organization['status'];
  reason?: string | undefined;
  /** UTC ms */
  holdUntil?: number;
}

/** Its hosts answer 403 and its instances end as soon as the deployer has looked; nothing is deleted. */
export function suspendOrganization(
  call: CommandCall,
  input: { organization: string; reason: string },
): Promise<Shown> {
  const turn = { status: 'suspended' as const, reason: input.reason };
  return inOrganization(call, input.organization, (before) => become(call, before, turn));
}

/** Everything as it was before. */
export function resumeOrganization(call: CommandCall, input: { organization: string }): Promise<Shown> {
  return inOrganization(call, input.organization, (before) => {
    if (before.status === 'closing')
      throw refused('The organization is closing, not suspended.', 'Use `tow orgs reopen`.');
    return become(call, before, { status: 'active' });
  });
}

/** The same stop as a suspension; after the hold everything is erased. Closing twice is closing once. */
export function closeOrganization(
  call: CommandCall,
  input: { organization: string; reason?: string | undefined; version?: string | undefined },
): Promise<Shown> {
  return inOrganization(call, input.organization, async (before) => {
    if (before.status === 'closing') return showOrganization(before);
    checkVersion(input.version, before.version);
    if (await holdsOperators(call.tx, before.id))
      throw refused('Operators of this installation belong to it.', 'Take their rights away first.');
    const holdUntil = call.now + call.parts.closeHoldMs;
    return become(call, before, { status: 'closing', reason: input.reason ?? 'closed', holdUntil });
  });
}

/** Undoes a close within its hold. */
export function reopenOrganization(call: CommandCall, input: { organization: string }): Promise<Shown> {
  return inOrganization(call, input.organization, (before) => {
    if (!mayReopen(before, call.now))
      throw refused(
        `The organization is ${before.status}: only a closing one within its hold can be reopened.`,
      );
    return become(call, before, { status: 'active' });
  });
}

/** Writes the status, the audit row that its members find, and wakes the deployer for each of its services. */
async function become(call: CommandCall, before: Organization, turn: Turn): Promise<Shown> {
  const { id } = before;
  if (id === call.actor.organizationId && can(call.actor, 'organization.suspend'))
    throw refused('An operator cannot do this to its own organization.');
  if (!mayBecome(before.status, turn.status))
    throw refused(`The organization is ${before.status}, so it cannot become ${turn.status}.`);
  const { status, reason, holdUntil } = turn;
  const after = await setOrganizationStatus(call.tx, id, status, { reason, holdUntil, now: call.now });
  const change = { before: { status: before.status }, after: { status, ...(reason ? { reason } : {}) } };
  await call.audit(id, change, id);
  await call.servicesChanged(await listServiceIds(call.tx, id), id);
  return showOrganization(after);
}

function refused(message: string, nextStep = 'Look at its status with `tow orgs list`.'): TowpathError {
  return new TowpathError('FAILED_PRECONDITION', message, { nextStep });
}
