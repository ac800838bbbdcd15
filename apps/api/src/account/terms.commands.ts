import {
  TowpathError,
  billPeriods,
  firstNewConflict,
  formatDecimal,
  monthOf,
  parseDecimal,
  refuseIfAny,
  refuseUncounted,
  STANDARD_TERMS,
  type BillingTerms,
  type BillPeriod,
  type Organization,
  type TermsChange,
} from '#libs/domain';
import { findCap, findPlanVersions, hasUsage, listTerms, lockBilling, saveTerms } from '#libs/store';
import type { CommandCall } from '../call/call.js';
import { iso } from '../call/scalars.js';
import { inOrganization } from '../organization/organization.reach.js';
import { accountOf } from './account.queries.js';
import type { showAccount } from './account.view.js';

const MINUTE_MS = 60_000;

interface TermsInput {
  organization: string;
  plan: string;
  discountPercent: string;
  taxes: { name: string; percent: string }[];
  effectiveFrom?: string | undefined;
}

/**
 * How an organization is billed from an instant on: from its beginning as long as nothing was used, else from the next
 * minute, or from when it is said.
 * @throws TowpathError INVALID_ARGUMENT naming the field; NOT_SUPPORTED for a plan that needs what is not counted
 */
export function setTerms(call: CommandCall, input: TermsInput): Promise<ReturnType<typeof showAccount>> {
  return inOrganization(call, input.organization, async (organization) => {
    const { id } = organization;
    await lockBilling(call.tx, id);
    const effectiveFromMs = await beginningOf(call, id, input.effectiveFrom);
    const terms: BillingTerms = {
      effectiveFromMs,
      plan: input.plan,
      discountPercent: parseDecimal(input.discountPercent),
      taxes: input.taxes.map(({ name, percent }) => ({ name, percent: parseDecimal(percent) })),
    };
    await refuseUnfit(call, organization, terms);
    await saveTerms(call.tx, id, terms, { by: call.actor.id, now: call.now });
    const { plan, discountPercent } = terms;
    const after = {
      plan,
      discountPercent: formatDecimal(discountPercent),
      effectiveFrom: iso(effectiveFromMs),
    };
    await call.audit(id, { after }, id);
    return accountOf(call, id);
  });
}

/** What was used is billed by the terms that were in force: they stay. */
async function beginningOf(
  call: CommandCall,
  organizationId: string,
  asked: string | undefined,
): Promise<number> {
  const used = await hasUsage(call.tx, organizationId);
  if (asked === undefined) return used ? Math.ceil((call.now + 1) / MINUTE_MS) * MINUTE_MS : 0;
  const ms = Date.parse(asked);
  const field = 'effectiveFrom';
  if (ms % MINUTE_MS !== 0) refuseIfAny([{ field, message: 'must be a whole minute' }]);
  if (used && ms <= call.now)
    refuseIfAny([{ field, message: 'must be in the future: usage is billed by the terms in force' }]);
  return ms;
}

async function refuseUnfit(call: CommandCall, organization: Organization, made: BillingTerms): Promise<void> {
  const others = await listTerms(call.tx, organization.id);
  const terms = [...others.filter((one) => one.effectiveFromMs !== made.effectiveFromMs), made].sort(
    (a, b) => a.effectiveFromMs - b.effectiveFromMs,
  );
  const named = new Set([STANDARD_TERMS, ...others, made].map(({ plan }) => plan));
  const versions = (await findPlanVersions(call.tx, [...named])).map(({ plan }) => plan);
  const own = versions.filter(({ id }) => id === made.plan);
  if (own.length === 0) refuseIfAny([{ field: 'plan', message: 'is no price plan of this installation' }]);
  for (const plan of own) refuseUncounted(plan, { field: 'plan' });
  const fromMs = Math.max(
    made.effectiveFromMs,
    organization.createdAt - (organization.createdAt % MINUTE_MS),
  );
  if (!own.some(({ effectiveFromMs }) => effectiveFromMs <= fromMs))
    refuseIfAny([{ field: 'plan', message: 'is not in force yet at that time' }]);
  const month = monthOf(fromMs);
  const { createdAt } = organization;
  const periods = billPeriods(month, terms, versions, createdAt - (createdAt % MINUTE_MS));
  refuseMixed(month, periods);
  await refuseUncapped(call, organization, { before: others, after: terms, plans: versions, fromMs });
}

/** Under a plan that no cap can be kept under everything would be refused, since nobody knows what a request costs. */
async function refuseUncapped({ tx }: CommandCall, { id }: Organization, change: TermsChange): Promise<void> {
  const cap = await findCap(tx, id);
  const conflict = cap && firstNewConflict(cap, change);
  if (conflict === undefined) return;
  const { fromMs, why } = conflict;
  const cause = `From ${iso(fromMs)} on the organization's cap could not be kept under it: ${why}.`;
  throw new TowpathError('FAILED_PRECONDITION', cause, {
    violations: [{ field: 'plan', message: 'allows no such cap as the organization has' }],
    nextStep: 'Choose another plan, or ask the organization to remove its cap first (tow caps delete).',
  });
}

/** An invoice has one currency, so it changes between months only. */
function refuseMixed(month: string, periods: readonly BillPeriod[]): void {
  const currencies = [...new Set(periods.map(({ plan }) => plan.currency))];
  if (currencies.length < 2) return;
  throw new TowpathError('INVALID_ARGUMENT', `${month} would be billed in ${currencies.join(' and ')}.`, {
    violations: [{ field: 'plan', message: 'is in another currency than the rest of the month' }],
    nextStep: 'Let it begin with a month: set effectiveFrom to its first minute.',
  });
}
