import {
  billOf,
  correctionsOfInvoice,
  invoiceOf,
  monthSpan,
  newId,
  type Id,
  type Invoice,
  type InvoiceCorrection,
  type Random,
} from '#libs/domain';
import {
  buyerDigest,
  closeMonth,
  findBillFacts,
  findBillingAccount,
  findChangedMonths,
  findInvoiceBodies,
  giveNotice,
  insertInvoice,
  invoiceWindows,
  isMonthClosed,
  keepInvoiceBuyer,
  lockBilling,
  nextInvoiceNumber,
  type LeasedTx,
} from '#libs/store';

/** What making an invoice needs besides what is stored. */
export interface InvoiceOptions {
  now: number;
  /** How long after it is issued an invoice is past due. */
  dueMs: number;
  random: Random;
}

/**
 * Closes a month that is over: its invoice, with corrections of months before, or only the note that nothing is owed. Done
 * once, whoever asks however often.
 * @returns the invoice, when one was made
 */
export async function invoiceMonth(
  tx: LeasedTx,
  { organizationId, month }: { organizationId: Id<'org'>; month: string },
  { now, dueMs, random }: InvoiceOptions,
): Promise<Invoice | undefined> {
  await lockBilling(tx, organizationId);
  if (await isMonthClosed(tx, organizationId, month)) return undefined;
  const { parts, terms } = await findBillFacts(tx, organizationId, month);
  const bill = billOf(month, parts);
  const corrections = await correctionsIn(tx, organizationId);
  const isOwed = bill.items.some(({ quantity }) => quantity !== '0') || corrections.length > 0;
  if (!isOwed) {
    await closeMonth(tx, { organizationId, month, now });
    return undefined;
  }
  const { buyer } = await findBillingAccount(tx, organizationId);
  const head = {
    number: await nextInvoiceNumber(tx, 'invoice'),
    organization: organizationId,
    issuedAt: new Date(now).toISOString(),
    dueAt: new Date(now + dueMs).toISOString(),
    ...(buyer === undefined ? {} : { buyer: buyerDigest(buyer) }),
  };
  const decimals = parts.at(-1)?.plan.decimals ?? 0;
  const invoice = invoiceOf(bill, head, { ...terms, decimals, corrections });
  if (buyer) await keepInvoiceBuyer(tx, organizationId, buyer);
  const invoiceId = newId('ivc', now, random);
  await insertInvoice(tx, { id: invoiceId, organizationId, invoice });
  await closeMonth(tx, { organizationId, month, invoiceId, now });
  for (const carried of new Set([month, ...corrections.map((line) => line.month)])) {
    const { startMs: fromMs, endMs: toMs } = monthSpan(carried);
    await invoiceWindows(tx, organizationId, { fromMs, toMs }, invoiceId);
  }
  const { number, currency, payable, dueAt } = invoice;
  const data = { invoiceId, number, month, currency, payable, dueAt };
  await giveNotice(tx, { organizationId, type: 'invoice.finalized', data, now }, random);
  return invoice;
}

/** What came late for months that are closed; a month whose invoice was taken back stays as it is. */
async function correctionsIn(tx: LeasedTx, organizationId: Id<'org'>): Promise<InvoiceCorrection[]> {
  const changed = await findChangedMonths(tx, organizationId);
  if (changed.length === 0) return [];
  const issued = await findInvoiceBodies(tx, organizationId);
  const found: InvoiceCorrection[] = [];
  for (const month of changed) {
    const own = issued.filter((one) => one.month === month);
    if (own.some(({ kind }) => kind === 'credit_note')) continue;
    const { parts } = await findBillFacts(tx, organizationId, month);
    const decimals = parts.at(-1)?.plan.decimals ?? 0;
    const invoiced = own[0] ?? { month, lines: [], decimals };
    const already = issued.flatMap(({ corrections }) => corrections).filter((one) => one.month === month);
    found.push(...correctionsOfInvoice(invoiced, billOf(month, parts), already));
  }
  return found;
}
