import type { Buyer } from './buyer.js';
import type { InvoiceCorrection } from './correction.js';
import { hoursText, type Invoice } from './invoice.js';

/** What an invoice shows to a person: the same on paper, as HTML and as PDF. */
export interface InvoicePage {
  title: string;
  /** Lines under the title. */
  facts: string[];
  buyer: string[];
  /** Heads of the table, then its rows. */
  head: string[];
  rows: string[][];
  /** Sums below it: name and amount. */
  sums: [string, string][];
}

const ERASED = 'Buyer: not kept any more';

/** Lays an invoice out; `buyer` is absent when nobody said one, or it was erased. */
export function invoicePage(invoice: Invoice, buyer: Buyer | undefined): InvoicePage {
  const { kind, number, month, currency, issuedAt, dueAt, organization, seller, voids } = invoice;
  const day = (time: string): string => time.slice(0, 10);
  return {
    title: `${kind === 'invoice' ? 'Invoice' : 'Credit note'} ${number}`,
    facts: [
      ...(seller === undefined ? [] : [`Sold by ${seller}`]),
      ...(voids === undefined ? [] : [`Takes back invoice ${voids}`]),
      `Month ${month} (UTC)`,
      `Issued ${day(issuedAt)}`,
      ...(kind === 'invoice' ? [`Due ${day(dueAt)}`] : []),
      `Organization ${organization}`,
    ],
    buyer: buyerLines(invoice, buyer),
    head: ['Item', 'Quantity', 'Unit', 'Rate', `Amount (${currency})`],
    rows: [
      ...invoice.lines.map(({ name, plan, version, quantity, unit, rate, charged }) => [
        `${name} (${plan} ${version})`,
        ...[quantity, unit, rate, charged],
      ]),
      ...invoice.corrections.map((line) => [correctionName(line), ...['', '', '', line.charged]]),
      ...(invoice.adjustments ?? []).map(({ id, madeAt, charged }) => [
        `Adjustment of ${day(madeAt)} (${id})`,
        ...['', '', '', charged],
      ]),
    ],
    sums: [
      ['Sum', invoice.subtotal],
      ...invoice.taxes.map(({ name, percent, base, amount }): [string, string] => [
        `${name} ${percent} % of ${base}`,
        amount,
      ]),
      ['Total', invoice.gross],
      ...invoice.credits.map(({ id, kind: of, amount }): [string, string] => [
        `Paid by ${of} credit ${id}`,
        amount.startsWith('-') ? amount.slice(1) : `-${amount}`,
      ]),
      [`To be paid (${currency})`, invoice.payable],
    ],
  };
}

function correctionName(line: InvoiceCorrection): string {
  const { name, plan, version, month } = line;
  const hours = hoursText(line);
  return `Correction of ${month}${hours === '' ? '' : `, ${hours}`}: ${name} (${plan} ${version})`;
}

function buyerLines({ buyer: digest }: Invoice, buyer: Buyer | undefined): string[] {
  if (!buyer) return digest === undefined ? [] : [ERASED];
  const { name, address, country, taxId, reference } = buyer;
  return [
    ...[name, ...address, country],
    ...(taxId === undefined ? [] : [`Tax id ${taxId}`]),
    ...(reference === undefined ? [] : [`Your reference ${reference}`]),
  ];
}

/** The page as HTML that prints on one column of paper: no script, nothing loaded from elsewhere. */
export function invoiceHtml(page: InvoicePage): string {
  const line = (text: string): string => `<p>${escaped(text)}</p>`;
  const cells = (row: readonly string[], tag: 'td' | 'th'): string =>
    row.map((text) => `<${tag}>${escaped(text)}</${tag}>`).join('');
  const sums = page.sums.map(([name, amount]) => `<tr>${cells([name, '', '', '', amount], 'td')}</tr>`);
  return [
    '<!doctype html><html lang="en"><head><meta charset="utf-8">',
    `<title>${escaped(page.title)}</title><style>${STYLE}</style></head><body>`,
    `<h1>${escaped(page.title)}</h1>`,
    `<section>${page.buyer.map(line).join('')}</section><section>${page.facts.map(line).join('')}</section>`,
    `<table><thead><tr>${cells(page.head, 'th')}</tr></thead>`,
    `<tbody>${page.rows.map((row) => `<tr>${cells(row, 'td')}</tr>`).join('')}</tbody>`,
    `<tfoot>${sums.join('')}</tfoot></table></body></html>\n`,
  ].join('\n');
}

const STYLE = [
  'body{font:14px/1.5 system-ui,sans-serif;max-width:50rem;margin:2rem auto;padding:0 1rem;color:#111}',
  'section{margin:1.5rem 0}p{margin:0}table{width:100%;border-collapse:collapse;margin-top:2rem}',
  'th,td{text-align:right;padding:.4rem .6rem;border-bottom:1px solid #ddd}',
  'th:first-child,td:first-child{text-align:left}tfoot tr:last-child td{font-weight:700;border-bottom:0}',
  'thead{display:table-header-group}tr{break-inside:avoid}@media print{body{margin:0;max-width:none}}',
].join('');

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (found) => ENTITIES[found] ?? found);
}
