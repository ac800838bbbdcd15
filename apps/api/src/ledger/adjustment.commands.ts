import {
  TowpathError,
  compare,
  entryOfAdjustment,
  parseDecimal,
  refuseIfAny,
  termsAt,
  type Decimal,
} from '#libs/domain';
import {
  appendEntry,
  findAdjustment,
  findPlanVersions,
  listAdjustments as listStored,
  listTerms,
  lockBilling,
  type PageRequest,
  type StoredAdjustment,
} from '#libs/store';
import type { Call, CommandCall } from '../call/call.js';
import { inOrganization } from '../organization/organization.reach.js';
import { showAdjustment } from './adjustment.view.js';

type Shown = ReturnType<typeof showAdjustment>;

/** Beyond this an amount is a slip of the keyboard. */
const MOST = parseDecimal('1000000000000');

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
    const { currency, decimals } = await moneyOf(call, organizationId);
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
  if (compare(before.amount, amount) === 0) return before;
  throw new TowpathError('ALREADY_EXISTS', 'An adjustment of that reference has another amount.', {
    violations: [{ field: 'reference', message: 'was used for another amount' }],
  });
}

/** What an organization is billed in now. */
async function moneyOf(
  { tx, now }: Call,
  organizationId: string,
): Promise<{ currency: string; decimals: number }> {
  const { plan } = termsAt(await listTerms(tx, organizationId), now);
  const [version] = await findPlanVersions(tx, [plan]);
  if (!version) throw new TowpathError('INTERNAL', `price plan ${plan} has no version`);
  return version.plan;
}

function amountOf(text: string, decimals: number): Decimal {
  const amount = parseDecimal(text, 'amount');
  const wrong = (message: string): void => refuseIfAny([{ field: 'amount', message }]);
  if (amount.units === 0n) wrong('must not be 0');
  if (amount.scale > decimals) wrong(`has more than the ${decimals} decimals of the currency`);
  const size = { ...amount, units: amount.units < 0n ? -amount.units : amount.units };
  if (compare(size, MOST) > 0) wrong('is out of range: at most 10^12');
  return amount;
}
