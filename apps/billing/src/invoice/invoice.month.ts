import {
  billOf,
  invoiceOf,
  monthSpan,
  newId,
  type Bill,
  type Id,
  type Invoice,
  type Random,
} from '#libs/domain';
import {
  buyerDigest,
  closeMonth,
  findBillFacts,
  findBillingAccount,
  giveNotice,
  groundOf,
  insertInvoice,
  invoiceWindows,
  isMonthClosed,
  keepInvoiceBuyer,
  keepInvoicedAdjustments,
  lastSeal,
  lockBilling,
  nextInvoiceNumber,
  pendingAdjustments,
  postLostCredits,
  type BillFacts,
  type LeasedTx,
} from '#libs/store';
import { correctionsIn } from './invoice.corrections.js';

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
  options: InvoiceOptions,
): Promise<Invoice | undefined> {
  await lockBilling(tx, organizationId);
  if (await isMonthClosed(tx, organizationId, month)) return undefined;
  const { parts, terms, position, seal } = await readMonth(tx, organizationId, month);
  const bill = billOf(month, parts);
  const decimals = parts.at(-1)?.plan.decimals ?? 0;
  const corrections = await correctionsIn(tx, organizationId);
  const adjustments = await pendingAdjustments(tx, organizationId, { currency: bill.currency, decimals });
  const isUsed = bill.items.some(({ quantity }) => quantity !== '0');
  const isOwed = isUsed || corrections.length + adjustments.length > 0;
  const facts = { ...terms, decimals, corrections, adjustments };
  const made = isOwed ? await issue(tx, bill, { organizationId, position, seal, facts }, options) : undefined;
  const { now, random } = options;
  await closeMonth(tx, { organizationId, month, now, ...(made && { invoiceId: made.id }) });
  await postLostCredits(tx, { organizationId, actorId: 'towpath', nowMs: now, random });
  if (!made) return undefined;
  for (const carried of new Set([month, ...corrections.map((line) => line.month)])) {
    const { startMs: fromMs, endMs: toMs } = monthSpan(carried);
    await invoiceWindows(tx, organizationId, { fromMs, toMs }, made.id);
  }
  const { number, currency, payable, dueAt } = made.invoice;
  const data = { invoiceId: made.id, number, month, currency, payable, dueAt };
  await giveNotice(tx, { organizationId, type: 'invoice.finalized', data, now }, random);
  return made.invoice;
}

/** Stores the invoice of a bill under the next number. */
async function issue(
  tx: LeasedTx,
  bill: Bill,
  of: {
    organizationId: Id<'org'>;
    position: number | undefined;
    seal: number;
    facts: Parameters<typeof invoiceOf>[2];
  },
  { now, dueMs, random }: InvoiceOptions,
): Promise<{ id: Id<'ivc'>; invoice: Invoice }> {
  const { organizationId, position, seal, facts } = of;
  const { buyer } = await findBillingAccount(tx, organizationId);
  const head = {
    number: await nextInvoiceNumber(tx, 'invoice'),
    organization: organizationId,
    issuedAt: new Date(now).toISOString(),
    dueAt: new Date(now + dueMs).toISOString(),
    ...(buyer === undefined ? {} : { buyer: buyerDigest(buyer) }),
  };
  const invoice = invoiceOf(bill, head, facts);
  if (buyer) await keepInvoiceBuyer(tx, organizationId, buyer);
  const id = newId('ivc', now, random);
  await insertInvoice(tx, { id, organizationId, position, seal, invoice });
  await keepInvoicedAdjustments(tx, { organizationId, invoiceId: id }, invoice);
  return { id, invoice };
}

/** What a month's invoice is made from, the last seal before, and the position of the intake that it is what was taken in up to, when it is known. */
async function readMonth(
  tx: LeasedTx,
  organizationId: Id<'org'>,
  month: string,
): Promise<BillFacts & { position: number | undefined; seal: number }> {
  const before = await standingOf(tx, organizationId, month);
  const facts = await findBillFacts(tx, organizationId, month);
  const after = await standingOf(tx, organizationId, month);
  const isOneMoment = after.position !== undefined && before.seal === after.seal;
  return { ...facts, seal: before.seal, position: isOneMoment ? before.position : undefined };
}

/**
 * The last seal, and up to where usage was taken in; that is not said while anything before the month's end waits for its fold or the
 * ledger. With the same seal before and after, what was read in between is what had been taken in up to the first position.
 */
async function standingOf(
  tx: LeasedTx,
  organizationId: Id<'org'>,
  month: string,
): Promise<{ seal: number; position: number | undefined }> {
  // The seal first: what is sealed while the position is read is another seal afterwards.
  const seal = (await lastSeal(tx, organizationId))?.number ?? 0;
  const { position, firm } = await groundOf(tx, organizationId, monthSpan(month).endMs, 0);
  return { seal, position: firm ? position : undefined };
}
