import { formatDecimal, parseDecimal, type Decimal, type Id } from '#libs/domain';
import { insertPaymentSql, listPaymentsSql, type PaymentRow } from './invoice.sql.js';
import { ms, present, time } from './row.js';
import type { Tx } from './statement.js';

/** Money that came in for an invoice, or went back (below 0). Times in UTC ms. */
export interface Payment {
  id: Id<'pay'>;
  invoiceId: Id<'ivc'>;
  amount: Decimal;
  /** What a payment provider calls it. */
  reference?: string;
  receivedAt: number;
  createdBy: string;
  createdAt: number;
}

/** Undefined when a payment of that reference is there already. */
export async function insertPayment(
  tx: Tx,
  organizationId: string,
  { id, invoiceId, amount, reference, receivedAt, createdBy, createdAt }: Payment,
): Promise<Payment | undefined> {
  const row = await tx.one(insertPaymentSql, [
    ...[organizationId, id, invoiceId, formatDecimal(amount), reference ?? null],
    ...[time(receivedAt), createdBy, time(createdAt)],
  ]);
  return row && toPayment(row);
}

/** Of one invoice, oldest first. */
export async function listPayments(tx: Tx, organizationId: string, invoiceId: string): Promise<Payment[]> {
  return (await tx.run(listPaymentsSql, [organizationId, invoiceId])).map(toPayment);
}

function toPayment(row: PaymentRow): Payment {
  return {
    id: row.id,
    invoiceId: row.invoice_id,
    amount: parseDecimal(row.amount),
    ...present({ reference: row.reference }),
    receivedAt: ms(row.received_at),
    createdBy: row.created_by,
    createdAt: ms(row.created_at),
  };
}
