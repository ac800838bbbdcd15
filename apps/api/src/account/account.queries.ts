import { STANDARD_TERMS, TowpathError, termsAt, type BillingTerms, type PricePlan } from '#libs/domain';
import { findBillingAccount, findPlanVersions, listTerms } from '#libs/store';
import type { Call } from '../call/call.js';
import { inOrganization } from '../organization/organization.reach.js';
import { showAccount } from './account.view.js';

type Shown = ReturnType<typeof showAccount>;

export function getAccount(call: Call, input: { organization: string }): Promise<Shown> {
  return inOrganization(call, input.organization, ({ id }) => accountOf(call, id));
}

/** Bound to the organization (see inOrganization). */
export async function accountOf(call: Call, organizationId: string): Promise<Shown> {
  const [account, terms] = await Promise.all([
    findBillingAccount(call.tx, organizationId),
    listTerms(call.tx, organizationId),
  ]);
  const { currency } = await planNow(call, terms);
  return showAccount(organizationId, account, { terms, currency, now: call.now });
}

/** The price plan an organization is billed by now, whose currency it is billed in. */
export async function planNow(call: Call, terms: readonly BillingTerms[]): Promise<PricePlan> {
  const { plan } = termsAt(terms, call.now);
  const versions = await findPlanVersions(call.tx, [plan, STANDARD_TERMS.plan]);
  const own = versions.find((version) => version.plan.id === plan) ?? versions[0];
  if (!own) throw new TowpathError('INTERNAL', `price plan ${plan} has no version`);
  return own.plan;
}
