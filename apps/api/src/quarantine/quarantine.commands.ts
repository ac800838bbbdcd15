import { RELEASABLE, TowpathError, refuseIfAny } from '#libs/domain';
import { releaseQuarantine } from '#libs/store';
import type { CommandCall } from '../call/call.js';
import { inOrganization } from '../organization/organization.reach.js';

/** Records named in one call at most. */
export const MOST_NUMBERS = 100;
/** Records released by their reason in one call at most: it is one transaction. */
const MOST_OF_A_REASON = 10_000;

interface ReleaseInput {
  organization: string;
  reason?: (typeof RELEASABLE)[number] | undefined;
  numbers?: number[] | undefined;
}

/**
 * Only says that billing is to look again; billing decides, and stores. The organization reads of it in its audit.
 * @throws TowpathError FAILED_PRECONDITION naming what of `numbers` cannot be released; then none is
 */
export function releaseQuarantined(call: CommandCall, input: ReleaseInput): Promise<{ released: number }> {
  const { reason, numbers } = input;
  if ((reason === undefined) === (numbers === undefined))
    refuseIfAny([{ field: 'reason', message: 'give either a reason or numbers' }]);
  return inOrganization(call, input.organization, async ({ id: organizationId }) => {
    const reasons = reason === undefined ? RELEASABLE : [reason];
    const released = await releaseQuarantine(
      call.tx,
      { organizationId, reasons, numbers, limit: MOST_OF_A_REASON },
      { actorId: call.actor.id, now: call.now },
    );
    refuseRest(numbers ?? [], released);
    const said = { released: released.length, ...(reason === undefined ? { numbers } : { reason }) };
    await call.audit(organizationId, { after: said }, organizationId);
    return { released: released.length };
  });
}

function refuseRest(numbers: readonly number[], released: readonly number[]): void {
  const rest = [...new Set(numbers)].filter((number) => !released.includes(number));
  if (rest.length === 0) return;
  throw new TowpathError(
    'FAILED_PRECONDITION',
    `Not to be released: ${rest.join(', ')}. They do not wait, can never be billed, or are not of this organization.`,
    { violations: [{ field: 'numbers', message: `cannot hold ${rest.join(', ')}` }] },
  );
}
