import { TowpathError, creditNoteOf, parseDecimal, refuseIfAny, type Decimal } from '#libs/domain';
import {
  insertInvoice,
  insertPayment,
  lockBilling,
  nextInvoiceId,
  nextInvoiceNumber,
  postLostCredits,
  type StoredInvoice,
} from '#libs/store';
import { amountOf, refuseOtherAmount } from '../account/amount.js';
import type { CommandCall } from '../call/call.js';
import { iso } from '../call/scalars.js';
import { entryMaker } from '../credit/credit.commands.js';
import { inOrganization } from '../organization/organization.reach.js';
import { detailsOf, storedInvoice, type InvoiceRef } from './invoice.queries.js';
import type { showDetails } from './invoice.view.js';

type Shown = ReturnType<typeof showDetails>;

/** Takes an invoice back by a credit note; what it took of credits is given back. Twice is once. */
export function voidInvoice(call: CommandCall, input: InvoiceRef): Promise<Shown> {
  return inOrganization(call, input.organization, async ({ id: organizationId }) => {
    await lockBilling(call.tx, organizationId);
    const stored = await storedInvoice(call, organizationId, input.invoice);
    refuseNotes(stored, 'cannot be taken back');
    if (stored.voidedBy === undefined) {
      const number = await nextInvoiceNumber(call.tx, 'credit_note');
      const invoice = creditNoteOf(stored.invoice, { number, issuedAt: iso(call.now) });
      const id = await nextInvoiceId(call.tx, organizationId, { now: call.now, random: call.parts.random });
      await insertInvoice(call.tx, { id, organizationId, voids: stored.id, invoice });
      await postLostCredits(call.tx, entryMaker(call, organizationId));
      await call.audit(stored.id, { after: { voidedBy: number } }, organizationId);
    }
    return detailsOf(call, organizationId, await storedInvoice(call, organizationId, stored.id));
  });
}

interface PaymentInput extends InvoiceRef {
  amount: string;
  currency: string;
  reference?: string | undefined;
  receivedAt?: string | undefined;
}

/**
 * Money that came in, or went back (below 0). The same reference again changes nothing.
 * @throws TowpathError INVALID_ARGUMENT for another currency or an amount out of range; ALREADY_EXISTS for a reference that
 * was used for another amount
 */
export function recordPayment(call: CommandCall, input: PaymentInput): Promise<Shown> {
  return inOrganization(call, input.organization, async ({ id: organizationId }) => {
    await lockBilling(call.tx, organizationId);
    const stored = await storedInvoice(call, organizationId, input.invoice);
    refuseNotes(stored, 'is not paid');
    const { currency } = stored.invoice;
    if (input.currency !== currency)
      refuseIfAny([{ field: 'currency', message: `must be ${currency}, like the invoice's` }]);
    const amount = amountOf(input.amount, stored.invoice.decimals);
    const { reference } = input;
    const payment = await insertPayment(call.tx, organizationId, {
      ...{ id: call.newId('pay'), invoiceId: stored.id, amount },
      ...(reference === undefined ? {} : { reference }),
      receivedAt: input.receivedAt === undefined ? call.now : Date.parse(input.receivedAt),
      ...{ createdBy: call.actor.id, createdAt: call.now },
    });
    if (payment)
      await call.audit(payment.id, { after: { invoice: stored.id, amount: input.amount } }, organizationId);
    const shown = await detailsOf(call, organizationId, await storedInvoice(call, organizationId, stored.id));
    if (!payment) refuseOther(shown, input, amount);
    return shown;
  });
}

function refuseOther({ payments }: Shown, { reference }: PaymentInput, amount: Decimal): void {
  const same = payments.find((one) => one.reference === reference);
  refuseOtherAmount('A payment', parseDecimal(same?.amount ?? '0'), amount);
}

function refuseNotes({ invoice: { kind } }: StoredInvoice, message: string): void {
  if (kind === 'invoice') return;
  throw new TowpathError('FAILED_PRECONDITION', `A credit note ${message}.`, {
    nextStep: 'Name the invoice itself.',
  });
}
