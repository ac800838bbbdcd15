import type { Buyer } from '#libs/domain';
import { findBillingAccount, lockBilling, saveBuyer } from '#libs/store';
import type { CommandCall } from '../call/call.js';
import { checkVersion } from '../call/not-found.js';
import { inOrganization } from '../organization/organization.reach.js';
import { accountOf } from './account.queries.js';
import type { showAccount } from './account.view.js';

/** The audit says that the buyer changed, never to whom: that is erased elsewhere. */
export function updateAccount(
  call: CommandCall,
  input: { organization: string; buyer: Buyer; version?: string | undefined },
): Promise<ReturnType<typeof showAccount>> {
  return inOrganization(call, input.organization, async ({ id }) => {
    await lockBilling(call.tx, id);
    const before = await findBillingAccount(call.tx, id);
    checkVersion(input.version, before.version);
    const version = await saveBuyer(call.tx, id, input.buyer, call.now);
    await call.audit(id, { after: { buyer: 'changed', version: String(version) } }, id);
    return accountOf(call, id);
  });
}
