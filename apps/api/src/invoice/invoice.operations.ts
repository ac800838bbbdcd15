import { z } from 'zod';
import { defineCommand, defineDownload, defineQuery } from '../call/definition.js';
import { definePage } from '../call/page.js';
import { moment, reference } from '../call/scalars.js';
import { recordPayment, voidInvoice } from './invoice.commands.js';
import { INVOICE_FORMATS, invoiceDocument } from './invoice.document.js';
import { getInvoice, listInvoices } from './invoice.queries.js';
import { invoiceDetailsView, invoiceView } from './invoice.view.js';

const organization = reference('Id of the organization.');
const invoice = reference('Id or number of the invoice.');
const path = '/v1/organizations/{organization}/invoices';

export const invoiceOperations = [
  definePage({
    name: 'invoices.list',
    permission: 'invoice.read',
    rest: { method: 'GET', path, status: 200 },
    graphql: 'invoices',
    summary:
      'Invoices and credit notes of an organization, newest first: your own, for platform operators any.',
    input: z.strictObject({ organization }),
    item: invoiceView,
    key: 'id',
    handler: listInvoices,
  }),
  defineQuery({
    name: 'invoices.get',
    permission: 'invoice.read',
    rest: { method: 'GET', path: `${path}/{invoice}`, status: 200 },
    graphql: 'invoice',
    summary: 'One invoice with its lines and payments.',
    input: z.strictObject({ organization, invoice }),
    output: invoiceDetailsView,
    handler: getInvoice,
  }),
  defineDownload({
    name: 'invoices.document',
    permission: 'invoice.read',
    rest: { method: 'GET', path: `${path}/{invoice}/document`, status: 200 },
    media: 'application/octet-stream',
    summary: 'One invoice as JSON (the bytes of its digest), CSV, HTML, PDF, or rows of FOCUS 1.2.',
    input: z.strictObject({
      organization,
      invoice,
      format: z.enum(INVOICE_FORMATS).default('json'),
    }),
    download: invoiceDocument,
  }),
  defineCommand({
    name: 'invoices.void',
    permission: 'invoice.write',
    rest: { method: 'POST', path: `${path}/{invoice}/void`, status: 200 },
    graphql: 'voidInvoice',
    summary: 'Take an invoice back by a credit note (platform operators). Its month is not invoiced again.',
    input: z.strictObject({ organization, invoice }),
    output: invoiceDetailsView,
    handler: voidInvoice,
  }),
  defineCommand({
    name: 'invoices.recordPayment',
    permission: 'invoice.write',
    rest: { method: 'POST', path: `${path}/{invoice}/payments`, status: 201 },
    graphql: 'recordPayment',
    summary: 'Say that money came in for an invoice, or went back (platform operators).',
    input: z.strictObject({
      organization,
      invoice,
      amount: z.string().max(40).describe('A decimal; below 0 for money that went back.'),
      currency: z.string().regex(/^[A-Z]{3}$/, 'must be three capital letters, like USD'),
      reference: z
        .string()
        .regex(/^[A-Za-z0-9_.:/-]{1,100}$/, 'must be 1-100 of letters, digits and _ . : / -')
        .optional()
        .describe('What your payment provider calls it; the same one is recorded once.'),
      receivedAt: moment.optional().describe('Absent: now.'),
    }),
    output: invoiceDetailsView,
    handler: recordPayment,
  }),
];
