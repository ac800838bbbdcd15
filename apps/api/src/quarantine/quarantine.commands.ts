import {
  QUARANTINE_REASONS,
  RELEASABLE,
  TowpathError,
  refuseIfAny,
  type QuarantineReason,
} from '#libs/domain';
import { dismissQuarantine, releaseQuarantine, type UsageCorrection } from '#libs/store';
import type { CommandCall } from '../call/call.js';
import { inOrganization } from '../organization/organization.reach.js';

/** Records named in one call at most. */
export const MOST_NUMBERS = 100;
/** Records released or dismissed by their reason in one call at most: it is one transaction. */
const MOST_OF_A_REASON = 10_000;

interface ReleaseInput {
  organization: string;
  reason?: (typeof RELEASABLE)[number] | undefined;
  numbers?: number[] | undefined;
  end?: string | undefined;
  newIdentity?: true | undefined;
  because?: string | undefined;
}

interface DismissInput {
  reason?: QuarantineReason | undefined;
  numbers?: number[] | undefined;
  because: string;
}

/**
 * Only says that billing is to look again; billing decides, and stores. The organization reads of it in its audit.
 * @throws TowpathError FAILED_PRECONDITION naming what of `numbers` cannot be released; then none is
 */
export function releaseQuarantined(call: CommandCall, input: ReleaseInput): Promise<{ released: number }> {
  const { reason, numbers, because } = input;
  refuseHalfSaid(input);
  return inOrganization(call, input.organization, async ({ id: organizationId }) => {
    const correction = correctionOf(call, input);
    const reasons = reason !== undefined ? [reason] : correction ? QUARANTINE_REASONS : RELEASABLE;
    const released = await releaseQuarantine(
      call.tx,
      { organizationId, reasons, numbers, limit: MOST_OF_A_REASON },
      { actorId: call.actor.id, now: call.now },
      { correction, because },
    );
    refuseRest(numbers ?? [], released);
    const which = reason === undefined ? { numbers } : { reason };
    const after = { released: released.length, ...which, ...(correction && { correction, because }) };
    await call.audit(organizationId, { after }, organizationId);
    return { released: released.length };
  });
}

/**
 * Closes records that wait, whatever they name.
 * @throws TowpathError FAILED_PRECONDITION naming what of `numbers` does not wait; then none is closed
 */
export async function dismissQuarantined(
  call: CommandCall,
  { reason, numbers, because }: DismissInput,
): Promise<{ dismissed: number }> {
  refuseBoth(reason, numbers);
  const by = { actorId: call.actor.id, now: call.now, because };
  const dismissed = await dismissQuarantine(call.tx, { reason, numbers, limit: MOST_OF_A_REASON }, by);
  refuseRest(numbers ?? [], dismissed);
  await call.audit('quarantine', {
    after: { dismissed: dismissed.length, ...(reason === undefined ? { numbers } : { reason }), because },
  });
  return { dismissed: dismissed.length };
}

function refuseHalfSaid({ reason, numbers, end, newIdentity, because }: ReleaseInput): void {
  const corrects = end !== undefined || newIdentity === true;
  refuseBoth(reason, numbers);
  if (corrects && numbers?.length !== 1)
    refuseIfAny([{ field: 'numbers', message: 'name one record: a correction is of one' }]);
  if (corrects !== (because !== undefined))
    refuseIfAny([{ field: 'because', message: 'say why when, and only when, you correct a record' }]);
}

function refuseBoth(reason: string | undefined, numbers: number[] | undefined): void {
  if ((reason === undefined) === (numbers === undefined))
    refuseIfAny([{ field: 'reason', message: 'give either a reason or numbers' }]);
}

function correctionOf(call: CommandCall, { end, newIdentity }: ReleaseInput): UsageCorrection | undefined {
  if (end === undefined && newIdentity === undefined) return undefined;
  return {
    ...(end !== undefined && { endMs: Date.parse(end) }),
    ...(newIdentity === true && { producer: call.newId('spl'), position: 0 }),
  };
}

function refuseRest(numbers: readonly number[], done: readonly number[]): void {
  const rest = [...new Set(numbers)].filter((number) => !done.includes(number));
  if (rest.length === 0) return;
  throw new TowpathError(
    'FAILED_PRECONDITION',
    `Nothing is to be done about ${rest.join(', ')}: they do not wait, are of another organization, or only a correction would release them. Look at: tow quarantine list`,
    { violations: [{ field: 'numbers', message: `cannot hold ${rest.join(', ')}` }] },
  );
}
