import {
  billOf,
  invoiceOf,
  monthSpan,
  type BillPart,
  type Id,
  type Invoice,
  type InvoiceCorrection,
  type InvoicedAdjustment,
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
  nextInvoiceId,
  nextInvoiceNumber,
  currencyPlaces,
  invoicedAdjustments,
  pendingAdjustments,
  pendingCorrections,
  postLostCredits,
  type BillFacts,
  type LeasedTx,
  type StoredAdjustment,
} from '#libs/store';

/** What making an invoice needs besides what is stored. */
export interface InvoiceOptions {
  now: number;
  /** How long after it is issued an invoice is past due. */
  dueMs: number;
  /** The name of who sells; absent: the invoice names nobody. */
  seller?: string | undefined;
  random: Random;
}

/** What one invoice asks for, in its currency. */
interface Asked {
  /** Of corrections alone: without items. */
  bill: Parameters<typeof invoiceOf>[0];
  decimals: number;
  corrections: readonly InvoiceCorrection[];
  adjustments: readonly InvoicedAdjustment[];
}

/** What all invoices of a month have in common. */
interface Standing {
  organizationId: Id<'org'>;
  terms: BillFacts['terms'];
  position: number | undefined;
  seal: number;
}

interface Made {
  id: Id<'ivc'>;
  invoice: Invoice;
}

/**
 * Closes a month that is over: its invoice, with corrections of months before, or only the note that nothing is owed. What corrects
 * months in another currency, and adjustments that were made in one, are on an invoice of its own in that one: money is not exchanged. Done once, whoever asks however often.
 * @returns the invoices that were made, the one of the month's usage first
 */
export async function invoiceMonth(
  tx: LeasedTx,
  { organizationId, month }: { organizationId: Id<'org'>; month: string },
  options: InvoiceOptions,
): Promise<Invoice[]> {
  await lockBilling(tx, organizationId);
  if (await isMonthClosed(tx, organizationId, month)) return [];
  const { parts, ...facts } = await readMonth(tx, organizationId, month);
  const asked = await askedIn(tx, organizationId, month, parts);
  const standing = { organizationId, ...facts };
  const own = isOwed(asked.own) ? await issue(tx, asked.own, standing, options) : undefined;
  const made: Made[] = own ? [own] : [];
  for (const other of asked.others) made.push(await issue(tx, other, standing, options));
  const { now, random } = options;
  await closeMonth(tx, { organizationId, month, now, ...(own && { invoiceId: own.id }) });
  await postLostCredits(tx, { organizationId, actorId: 'towpath', nowMs: now, random });
  for (const one of made) await tellOf(tx, organizationId, one, { isOwn: one === own, ...options });
  return made.map(({ invoice }) => invoice);
}

async function askedIn(
  tx: LeasedTx,
  organizationId: Id<'org'>,
  month: string,
  parts: readonly BillPart[],
): Promise<{ own: Asked; others: Asked[] }> {
  const bill = billOf(month, parts);
  const { currency } = bill;
  const decimals = parts.at(-1)?.plan.decimals ?? 0;
  const adjusted = await pendingAdjustments(tx, organizationId);
  const pending = await pendingCorrections(tx, organizationId);
  const askedBeside = (inCurrency: string, places: number): Pick<Asked, 'corrections' | 'adjustments'> => ({
    corrections: pending.find((one) => one.currency === inCurrency)?.lines ?? [],
    adjustments: invoicedAdjustments(adjusted.get(inCurrency) ?? [], places),
  });
  const others: Asked[] = [];
  for (const former of new Set([...pending.map((one) => one.currency), ...adjusted.keys()])) {
    if (former === currency) continue;
    const places =
      pending.find((one) => one.currency === former)?.decimals ??
      (await placesOf(tx, former, adjusted.get(former) ?? []));
    const own = { month, currency: former, items: [] };
    others.push({ bill: own, decimals: places, ...askedBeside(former, places) });
  }
  return { own: { bill, decimals, ...askedBeside(currency, decimals) }, others };
}

/** Places of an invoice of adjustments alone, whose plan may be gone from the organization's terms. */
async function placesOf(
  tx: LeasedTx,
  currency: string,
  adjustments: readonly StoredAdjustment[],
): Promise<number> {
  return Math.max(await currencyPlaces(tx, currency), ...adjustments.map(({ amount }) => amount.scale));
}

function isOwed({ bill, corrections, adjustments }: Asked): boolean {
  const isUsed = bill.items.some(({ quantity }) => quantity !== '0');
  return isUsed || corrections.length + adjustments.length > 0;
}

/** Stores an invoice under the next number. */
async function issue(
  tx: LeasedTx,
  { bill, ...asked }: Asked,
  { organizationId, terms, position, seal }: Standing,
  { now, dueMs, seller, random }: InvoiceOptions,
): Promise<Made> {
  const { buyer } = await findBillingAccount(tx, organizationId);
  const head = {
    number: await nextInvoiceNumber(tx, 'invoice'),
    organization: organizationId,
    issuedAt: new Date(now).toISOString(),
    dueAt: new Date(now + dueMs).toISOString(),
    ...(buyer === undefined ? {} : { buyer: buyerDigest(buyer) }),
    ...(seller === undefined ? {} : { seller }),
  };
  const invoice = invoiceOf(bill, head, { ...terms, ...asked });
  if (buyer) await keepInvoiceBuyer(tx, organizationId, buyer);
  const id = await nextInvoiceId(tx, organizationId, { now, random });
  await insertInvoice(tx, { id, organizationId, position, seal, invoice });
  await keepInvoicedAdjustments(tx, { organizationId, invoiceId: id }, invoice);
  return { id, invoice };
}

/** Notes on the hours which invoice carries them, and tells the organization of it. */
async function tellOf(
  tx: LeasedTx,
  organizationId: Id<'org'>,
  { id, invoice }: Made,
  { isOwn, now, random }: InvoiceOptions & { isOwn: boolean },
): Promise<void> {
  const { number, month, currency, payable, dueAt, corrections } = invoice;
  for (const carried of new Set([...(isOwn ? [month] : []), ...corrections.map((line) => line.month)])) {
    const { startMs: fromMs, endMs: toMs } = monthSpan(carried);
    await invoiceWindows(tx, organizationId, { fromMs, toMs }, id);
  }
  const data = { invoiceId: id, number, month, currency, payable, dueAt };
  await giveNotice(tx, { organizationId, type: 'invoice.finalized', data, now }, random);
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
