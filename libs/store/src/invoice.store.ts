import { createHash } from 'node:crypto';
import {
  decimalOf,
  formatDecimal,
  newIdBehind,
  parseDecimal,
  type Buyer,
  type Decimal,
  type Id,
  type Invoice,
  type Random,
} from '#libs/domain';
import {
  changedMonthsSql,
  closeMonthSql,
  findInvoiceSql,
  findMonthInvoiceSql,
  findMonthSql,
  insertInvoiceSql,
  invoiceBodiesSql,
  lastInvoiceIdSql,
  listInvoicesSql,
  nextNumberSql,
  openMonthsSql,
  saveInvoiceBuyerSql,
  useCreditSql,
  type InvoiceRow,
} from './invoice.sql.js';
import type { LeasedTx } from './lease.store.js';
import { AFTER_ALL, present, time, type PageRequest } from './row.js';
import type { Tx } from './statement.js';

/** An invoice or credit note with what has become of it. */
export interface StoredInvoice {
  id: Id<'ivc'>;
  organizationId: Id<'org'>;
  invoice: Invoice;
  /** SHA-256 of its bytes, in hex. */
  digest: string;
  /** Absent when nobody said one, or it was erased. */
  buyer?: Buyer;
  dueAt: number;
  /** Up to where usage was taken in when it was made; absent when it is not known. */
  position?: number;
  payable: Decimal;
  paid: Decimal;
  voidedBy?: string;
}

/** Months that are over and wait for their invoice; the oldest first. */
export async function findOpenMonths(
  tx: Tx,
  endedBeforeMs: number,
  limit: number,
): Promise<{ organizationId: Id<'org'>; month: string }[]> {
  const rows = await tx.run(openMonthsSql, [time(endedBeforeMs), limit]);
  return rows.map(({ organization_id, month }) => ({ organizationId: organization_id, month }));
}

export async function isMonthClosed(tx: Tx, organizationId: string, month: string): Promise<boolean> {
  return (await tx.one(findMonthSql, [organizationId, month])) !== undefined;
}

/** Never undone. */
export async function closeMonth(
  tx: LeasedTx,
  {
    organizationId,
    month,
    invoiceId,
    now,
  }: { organizationId: string; month: string; invoiceId?: string; now: number },
): Promise<void> {
  await tx.run(closeMonthSql, [organizationId, month, invoiceId ?? null, time(now)]);
}

/** Months that were closed and whose usage changed afterwards. */
export async function findChangedMonths(tx: Tx, organizationId: string): Promise<string[]> {
  return (await tx.run(changedMonthsSql, [organizationId])).map(({ month }) => month);
}

/** The next number of invoices or credit notes, without gaps within a series; it is given only if the transaction is. */
export async function nextInvoiceNumber(tx: Tx, kind: Invoice['kind']): Promise<string> {
  const row = await tx.one(nextNumberSql, [kind]);
  if (!row) throw new Error('the hub has no epoch');
  const letters = kind === 'invoice' ? 'INV' : 'CRN';
  return `${letters}-${row.series}-${row.last.padStart(6, '0')}`;
}

/** The id of its next invoice or credit note, under the lock of its billing: lists are in the order in which they were made. */
export async function nextInvoiceId(
  tx: Tx,
  organizationId: string,
  { now, random }: { now: number; random: Random },
): Promise<Id<'ivc'>> {
  const row = await tx.one(lastInvoiceIdSql, [organizationId]);
  return newIdBehind(row?.id ?? undefined, 'ivc', now, random);
}

/** Digest of a buyer's block: how an invoice names it. */
export function buyerDigest(buyer: Buyer): string {
  return createHash('sha256').update(JSON.stringify(buyer)).digest('hex');
}

export async function keepInvoiceBuyer(tx: LeasedTx, organizationId: string, buyer: Buyer): Promise<void> {
  const digest = Buffer.from(buyerDigest(buyer), 'hex');
  await tx.run(saveInvoiceBuyerSql, [organizationId, digest, JSON.stringify(buyer)]);
}

/** Stores it with what it takes of credits (a credit note gives it back). */
export async function insertInvoice(
  tx: Tx,
  {
    id,
    organizationId,
    voids,
    position,
    seal,
    invoice,
  }: {
    id: Id<'ivc'>;
    organizationId: string;
    voids?: string;
    position?: number | undefined;
    /** The last one of the ledger when it was made. */
    seal?: number | undefined;
    invoice: Invoice;
  },
): Promise<void> {
  const body = JSON.stringify(invoice);
  const digest = createHash('sha256').update(body).digest();
  const { kind, number, month, currency, payable, buyer, issuedAt, dueAt } = invoice;
  await tx.run(insertInvoiceSql, [
    ...[organizationId, id, kind, number, month, currency, voids ?? null, payable, body, digest],
    ...[buyer === undefined ? null : Buffer.from(buyer, 'hex'), new Date(issuedAt), new Date(dueAt)],
    ...[position ?? null, seal ?? null],
  ]);
  for (const credit of invoice.credits)
    await tx.run(useCreditSql, [organizationId, credit.id, id, formatDecimal(parseDecimal(credit.amount))]);
}

/** By id or number. */
export async function findInvoice(
  tx: Tx,
  organizationId: string,
  reference: string,
): Promise<StoredInvoice | undefined> {
  const row = await tx.one(findInvoiceSql, [organizationId, reference]);
  return row && toInvoice(row);
}

/** The one of a month's usage; credit notes are none, nor is one of corrections in another currency. */
export async function findMonthInvoice(
  tx: Tx,
  organizationId: string,
  month: string,
): Promise<StoredInvoice | undefined> {
  const row = await tx.one(findMonthInvoiceSql, [organizationId, month]);
  return row && toInvoice(row);
}

/** Newest first. */
export async function listInvoices(
  tx: Tx,
  organizationId: string,
  { after = AFTER_ALL, limit }: PageRequest,
): Promise<StoredInvoice[]> {
  return (await tx.run(listInvoicesSql, [organizationId, after, limit])).map(toInvoice);
}

/** All of them, oldest first, with the last seal of the ledger when they were made, where it is known. */
export async function findInvoiceBodies(
  tx: Tx,
  organizationId: string,
): Promise<{ invoice: Invoice; seal?: number }[]> {
  return (await tx.run(invoiceBodiesSql, [organizationId])).map(({ body, seal_number: seal }) => ({
    invoice: JSON.parse(body) as Invoice,
    ...present({ seal }),
  }));
}

function toInvoice(row: InvoiceRow): StoredInvoice {
  return {
    id: row.id,
    organizationId: row.organization_id,
    invoice: JSON.parse(row.body) as Invoice,
    digest: row.digest.toString('hex'),
    dueAt: row.due_at.getTime(),
    payable: parseDecimal(row.payable),
    paid: row.paid === '0' ? decimalOf(0n) : parseDecimal(row.paid),
    ...present({
      buyer: row.buyer as unknown as Buyer | null,
      voidedBy: row.voided_by,
      position: row.position,
    }),
  };
}
