import type { Invoice } from './invoice.js';

const COLUMNS = [
  ...['number', 'kind', 'organization', 'month', 'type', 'correctedMonth', 'plan', 'version', 'item', 'name'],
  ...['quantity', 'unit', 'rate', 'list', 'amount', 'charged', 'currency', 'correctedHours'],
] as const;

type Row = Partial<Record<(typeof COLUMNS)[number], string | number>>;

/** An invoice as CSV (RFC 4180): a head, a line of each kind of thing it asks for, and the sums. */
export function invoiceCsv(invoice: Invoice): string {
  const { number, kind, organization, month, currency } = invoice;
  const of = { number, kind, organization, month, currency };
  const rows: Row[] = [
    ...invoice.lines.map((line) => ({ type: 'usage', ...line })),
    ...invoice.corrections.map(({ month: correctedMonth, hours = [], ...line }) => {
      return { type: 'correction', correctedMonth, ...line, correctedHours: hours.join(' ') };
    }),
    ...(invoice.adjustments ?? []).map(({ id: item, madeAt, charged }) => {
      return { type: 'adjustment', item, name: `Adjustment of ${madeAt.slice(0, 10)}`, charged };
    }),
    { type: 'subtotal', charged: invoice.subtotal },
    ...invoice.taxes.map(({ name, percent, base, amount }) => {
      return { type: 'tax', name, rate: `${percent} %`, list: base, charged: amount };
    }),
    { type: 'gross', charged: invoice.gross },
    ...invoice.credits.map(({ id, kind: name, amount }) => ({
      type: 'credit',
      item: id,
      name,
      charged: back(amount),
    })),
    { type: 'payable', charged: invoice.payable },
  ];
  return csvOf(
    COLUMNS,
    rows.map((row) => ({ ...row, ...of })),
  );
}

/** Rows under a head; a column that a row does not have is empty. */
export function csvOf<C extends string>(
  columns: readonly C[],
  rows: readonly Partial<Record<C, unknown>>[],
): string {
  const lines = [
    columns.join(','),
    ...rows.map((row) => columns.map((column) => cell(row[column])).join(',')),
  ];
  return lines.map((line) => `${line}\r\n`).join('');
}

/** Quoted where it must be; what a spreadsheet would run as a formula is made text. */
function cell(value: unknown): string {
  if (value === undefined) return '';
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  const isNumber = /^-?\d+(\.\d+)?$/.test(text);
  const safe = !isNumber && /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

function back(amount: string): string {
  return amount.startsWith('-') ? amount.slice(1) : `-${amount}`;
}
