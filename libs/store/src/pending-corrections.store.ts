import {
  billOf,
  correctionsOfInvoice,
  monthSpan,
  type Invoice,
  type InvoiceCorrection,
  type InvoicedAdjustment,
} from '#libs/domain';
import { invoicedAdjustments, nextMonth, pendingAdjustments } from './adjustment.store.js';
import { findBillFacts } from './bill.store.js';
import { findChangedMonths, findInvoiceBodies, type StoredInvoice } from './invoice.store.js';
import { sealedAfter, type SealedHour } from './ledger-seal.store.js';
import type { Tx } from './statement.js';

type Issued = Awaited<ReturnType<typeof findInvoiceBodies>>[number];

/** Corrections that no invoice has asked for, in the currency of the months that they correct. */
export interface PendingCorrections {
  currency: string;
  /** Places of the currency. */
  decimals: number;
  /** By month. */
  lines: InvoiceCorrection[];
}

/**
 * What came late for months that are closed, with its hours, by currency; a month whose invoice was taken back stays as it is.
 * Bound to the organization, or as the system.
 */
export async function pendingCorrections(tx: Tx, organizationId: string): Promise<PendingCorrections[]> {
  const changed = await findChangedMonths(tx, organizationId);
  if (changed.length === 0) return [];
  const issued = await findInvoiceBodies(tx, organizationId);
  const found = new Map<string, PendingCorrections>();
  for (const month of changed) {
    const { currency, decimals, lines } = await correctionsOf(tx, organizationId, month, issued);
    if (lines.length === 0) continue;
    const before = found.get(currency)?.lines ?? [];
    found.set(currency, { currency, decimals, lines: [...before, ...lines] });
  }
  return [...found.values()];
}

/** What an invoice asks for besides the usage of its month. */
export interface AskedBesides {
  adjustments: readonly InvoicedAdjustment[];
  corrections: readonly InvoiceCorrection[];
}

/** What a month's invoice asked for besides its usage, or what it will when it is the next one; in the currency of its bill. */
export async function askedBesides(
  tx: Tx,
  organizationId: string,
  { month, stored }: { month: string; stored: StoredInvoice | undefined },
  money: { currency: string; decimals: number } | undefined,
): Promise<AskedBesides> {
  if (stored) {
    const { adjustments = [], corrections } = stored.invoice;
    return { adjustments, corrections };
  }
  if (!money || (await nextMonth(tx, organizationId)) !== month) return { adjustments: [], corrections: [] };
  const { currency, decimals } = money;
  const adjusted = (await pendingAdjustments(tx, organizationId)).get(currency) ?? [];
  const pending = await pendingCorrections(tx, organizationId);
  const own = pending.find((one) => one.currency === currency);
  return { adjustments: invoicedAdjustments(adjusted, decimals), corrections: own?.lines ?? [] };
}

async function correctionsOf(
  tx: Tx,
  organizationId: string,
  month: string,
  issued: readonly Issued[],
): Promise<PendingCorrections> {
  const { parts } = await findBillFacts(tx, organizationId, month);
  const bill = billOf(month, parts);
  const { currency } = bill;
  const decimals = parts.at(-1)?.plan.decimals ?? 0;
  // beside the month's own there may be one in another currency, of corrections alone
  const own = issued.filter(({ invoice }) => invoice.month === month && invoice.currency === currency);
  if (own.some(({ invoice: { kind } }) => kind === 'credit_note')) return { currency, decimals, lines: [] };
  const invoiced = own[0]?.invoice ?? { month, lines: [], decimals };
  const already = issued.flatMap(({ invoice }) => invoice.corrections).filter((one) => one.month === month);
  const lines = correctionsOfInvoice(invoiced, bill, already);
  return { currency, decimals, lines: await withHours(tx, organizationId, lines, issued) };
}

/** Names the hours of one month's corrections: those sealed since the last invoice that said something of the line. */
async function withHours(
  tx: Tx,
  organizationId: string,
  lines: readonly InvoiceCorrection[],
  issued: readonly Issued[],
): Promise<InvoiceCorrection[]> {
  const [first] = lines;
  if (!first) return [];
  const { startMs: fromMs, endMs: toMs } = monthSpan(first.month);
  const since = lines.map((line) => saidUpTo(line, issued));
  const least = Math.min(...since.map((seal) => seal ?? Infinity));
  const hours = least === Infinity ? [] : await sealedAfter(tx, organizationId, { fromMs, toMs }, least);
  return lines.map((line, i) => ({ ...line, ...hoursOf(line, hours, since[i]) }));
}

/** The last seal when an invoice that stands last spoke of the line; 0 when none did, undefined when it is not known. */
function saidUpTo(line: InvoiceCorrection, issued: readonly Issued[]): number | undefined {
  const takenBack = new Set(issued.map(({ invoice: { voids } }) => voids));
  const spoke = issued.filter(
    ({ invoice }) => !takenBack.has(invoice.number) && invoice.kind === 'invoice' && speaksOf(invoice, line),
  );
  if (spoke.length === 0) return 0;
  const seals = spoke.flatMap(({ seal }) => seal ?? []);
  return seals.length === 0 ? undefined : Math.max(...seals);
}

function speaksOf({ month, corrections }: Invoice, line: InvoiceCorrection): boolean {
  return month === line.month || corrections.some((one) => one.month === line.month && isSame(one, line));
}

/** Where the item itself did not change, another one used up what its grant or tiers left: then all hours that changed. */
function hoursOf(
  line: InvoiceCorrection,
  all: readonly SealedHour[],
  since: number | undefined,
): Pick<InvoiceCorrection, 'hours'> {
  if (since === undefined) return {};
  const later = all.filter(({ seal }) => seal > since);
  const own = later.filter((hour) => isSame(hour, line));
  const starts = new Set((own.length > 0 ? own : later).map(({ startMs }) => startMs));
  return starts.size === 0 ? {} : { hours: [...starts].map((ms) => new Date(ms).toISOString()) };
}

type ItemKey = Pick<InvoiceCorrection, 'plan' | 'version' | 'item'>;

function isSame(a: ItemKey, b: ItemKey): boolean {
  return a.plan === b.plan && a.version === b.version && a.item === b.item;
}
