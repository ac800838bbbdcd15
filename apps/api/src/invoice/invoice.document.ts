import { focusCsv, invoiceCsv, invoiceHtml, invoicePage, invoicePdf } from '#libs/domain';
import type { StoredInvoice } from '#libs/store';
import type { Download, DownloadCall } from '../call/definition.js';
import { inOrganization } from '../organization/organization.reach.js';
import { storedInvoice, type InvoiceRef } from './invoice.queries.js';

type Form = (stored: StoredInvoice) => string | Uint8Array;

/** How an invoice can be had. `json` is the bytes that its digest is of. */
const FORMS = {
  json: ({ invoice }) => JSON.stringify(invoice),
  csv: ({ invoice }) => invoiceCsv(invoice),
  html: ({ invoice, buyer }) => invoiceHtml(invoicePage(invoice, buyer)),
  pdf: ({ invoice, buyer }) => invoicePdf(invoicePage(invoice, buyer), invoice.issuedAt),
  focus: ({ invoice }) => focusCsv([invoice]),
} as const satisfies Record<string, Form>;

export const INVOICE_FORMATS = Object.keys(FORMS) as (keyof typeof FORMS)[];

export async function invoiceDocument(
  call: DownloadCall,
  input: InvoiceRef & { format: keyof typeof FORMS },
): Promise<Download> {
  const stored = await call.read((reading) =>
    inOrganization(reading, input.organization, ({ id }) => storedInvoice(reading, id, input.invoice)),
  );
  const form: Form = FORMS[input.format];
  const made = form(stored);
  const bytes = typeof made === 'string' ? Buffer.from(made) : made;
  const name = input.format === 'focus' ? 'focus.csv' : input.format;
  return { name: `${stored.invoice.number}.${name}`, body: once(bytes) };
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield await Promise.resolve(bytes);
}
