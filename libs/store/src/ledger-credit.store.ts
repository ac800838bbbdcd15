import { entryOfCredit, entryOfCreditEnd, parseDecimal, type Credit } from '#libs/domain';
import { creditsInLedgerSql, lostCreditsSql } from './ledger-credit.sql.js';
import { postEntry, type EntryMaker } from './ledger.store.js';
import type { Tx } from './statement.js';

/** Credits that the ledger has since they were given: those of before it had credits come into it as invoices use them. */
export async function creditsInLedger(tx: Tx, organizationId: string): Promise<Set<string>> {
  return new Set((await tx.run(creditsInLedgerSql, [organizationId])).map(({ id }) => id));
}

/** In the transaction that makes the credit. */
export async function postCredit(tx: Tx, credit: Credit, by: EntryMaker): Promise<void> {
  await postEntry(tx, entryOfCredit(credit), by);
}

/**
 * Posts what nobody can use any more of credits that were revoked, or expired before the first month that is not invoiced. To be
 * called, under the lock of the organization's billing, after whatever ends a credit or gives some of one back.
 */
export async function postLostCredits(tx: Tx, by: EntryMaker): Promise<void> {
  const lost = await tx.run(lostCreditsSql, [by.organizationId]);
  for (const { id, currency, lost: amount, entries } of lost)
    await postEntry(
      tx,
      entryOfCreditEnd({ id: id as Credit['id'], currency }, parseDecimal(amount), entries),
      by,
    );
}
