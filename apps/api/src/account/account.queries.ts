import { STANDARD_TERMS, termsAt, type BillingTerms } from '#libs/domain';
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
  const currency = await currencyOf(call, terms);
  return showAccount(organizationId, account, { terms, currency, now: call.now });
}

/** The currency an organization is billed in now. */
export async function currencyOf(call: Call, terms: readonly BillingTerms[]): Promise<string> {
  const { plan } = termsAt(terms, call.now);
  const versions = await findPlanVersions(call.tx, [plan, STANDARD_TERMS.plan]);
  const own = versions.find((version) => version.plan.id === plan) ?? versions[0];
  return own?.plan.currency ?? '';
}
