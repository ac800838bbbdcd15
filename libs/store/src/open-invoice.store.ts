import { UNPAID, add, decimalOf, parseDecimal, type Decimal, type Organization } from '#libs/domain';
import type { LeasedTx } from './lease.store.js';
import {
  closeInvoiceSql,
  debtorsSql,
  lockOrganizationSql,
  openInvoiceSql,
  overdueSql,
  toldSql,
} from './open-invoice.sql.js';
import { findOrganization } from './organization.store.js';
import { ms, time } from './row.js';
import type { Tx } from './statement.js';

/** An invoice that is past due. */
export interface OverdueInvoice {
  id: string;
  number: string;
  month: string;
  currency: string;
  /** What is still to be paid. */
  balance: Decimal;
  dueAt: number;
  isTold: boolean;
}

/** Brings the list of invoices that are not paid to what invoices, credit notes and payments say. */
export async function keepOpenInvoices(tx: LeasedTx, organizationId: string): Promise<void> {
  await tx.run(closeInvoiceSql, [organizationId]);
  await tx.run(openInvoiceSql, [organizationId]);
}

/** Organizations that are to be told of something past due, or whose status may follow from it. */
export async function findDebtors(tx: Tx, nowMs: number): Promise<Organization['id'][]> {
  return (await tx.run(debtorsSql, [time(nowMs), UNPAID])).map((row) => row.organization_id);
}

/** The organization, held until the transaction ends, so that nobody changes its status meanwhile. */
export async function holdOrganization(tx: LeasedTx, id: string): Promise<Organization | undefined> {
  await tx.run(lockOrganizationSql, [id]);
  return findOrganization(tx, id);
}

/** The oldest first. */
export async function findOverdue(tx: Tx, organizationId: string, nowMs: number): Promise<OverdueInvoice[]> {
  return (await tx.run(overdueSql, [organizationId, time(nowMs)])).map((row) => {
    const paid = row.paid === '0' ? decimalOf(0n) : parseDecimal(row.paid);
    return {
      ...{ id: row.invoice_id, number: row.number, month: row.month, currency: row.currency },
      balance: add(parseDecimal(row.payable), { ...paid, units: -paid.units }),
      dueAt: ms(row.due_at),
      isTold: row.told_at !== null,
    };
  });
}

/** Notes that the organization was told of everything that is past due. */
export async function noteTold(tx: LeasedTx, organizationId: string, nowMs: number): Promise<void> {
  await tx.run(toldSql, [organizationId, time(nowMs)]);
}
