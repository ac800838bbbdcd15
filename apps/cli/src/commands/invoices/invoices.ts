import { createWriteStream } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { resolve } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { hoursText } from '#libs/domain';
import { Option } from 'commander';
import type { InvoiceDetailsView, InvoiceView } from '../../client/money.types.js';
import { listAll } from '../../client/pages.js';
import { path } from '../../client/path.js';
import { connectionProblem } from '../../client/problem.js';
import { defineCommand } from '../../command.js';
import { organizationOf } from '../../own-organization.js';
import { shortTime } from '../../output/time.js';
import type { Tow } from '../../tow.js';

interface Of {
  organization?: string;
}

interface PaymentFlags {
  amount: string;
  currency: string;
  reference?: string;
  received?: string;
}

/** `tow invoices list [ORGANIZATION]` */
export const invoicesList = defineCommand<[string | undefined], object>({
  calls: ['GET /v1/organizations/{organization}/invoices', 'GET /v1/whoami'],
  declare(command) {
    command.argument('[organization]', 'id; default your own');
  },
  async run(tow, [named]) {
    const id = await organizationOf(tow, named);
    const rows = await listAll<InvoiceView>(await tow.client(), path`/v1/organizations/${id}/invoices`);
    tow.out.list(rows, COLUMNS, 'No invoice yet. The current bill: tow bill');
    return undefined;
  },
});

/** `tow invoices describe NUMBER` */
export const invoicesDescribe = defineCommand<[string], Of>({
  calls: ['GET /v1/organizations/{organization}/invoices/{invoice}', 'GET /v1/whoami'],
  declare(command) {
    command
      .argument('<number>', 'number or id of the invoice')
      .option('--organization <id>', 'whose it is; default your own');
  },
  async run(tow, [number], { organization }) {
    const id = await organizationOf(tow, organization);
    const address = path`/v1/organizations/${id}/invoices/${number}`;
    show(tow, await (await tow.client()).get<InvoiceDetailsView>(address));
    return undefined;
  },
});

/** `tow invoices download NUMBER --format html`: the file appears when all of it has arrived. */
export const invoicesDownload = defineCommand<[string], Of & { format: string; output?: string }>({
  calls: ['GET /v1/organizations/{organization}/invoices/{invoice}/document', 'GET /v1/whoami'],
  declare(command) {
    command
      .argument('<number>', 'number or id of the invoice')
      .addOption(
        new Option('--format <format>', 'which form; focus is rows of FOCUS 1.2')
          .choices(['json', 'csv', 'html', 'pdf', 'focus'])
          .default('html'),
      )
      .option('--output <file>', 'where to write it; default NUMBER.FORMAT here')
      .option('--organization <id>', 'whose it is; default your own');
  },
  async run(tow, [number], { organization, format, output }) {
    const id = await organizationOf(tow, organization);
    const name = `${number.replace(/[^\w-]/g, '_')}.${format === 'focus' ? 'focus.csv' : format}`;
    const file = resolve(tow.io.cwd, output ?? name);
    const client = await tow.client();
    const address = path`/v1/organizations/${id}/invoices/${number}/document`;
    const answer = await client.download(`${address}?format=${format}`);
    try {
      await pipeline(answer, createWriteStream(`${file}.part`, { mode: 0o600 }));
    } catch (error) {
      await rm(`${file}.part`, { force: true });
      throw connectionProblem(error, client.where);
    }
    await rename(`${file}.part`, file);
    tow.out.line({ invoice: number, file }, file);
    return undefined;
  },
});

/** `tow invoices void ORGANIZATION NUMBER` (platform operator) */
export const invoicesVoid = defineCommand<[string, string], object>({
  calls: ['POST /v1/organizations/{organization}/invoices/{invoice}/void'],
  declare(command) {
    command
      .argument('<organization>', 'id of the organization')
      .argument('<number>', 'number or id of the invoice');
  },
  async run(tow, [organization, number]) {
    const address = path`/v1/organizations/${organization}/invoices/${number}/void`;
    show(tow, await (await tow.client()).post<InvoiceDetailsView>(address, {}));
    return undefined;
  },
});

/** `tow invoices record-payment ORGANIZATION NUMBER --amount 12.50 --currency USD` (platform operator) */
export const invoicesRecordPayment = defineCommand<[string, string], PaymentFlags>({
  calls: ['POST /v1/organizations/{organization}/invoices/{invoice}/payments'],
  declare(command) {
    command
      .argument('<organization>', 'id of the organization')
      .argument('<number>', 'number or id of the invoice')
      .requiredOption('--amount <decimal>', 'how much, e.g. 12.50; below 0 for money that went back')
      .requiredOption('--currency <code>', 'the currency of the invoice, e.g. USD')
      .option('--reference <id>', 'what your payment provider calls it; the same one is recorded once')
      .option('--received <instant>', 'when, e.g. 2026-12-05T10:00:00Z; default now');
  },
  async run(tow, [organization, number], { amount, currency, reference, received }) {
    const body = { amount, currency, reference, receivedAt: received };
    const address = path`/v1/organizations/${organization}/invoices/${number}/payments`;
    show(tow, await (await tow.client()).post<InvoiceDetailsView>(address, body));
    return undefined;
  },
});

function show(tow: Tow, details: InvoiceDetailsView): void {
  const { invoice, document, payments } = details;
  const money = (text: string): string => `${text} ${invoice.currency}`;
  tow.out.thing(details, {
    Number: invoice.number,
    Month: invoice.month,
    Status: invoice.status,
    Issued: shortTime(invoice.issuedAt),
    Due: shortTime(invoice.dueAt),
    ...Object.fromEntries(
      document.lines.map(({ name, plan, version, charged }) => [
        `${name} (${plan} ${version})`,
        money(charged),
      ]),
    ),
    ...Object.fromEntries(
      document.corrections.map((line) => [
        [`Correction of ${line.month}`, hoursText(line)].filter(Boolean).join(', ').concat(`: ${line.name}`),
        money(line.charged),
      ]),
    ),
    ...Object.fromEntries(
      (document.adjustments ?? []).map(({ id, madeAt, charged }) => [
        `Adjustment of ${madeAt.slice(0, 10)} (${id})`,
        money(charged),
      ]),
    ),
    ...Object.fromEntries(
      document.taxes.map(({ name, percent, amount }) => [`${name} ${percent} %`, money(amount)]),
    ),
    Total: money(invoice.gross),
    'To be paid': money(invoice.payable),
    Paid: payments.length === 0 ? undefined : money(invoice.paid),
    Balance: money(invoice.balance),
    'Takes back': invoice.voids,
    'Taken back by': invoice.voidedBy,
  });
}

const COLUMNS = {
  NUMBER: ({ number }: InvoiceView) => number,
  MONTH: ({ month }: InvoiceView) => month,
  STATUS: ({ status }: InvoiceView) => status,
  TOTAL: ({ gross }: InvoiceView) => gross,
  BALANCE: ({ balance }: InvoiceView) => balance,
  CURRENCY: ({ currency }: InvoiceView) => currency,
  ISSUED: ({ issuedAt }: InvoiceView) => shortTime(issuedAt),
  DUE: ({ dueAt }: InvoiceView) => shortTime(dueAt),
};
