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
  groundOf,
  insertInvoice,
  invoiceWindows,
  isMonthClosed,
  keepInvoiceBuyer,
  lastSeal,
  lockBilling,
  nextInvoiceNumber,
  type BillFacts,
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
  const { parts, terms, position } = await readMonth(tx, organizationId, month);
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
  await insertInvoice(tx, { id: invoiceId, organizationId, position, invoice });
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

/** What a month's invoice is made from, and the position of the intake that it is what was taken in up to, when it is known. */
async function readMonth(
  tx: LeasedTx,
  organizationId: Id<'org'>,
  month: string,
): Promise<BillFacts & { position: number | undefined }> {
  const before = await standingOf(tx, organizationId, month);
  const facts = await findBillFacts(tx, organizationId, month);
  const after = await standingOf(tx, organizationId, month);
  const isOneMoment = after !== undefined && before?.seal === after.seal;
  return { ...facts, position: isOneMoment ? before.position : undefined };
}

/**
 * Up to where usage was taken in, and the last seal; undefined while anything before the month's end waits for its fold or the
 * ledger. With the same seal before and after, what was read in between is what had been taken in up to the first position.
 */
async function standingOf(
  tx: LeasedTx,
  organizationId: Id<'org'>,
  month: string,
): Promise<{ position: number; seal: number } | undefined> {
  // The seal first: what is sealed while the position is read is another seal afterwards.
  const seal = (await lastSeal(tx, organizationId))?.number ?? 0;
  const { position, firm } = await groundOf(tx, organizationId, monthSpan(month).endMs, 0);
  return firm ? { position, seal } : undefined;
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
