import { minus, parseDecimal, parseRatio, total, type Decimal, type Id, type Ratio } from '#libs/domain';
import {
  chargedSql,
  duePaymentSql,
  organizationsDueSql,
  postedListSql,
  takeDueSql,
} from './ledger-due.sql.js';
import type { LeasedTx } from './lease.store.js';
import { ms, present } from './row.js';
import type { Tx } from './statement.js';

/** Organizations with invoices or payments that the ledger does not have yet. */
export async function organizationsDue(tx: Tx): Promise<string[]> {
  return (await tx.run(organizationsDueSql)).map((row) => row.organization_id);
}

/** Takes the invoices and payments that are to be posted; they come back when the transaction fails. */
export function takeDue(
  tx: LeasedTx,
  organizationId: string,
): Promise<{ kind: 'invoice' | 'payment'; id: string }[]> {
  return tx.run(takeDueSql, [organizationId]);
}

/** A payment as its entry and its notice need it. */
export interface DuePayment {
  id: string;
  invoiceId: Id<'ivc'>;
  number: string;
  currency: string;
  amount: Decimal;
  reference?: string;
  createdBy: string;
  receivedAt: number;
}

export async function findDuePayment(
  tx: Tx,
  organizationId: string,
  id: string,
): Promise<DuePayment | undefined> {
  const row = await tx.one(duePaymentSql, [organizationId, id]);
  return (
    row && {
      ...{ id: row.id, invoiceId: row.invoice_id as Id<'ivc'>, number: row.number, currency: row.currency },
      ...{ amount: parseDecimal(row.amount), createdBy: row.created_by, receivedAt: ms(row.received_at) },
      ...present({ reference: row.reference }),
    }
  );
}

/** What windows that begin before then owe in a currency at list price, corrections included, and no posted invoice has asked for. */
export async function unaskedBefore(
  tx: Tx,
  organizationId: string,
  { currency, beforeMs }: { currency: string; beforeMs: number },
): Promise<Ratio> {
  const charged = await tx.run(chargedSql, [organizationId, beforeMs, currency]);
  return minus(sumOf(charged), sumOf(await tx.run(postedListSql, [organizationId, currency])));
}

function sumOf(parts: readonly { amount: string; divisor: string }[]): Ratio {
  return total(parts.map(({ amount, divisor }) => parseRatio(`${amount}/${divisor}`)));
}
