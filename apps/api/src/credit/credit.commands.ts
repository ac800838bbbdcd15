import {
  compare,
  parseDecimal,
  refuseIfAny,
  type Credit,
  type Decimal,
  type Organization,
} from '#libs/domain';
import {
  insertCredit,
  listCredits as listStored,
  listTerms,
  lockBilling,
  postCredit,
  postLostCredits,
  revokeCredit as revokeStored,
  type EntryMaker,
  type PageRequest,
} from '#libs/store';
import { planNow } from '../account/account.queries.js';
import { MOST } from '../account/amount.js';
import type { Call, CommandCall } from '../call/call.js';
import { notFound } from '../call/not-found.js';
import { inOrganization } from '../organization/organization.reach.js';
import { showCredit } from './credit.view.js';

type Shown = ReturnType<typeof showCredit>;

const PLACES = 6;

interface CreditInput {
  organization: string;
  name: string;
  kind: Credit['kind'];
  amount: string;
  currency: string;
  priority: number;
  expiresAt?: string | undefined;
}

export function listCredits(
  call: Call,
  input: { organization: string },
  page: PageRequest,
): Promise<Shown[]> {
  return inOrganization(call, input.organization, async ({ id }) =>
    (await listStored(call.tx, id, page)).map(showCredit),
  );
}

/** @throws TowpathError INVALID_ARGUMENT for an amount out of range, or money of another currency */
export function createCredit(call: CommandCall, input: CreditInput): Promise<Shown> {
  return inOrganization(call, input.organization, async ({ id: organizationId }) => {
    await lockBilling(call.tx, organizationId);
    const amount = amountOf(input.amount);
    const { currency } = await planNow(call, await listTerms(call.tx, organizationId));
    if (input.currency !== currency)
      refuseIfAny([
        { field: 'currency', message: `must be ${currency}, in which the organization is billed` },
      ]);
    const { name, kind, priority } = input;
    const expiresAt = input.expiresAt === undefined ? {} : { expiresAt: Date.parse(input.expiresAt) };
    if ((expiresAt.expiresAt ?? Infinity) <= call.now)
      refuseIfAny([{ field: 'expiresAt', message: 'must be in the future' }]);
    const credit = await insertCredit(call.tx, {
      ...{ id: call.newId('crd'), organizationId, name, kind, currency, amount, priority, ...expiresAt },
      ...{ createdBy: call.actor.id, createdAt: call.now },
    });
    await postCredit(call.tx, credit, entryMaker(call, organizationId));
    await call.audit(credit.id, { after: { kind, amount: input.amount, currency } }, organizationId);
    return showCredit(credit);
  });
}

/** Takes back what is left; what invoices have taken stays. */
export function revokeCredit(
  call: CommandCall,
  input: { organization: string; credit: string },
): Promise<Shown> {
  return inOrganization(call, input.organization, async ({ id: organizationId }) => {
    await lockBilling(call.tx, organizationId);
    const credit = await revokeStored(call.tx, { organizationId, id: input.credit, now: call.now });
    if (!credit) throw notFound('credit');
    await postLostCredits(call.tx, entryMaker(call, organizationId));
    await call.audit(credit.id, {}, organizationId);
    return showCredit(credit);
  });
}

/** Who makes entries of the ledger by this call. */
export function entryMaker(
  { actor, now, parts: { random } }: CommandCall,
  organizationId: Organization['id'],
): EntryMaker {
  return { organizationId, actorId: actor.id, nowMs: now, random };
}

function amountOf(text: string): Decimal {
  const amount = parseDecimal(text, 'amount');
  const wrong = (message: string): void => refuseIfAny([{ field: 'amount', message }]);
  if (amount.units <= 0n) wrong('must be above 0');
  if (amount.scale > PLACES) wrong(`has more than the ${PLACES} decimals kept`);
  if (compare(amount, MOST) > 0) wrong('is out of range: at most 10^12');
  return amount;
}
