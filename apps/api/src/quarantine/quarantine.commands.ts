import {
  QUARANTINE_REASONS,
  RELEASABLE,
  TowpathError,
  refuseIfAny,
  type QuarantineReason,
} from '#libs/domain';
import {
  dismissQuarantine,
  findCorrectedRevision,
  releaseQuarantine,
  type UsageCorrection,
} from '#libs/store';
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
  revision?: string | undefined;
  because?: string | undefined;
}

interface DismissInput {
  reason?: QuarantineReason | undefined;
  numbers?: number[] | undefined;
  because: string;
}

/**
 * Only says that billing is to look again; billing decides, and stores. The organization reads of it in its audit.
 * @throws TowpathError FAILED_PRECONDITION naming what of `numbers` cannot be released, INVALID_ARGUMENT for a correction that is not
 * whole or names another service's revision; then none is
 */
export function releaseQuarantined(call: CommandCall, input: ReleaseInput): Promise<{ released: number }> {
  const { reason, numbers, because } = input;
  refuseHalfSaid(input);
  return inOrganization(call, input.organization, async ({ id: organizationId }) => {
    const correction = await correctionOf(call, organizationId, input);
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

const corrects = ({ end, newIdentity, revision }: ReleaseInput): boolean =>
  end !== undefined || newIdentity === true || revision !== undefined;

function refuseHalfSaid(input: ReleaseInput): void {
  const { reason, numbers, because } = input;
  refuseBoth(reason, numbers);
  if (corrects(input) && numbers?.length !== 1)
    refuseIfAny([{ field: 'numbers', message: 'name one record: a correction is of one' }]);
  if (corrects(input) !== (because !== undefined))
    refuseIfAny([{ field: 'because', message: 'say why when, and only when, you correct a record' }]);
}

function refuseBoth(reason: string | undefined, numbers: number[] | undefined): void {
  if ((reason === undefined) === (numbers === undefined))
    refuseIfAny([{ field: 'reason', message: 'give either a reason or numbers' }]);
}

async function correctionOf(
  call: CommandCall,
  organizationId: string,
  input: ReleaseInput,
): Promise<UsageCorrection | undefined> {
  if (!corrects(input)) return undefined;
  const { end, newIdentity } = input;
  return {
    ...(await revisionOf(call, organizationId, input)),
    ...(end !== undefined && { endMs: Date.parse(end) }),
    ...(newIdentity === true && { producer: call.newId('spl'), position: 0 }),
  };
}

/** A record that is not there is named with what cannot be released. */
async function revisionOf(
  call: CommandCall,
  organizationId: string,
  { numbers: [number = 0] = [], revision }: ReleaseInput,
): Promise<Pick<UsageCorrection, 'revisionId'> | undefined> {
  if (revision === undefined) return undefined;
  const found = await findCorrectedRevision(call.tx, organizationId, number, revision);
  if (found && found.revisionId === undefined)
    refuseIfAny([{ field: 'revision', message: 'is no revision of the service that the record names' }]);
  return found;
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
