import { HOUR_MS } from '../month.js';
import { add, formatDecimal, parseDecimal, sum, type Decimal } from '../price/decimal.js';
import type { InvoicedAdjustment } from './adjustment.js';
import type { Bill, BillAdjustment } from './bill.js';
import type { InvoiceCorrection } from './correction.js';
import type { Credit } from './credit.js';
import { settle, type BillTax } from './settlement.js';
import type { TaxLine } from './terms.js';

/** One price item of one version of a plan in the month, rounded once. Decimals as text. */
export interface InvoiceLine {
  plan: string;
  version: number;
  item: string;
  name: string;
  unit: string;
  rate: string;
  quantity: string;
  /** At list price, exact. */
  list: string;
  adjustments: BillAdjustment[];
  /** Exact. */
  amount: string;
  /** What is asked for it: the amount, rounded half-up. */
  charged: string;
}

/** What an organization is asked for, once and for all. Ids and numbers; the buyer is named by a digest only. */
export interface Invoice {
  schemaVersion: 1;
  kind: 'invoice' | 'credit_note';
  number: string;
  /** Of a credit note: the number of the invoice that it takes back. */
  voids?: string;
  organization: string;
  month: string;
  currency: string;
  /** Places of the currency. */
  decimals: number;
  issuedAt: string;
  /** When it is past due. */
  dueAt: string;
  /** Digest of the buyer's block as it stood when this was issued. */
  buyer?: string;
  /** Who sells, by the name that the installation had when this was issued; absent when it had said none. */
  seller?: string;
  lines: InvoiceLine[];
  corrections: InvoiceCorrection[];
  /** Absent when there is none. */
  adjustments?: InvoicedAdjustment[];
  /** Sum of lines, corrections and adjustments. */
  subtotal: string;
  taxes: BillTax[];
  gross: string;
  credits: { id: string; kind: Credit['kind']; amount: string }[];
  payable: string;
}

/** What is said of an invoice when it is made. */
export interface InvoiceHead {
  number: string;
  organization: string;
  issuedAt: string;
  dueAt: string;
  buyer?: string;
  seller?: string;
}

/** What a bill comes to as an invoice: items that were used, corrections of former ones in its currency, taxes, credits. */
export function invoiceOf(
  bill: Pick<Bill, 'month' | 'currency' | 'items'>,
  head: InvoiceHead,
  facts: {
    decimals: number;
    taxes: readonly TaxLine[];
    credits: readonly Credit[];
    corrections: readonly InvoiceCorrection[];
    adjustments?: readonly InvoicedAdjustment[];
  },
): Invoice {
  const { month, currency } = bill;
  const { decimals, corrections, adjustments = [] } = facts;
  const { number, organization, issuedAt, dueAt, buyer, seller } = head;
  const lines = linesOf(bill);
  const subtotal = formatDecimal(
    sum([...lines, ...corrections, ...adjustments].map(({ charged }) => parseDecimal(charged))),
    decimals,
  );
  const { taxes, gross, credits, payable } = settle(subtotal, { month, currency, decimals }, facts);
  return {
    ...{
      schemaVersion: 1,
      kind: 'invoice',
      number,
      organization,
      month,
      currency,
      decimals,
      issuedAt,
      dueAt,
    },
    ...(buyer === undefined ? {} : { buyer }),
    ...(seller === undefined ? {} : { seller }),
    ...{ lines, corrections: [...corrections] },
    ...(adjustments.length === 0 ? {} : { adjustments: [...adjustments] }),
    ...{ subtotal, taxes, gross },
    credits: credits.map(({ id, kind, amount }) => ({ id, kind, amount })),
    payable,
  };
}

/** Takes an invoice back, line by line: together they come to nothing. */
export function creditNoteOf(
  invoice: Invoice,
  { number, issuedAt }: Pick<InvoiceHead, 'number' | 'issuedAt'>,
): Invoice {
  const back = (text: string): string => negated(text, invoice.decimals);
  const { adjustments } = invoice;
  return {
    ...invoice,
    ...{ kind: 'credit_note', number, voids: invoice.number, issuedAt, dueAt: issuedAt },
    lines: invoice.lines.map((line) => ({
      ...line,
      quantity: negatedRatio(line.quantity),
      list: negatedRatio(line.list),
      adjustments: line.adjustments.map((by) => ({ ...by, amount: negatedRatio(by.amount) })),
      amount: negatedRatio(line.amount),
      charged: back(line.charged),
    })),
    corrections: invoice.corrections.map((line) => ({ ...line, charged: back(line.charged) })),
    ...(adjustments && { adjustments: adjustments.map((one) => ({ ...one, charged: back(one.charged) })) }),
    subtotal: back(invoice.subtotal),
    taxes: invoice.taxes.map((tax) => ({ ...tax, base: back(tax.base), amount: back(tax.amount) })),
    gross: back(invoice.gross),
    credits: invoice.credits.map((credit) => ({ ...credit, amount: back(credit.amount) })),
    payable: back(invoice.payable),
  };
}

/**
 * What brings a month that is invoiced to what it comes to now: charged again - charged already, by line.
 * @param already corrections of that month on other invoices
 */
export function correctionsOfInvoice(
  invoiced: Pick<Invoice, 'month' | 'lines' | 'decimals'>,
  again: Bill,
  already: readonly InvoiceCorrection[],
): InvoiceCorrection[] {
  const known: readonly (LineKey & { name: string })[] = [...already, ...invoiced.lines, ...linesOf(again)];
  const lines = new Map(known.map((line) => [keyOf(line), line]));
  return [...lines.values()].flatMap(({ plan, version, item, name }) => {
    const own = <T extends LineKey>(list: readonly T[]): T[] =>
      list.filter((line) => keyOf(line) === keyOf({ plan, version, item }));
    const paid = sum([...own(invoiced.lines), ...own(already)].map(({ charged }) => parseDecimal(charged)));
    const owed = sum(own(linesOf(again)).map(({ charged }) => parseDecimal(charged)));
    const missing = minus(owed, paid);
    if (missing.units === 0n) return [];
    const charged = formatDecimal(missing, invoiced.decimals);
    return [{ month: invoiced.month, plan, version, item, name, charged }];
  });
}

/** The hours of a correction on one line: how many, from the first to the end of the last, UTC. */
export function hoursText({ hours = [] }: Pick<InvoiceCorrection, 'hours'>): string {
  const [first, last] = [hours[0], hours.at(-1)];
  if (first === undefined || last === undefined) return '';
  const text = (ms: number): string => `${new Date(ms).toISOString().slice(0, 16)}Z`;
  const span = `${text(Date.parse(first))} to ${text(Date.parse(last) + HOUR_MS)}`;
  return hours.length === 1 ? span : `${hours.length} hours from ${span}`;
}

type LineKey = Pick<InvoiceLine, 'plan' | 'version' | 'item'>;

function keyOf({ plan, version, item }: LineKey): string {
  return `${plan} ${version} ${item}`;
}

/** Items that nothing was used of are no lines. */
function linesOf({ items }: Pick<Bill, 'items'>): InvoiceLine[] {
  return items
    .filter(({ quantity }) => quantity !== '0')
    .map(({ rounded, ...line }) => ({ ...line, charged: rounded }));
}

function minus(a: Decimal, b: Decimal): Decimal {
  return add(a, { ...b, units: -b.units });
}

function negated(text: string, decimals: number): string {
  const value = parseDecimal(text);
  return formatDecimal({ ...value, units: -value.units }, decimals);
}

/** An exact decimal, or a fraction like `29/31`. */
function negatedRatio(text: string): string {
  if (text === '0') return text;
  return text.startsWith('-') ? text.slice(1) : `-${text}`;
}
