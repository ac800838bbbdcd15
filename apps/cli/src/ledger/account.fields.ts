import type { LedgerPostingView } from '../client/ledger.types.js';

/** What is on each account as a person reads it; one that holds several currencies names each. */
export function accountFields(accounts: readonly LedgerPostingView[]): Record<string, string> {
  const fields: Record<string, string> = {};
  for (const { account, amount, currency } of accounts) {
    const before = fields[account];
    fields[account] = `${before === undefined ? '' : `${before}, `}${amount} ${currency}`;
  }
  return fields;
}
