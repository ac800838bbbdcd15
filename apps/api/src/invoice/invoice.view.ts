import { add, formatDecimal } from '#libs/domain';
import type { Payment, StoredInvoice } from '#libs/store';
import { z } from 'zod';
import { iso } from '../call/scalars.js';
import { creditKind } from '../credit/credit.view.js';

const amount = z.string().describe('An exact decimal.');
const status = z.enum(['open', 'paid', 'past_due', 'void', 'credit_note']).meta({ id: 'InvoiceStatus' });

export const invoiceView = z
  .object({
    id: z.string(),
    number: z.string(),
    kind: z.enum(['invoice', 'credit_note']).meta({ id: 'InvoiceKind' }),
    month: z.string(),
    currency: z.string(),
    issuedAt: z.string(),
    dueAt: z.string(),
    gross: amount.describe('With taxes.'),
    payable: amount.describe('Less what credits paid.'),
    paid: amount,
    balance: amount.describe('What is still to be paid.'),
    status,
    voids: z.string().optional().describe('Number of the invoice that it takes back.'),
    voidedBy: z.string().optional().describe('Number of the credit note that takes it back.'),
    digest: z.string().describe('SHA-256 of the document, in hex.'),
  })
  .meta({ id: 'Invoice', description: 'What an organization was asked for; it never changes.' });

const item = { plan: z.string(), version: z.int(), item: z.string(), name: z.string() };

/** One line of the document. */
export const invoiceLineView = z
  .object({
    ...item,
    unit: z.string(),
    rate: z.string(),
    quantity: z.string(),
    list: z.string(),
    adjustments: z.array(
      z.object({ kind: z.string(), id: z.string(), amount: z.string() }).meta({ id: 'InvoiceAdjustment' }),
    ),
    amount: z.string().describe('Exact; a fraction where no decimal ends.'),
    charged: amount.describe('Rounded once, half-up.'),
  })
  .meta({ id: 'InvoiceLine' });

/** What an operator added or took off. */
export const adjustmentLineView = z
  .object({ id: z.string().describe('Of the entry in the ledger.'), madeAt: z.string(), charged: amount })
  .meta({ id: 'AdjustmentLine' });

/** What came late for a month that was invoiced. */
export const correctionView = z
  .object({
    ...{ month: z.string(), ...item, charged: amount },
    hours: z.array(z.string()).optional().describe('When the hours begin whose usage changed.'),
  })
  .meta({ id: 'InvoiceCorrection' });

const documentView = z
  .object({
    number: z.string(),
    lines: z.array(invoiceLineView),
    corrections: z.array(correctionView),
    adjustments: z.array(adjustmentLineView).optional(),
    subtotal: amount,
    taxes: z.array(
      z.object({ name: z.string(), percent: amount, base: amount, amount }).meta({ id: 'InvoiceTax' }),
    ),
    gross: amount,
    credits: z.array(z.object({ id: z.string(), kind: creditKind, amount }).meta({ id: 'InvoiceCredit' })),
    payable: amount,
    buyer: z.string().optional().describe("Digest of the buyer's block."),
    seller: z
      .string()
      .optional()
      .describe('The name of who sells; absent when the installation had said none.'),
  })
  .meta({ id: 'InvoiceDocument' });

export const paymentView = z
  .object({
    id: z.string(),
    amount,
    reference: z.string().optional(),
    receivedAt: z.string(),
    createdBy: z.string(),
    createdAt: z.string(),
  })
  .meta({ id: 'Payment', description: 'Money that came in for an invoice, or went back (below 0).' });

export const invoiceDetailsView = z
  .object({ invoice: invoiceView, document: documentView, payments: z.array(paymentView) })
  .meta({ id: 'InvoiceDetails' });

export function showInvoice(stored: StoredInvoice, now: number): z.infer<typeof invoiceView> {
  const { id, invoice, digest, voidedBy, payable, paid } = stored;
  const { number, kind, month, currency, issuedAt, dueAt, gross, decimals, voids } = invoice;
  const balance = voidedBy === undefined && kind === 'invoice' ? payable : { units: 0n, scale: 0 };
  const open = add(balance, { ...paid, units: -paid.units });
  return {
    ...{ id, number, kind, month, currency, issuedAt, dueAt, gross, digest },
    payable: invoice.payable,
    paid: formatDecimal(paid, decimals),
    balance: formatDecimal(open, decimals),
    status: statusOf(stored, open.units, now),
    ...(voids === undefined ? {} : { voids }),
    ...(voidedBy === undefined ? {} : { voidedBy }),
  };
}

export function showDetails(
  stored: StoredInvoice,
  payments: readonly Payment[],
  now: number,
): z.input<typeof invoiceDetailsView> {
  return {
    invoice: showInvoice(stored, now),
    document: stored.invoice,
    payments: payments.map((payment) => showPayment(payment, stored.invoice.decimals)),
  };
}

function showPayment(payment: Payment, decimals: number): z.infer<typeof paymentView> {
  const { id, amount: of, reference, receivedAt, createdBy, createdAt } = payment;
  return {
    ...{ id, amount: formatDecimal(of, decimals), createdBy },
    ...(reference === undefined ? {} : { reference }),
    receivedAt: iso(receivedAt),
    createdAt: iso(createdAt),
  };
}

function statusOf(
  { invoice: { kind }, voidedBy, dueAt }: StoredInvoice,
  open: bigint,
  now: number,
): z.infer<typeof status> {
  if (kind === 'credit_note') return 'credit_note';
  if (voidedBy !== undefined) return 'void';
  if (open <= 0n) return 'paid';
  return now > dueAt ? 'past_due' : 'open';
}
