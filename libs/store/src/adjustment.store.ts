import {
  formatDecimal,
  parseDecimal,
  type Decimal,
  type Invoice,
  type InvoicedAdjustment,
} from '#libs/domain';
import {
  findAdjustmentSql,
  invoiceAdjustmentsSql,
  listAdjustmentsSql,
  nextMonthSql,
  pendingAdjustmentsSql,
  type AdjustmentRow,
} from './adjustment.sql.js';
import type { LeasedTx } from './lease.store.js';
import { AFTER_ALL, ms, present, type PageRequest } from './row.js';
import type { Tx } from './statement.js';

/** What an operator added to what an organization owes, or took off (below 0): an entry of its ledger. */
export interface StoredAdjustment {
  /** Id of the entry. */
  id: string;
  /** Key of the entry. */
  key: string;
  amount: Decimal;
  currency: string;
  /** Absent when it was erased. */
  reason?: string;
  createdBy: string;
  createdAt: number;
  /** Number of the invoice that asked for it. */
  invoice?: string;
  /** Number of the credit note that took it back with that invoice. */
  takenBack?: string;
}

/** By the key of its entry. */
export async function findAdjustment(
  tx: Tx,
  organizationId: string,
  key: string,
): Promise<StoredAdjustment | undefined> {
  const row = await tx.one(findAdjustmentSql, [organizationId, key]);
  return row && toAdjustment(row);
}

/** Newest first. */
export async function listAdjustments(
  tx: Tx,
  organizationId: string,
  { after = AFTER_ALL, limit }: PageRequest,
): Promise<StoredAdjustment[]> {
  return (await tx.run(listAdjustmentsSql, [organizationId, after, limit])).map(toAdjustment);
}

/** Those that no invoice asks for yet, by currency, in the order in which they were made. */
export async function pendingAdjustments(
  tx: Tx,
  organizationId: string,
): Promise<Map<string, StoredAdjustment[]>> {
  const rows = await tx.run(pendingAdjustmentsSql, [organizationId]);
  return Map.groupBy(rows.map(toAdjustment), ({ currency }) => currency);
}

/** As an invoice says them, in so many places. */
export function invoicedAdjustments(
  adjustments: readonly StoredAdjustment[],
  decimals: number,
): InvoicedAdjustment[] {
  return adjustments.map(({ id, amount, createdAt }) => ({
    ...{ id, madeAt: new Date(createdAt).toISOString(), charged: formatDecimal(amount, decimals) },
  }));
}

/** The month whose invoice is the next one. */
export async function nextMonth(tx: Tx, organizationId: string): Promise<string | undefined> {
  return (await tx.one(nextMonthSql, [organizationId]))?.month;
}

/** Notes that an invoice asks for them, in the transaction that stores it. */
export async function keepInvoicedAdjustments(
  tx: LeasedTx,
  { organizationId, invoiceId }: { organizationId: string; invoiceId: string },
  { adjustments = [] }: Pick<Invoice, 'adjustments'>,
): Promise<void> {
  if (adjustments.length === 0) return;
  await tx.run(invoiceAdjustmentsSql, [organizationId, adjustments.map(({ id }) => id), invoiceId]);
}

function toAdjustment(row: AdjustmentRow): StoredAdjustment {
  return {
    ...{ id: row.id, key: row.key, currency: row.currency, createdBy: row.actor_id },
    ...{ amount: parseDecimal(row.amount), createdAt: ms(row.created_at) },
    ...present({ reason: row.reason, invoice: row.invoice, takenBack: row.taken_back }),
  };
}
