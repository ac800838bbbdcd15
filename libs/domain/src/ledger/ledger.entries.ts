import { TowpathError } from '../error.js';
import { NOTHING, minus, plus, total, type Ratio } from '../price/ratio.js';
import type { EntryKind, LedgerAccount, LedgerEntry, LedgerLine, Posting } from './ledger.types.js';

/** What an entry is about, before it has an id and a time. */
export interface NewEntry extends Pick<LedgerEntry, 'key' | 'kind' | 'currency' | 'postings'> {
  windowStartMs?: number;
  reference?: string;
}

/**
 * Moves an amount between what the organization owes and an account: above 0 it owes more.
 * @returns nothing for an amount of 0
 */
export function owing(account: Exclude<LedgerAccount, 'balance'>, amount: Ratio): Posting[] {
  if (amount.top === 0n) return [];
  return [
    { account: 'balance', amount },
    { account, amount: minus(NOTHING, amount) },
  ];
}

/** The entry of a window's lines, or of its correction; undefined when they come to nothing. */
export function entryOfLines(
  kind: Extract<EntryKind, 'usage' | 'correction'>,
  window: { startMs: number; sealNumber: number; currency: string },
  lines: readonly LedgerLine[],
): NewEntry | undefined {
  const postings = owing('charges', total(lines.map(({ amount }) => amount)));
  if (postings.length === 0) return undefined;
  const { startMs, sealNumber, currency } = window;
  return { key: `window/${startMs}/${sealNumber}`, kind, currency, windowStartMs: startMs, postings };
}

/**
 * Puts postings of one account together and checks that they sum to zero.
 * @throws TowpathError INTERNAL for an entry that does not: it is never written
 */
export function balanced(postings: readonly Posting[]): Posting[] {
  const byAccount = new Map<LedgerAccount, Ratio>();
  for (const { account, amount } of postings)
    byAccount.set(account, plus(byAccount.get(account) ?? NOTHING, amount));
  if (total(byAccount.values()).top !== 0n)
    throw new TowpathError('INTERNAL', 'a ledger entry does not sum to zero');
  return [...byAccount].filter(([, { top }]) => top !== 0n).map(([account, amount]) => ({ account, amount }));
}

/** What is on each account; those that nothing was posted to are absent. */
export function balancesOf(postings: Iterable<Posting>): Map<LedgerAccount, Ratio> {
  const sums = new Map<LedgerAccount, Ratio>();
  for (const { account, amount } of postings) sums.set(account, plus(sums.get(account) ?? NOTHING, amount));
  return sums;
}
