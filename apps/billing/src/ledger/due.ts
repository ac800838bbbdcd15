import {
  NOTHING,
  entryOfInvoice,
  entryOfPayment,
  formatDecimal,
  monthSpan,
  type Id,
  type Random,
} from '#libs/domain';
import {
  creditsInLedger,
  findDuePayment,
  findInvoice,
  giveNotice,
  keepOpenInvoices,
  postEntry,
  takeDue,
  unaskedBefore,
  type LeasedTx,
} from '#libs/store';

/** What a posting needs besides what is stored. */
export interface PostingOptions {
  nowMs: number;
  random: Random;
}

/**
 * Posts the invoices, credit notes and payments that the ledger does not have yet, each once, tells of payments, and notes what is
 * still to be paid.
 * @returns how many
 */
export async function postDue(
  tx: LeasedTx,
  organizationId: Id<'org'>,
  options: PostingOptions,
): Promise<number> {
  const due = await takeDue(tx, organizationId);
  for (const { kind, id } of due) {
    if (kind === 'invoice') await postInvoice(tx, organizationId, id, options);
    else await postPayment(tx, organizationId, id, options);
  }
  if (due.length > 0) await keepOpenInvoices(tx, organizationId);
  return due.length;
}

async function postInvoice(
  tx: LeasedTx,
  organizationId: Id<'org'>,
  id: string,
  options: PostingOptions,
): Promise<void> {
  const stored = await findInvoice(tx, organizationId, id);
  if (!stored) throw new Error(`invoice ${id} is gone`);
  const { invoice } = stored;
  const { currency } = invoice;
  const { endMs: beforeMs } = monthSpan(invoice.month);
  const unasked =
    invoice.kind === 'invoice' ? await unaskedBefore(tx, organizationId, { currency, beforeMs }) : NOTHING;
  const credits = await creditsInLedger(tx, organizationId);
  // also one that asks for what is owed already: its entry says that it was asked for
  const entry = entryOfInvoice(id, invoice, { unasked, credits });
  await postEntry(tx, entry, { organizationId, actorId: 'towpath', ...options });
}

async function postPayment(
  tx: LeasedTx,
  organizationId: Id<'org'>,
  id: string,
  options: PostingOptions,
): Promise<void> {
  const payment = await findDuePayment(tx, organizationId, id);
  if (!payment) throw new Error(`payment ${id} is gone`);
  const { amount, currency, createdBy: actorId, invoiceId, number, reference, receivedAt } = payment;
  await postEntry(tx, entryOfPayment(id, amount, currency), { organizationId, actorId, ...options });
  const data = {
    ...{ paymentId: id, invoiceId, number, currency, amount: formatDecimal(amount) },
    ...(reference === undefined ? {} : { reference }),
    receivedAt: new Date(receivedAt).toISOString(),
  };
  const notice = { organizationId, type: 'payment.recorded' as const, data, now: options.nowMs };
  await giveNotice(tx, notice, options.random);
}
