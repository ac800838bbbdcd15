import { TowpathError, entryOfAdjustment, refuseIfAny, type Decimal } from '#libs/domain';
import {
  appendEntry,
  findAdjustment,
  listAdjustments as listStored,
  listTerms,
  lockBilling,
  type PageRequest,
  type StoredAdjustment,
} from '#libs/store';
import { planNow } from '../account/account.queries.js';
import { amountOf, refuseOtherAmount } from '../account/amount.js';
import type { Call, CommandCall } from '../call/call.js';
import { inOrganization } from '../organization/organization.reach.js';
import { showAdjustment } from './adjustment.view.js';

type Shown = ReturnType<typeof showAdjustment>;

interface AdjustmentInput {
  organization: string;
  amount: string;
  currency: string;
  reason: string;
  reference?: string | undefined;
}

export function listAdjustments(
  call: Call,
  input: { organization: string },
  page: PageRequest,
): Promise<Shown[]> {
  return inOrganization(call, input.organization, async ({ id }) =>
    (await listStored(call.tx, id, page)).map(showAdjustment),
  );
}

/**
 * Adds to what an organization owes, or takes off, at once in the ledger and on the next invoice. The same reference again changes
 * nothing.
 * @throws TowpathError INVALID_ARGUMENT for an amount out of range, or money of another currency; ALREADY_EXISTS for a reference
 * that was used for another amount; FAILED_PRECONDITION for a reference whose invoice was voided, and for a closed organization
 */
export function createAdjustment(call: CommandCall, input: AdjustmentInput): Promise<Shown> {
  return inOrganization(call, input.organization, async ({ id: organizationId, status }) => {
    if (status === 'closed')
      throw new TowpathError(
        'FAILED_PRECONDITION',
        'The organization is closed: nothing is added to what it owes.',
      );
    await lockBilling(call.tx, organizationId);
    const { currency, decimals } = await planNow(call, await listTerms(call.tx, organizationId));
    if (input.currency !== currency)
      refuseIfAny([
        { field: 'currency', message: `must be ${currency}, in which the organization is billed` },
      ]);
    const amount = amountOf(input.amount, decimals);
    const id = call.newId('ent');
    const entry = entryOfAdjustment(input.reference ?? id, amount, currency);
    const before = await findAdjustment(call.tx, organizationId, entry.key);
    if (before) return showAdjustment(sameAs(before, amount));
    const by = { id, organizationId, actorId: call.actor.id, createdAt: call.now };
    await appendEntry(call.tx, { ...entry, ...by }, input.reason);
    await call.audit(id, { after: { amount: input.amount, currency } }, organizationId);
    const made = await findAdjustment(call.tx, organizationId, entry.key);
    if (!made) throw new TowpathError('INTERNAL', 'an adjustment is not there after it was made');
    return showAdjustment(made);
  });
}

function sameAs(before: StoredAdjustment, amount: Decimal): StoredAdjustment {
  if (before.takenBack !== undefined)
    throw new TowpathError('FAILED_PRECONDITION', `That adjustment was taken back by ${before.takenBack}.`, {
      nextStep: 'Make it again by another reference.',
    });
  refuseOtherAmount('An adjustment', before.amount, amount);
  return before;
}
