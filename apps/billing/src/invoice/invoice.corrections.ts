import { billOf, correctionsOfInvoice, monthSpan, type Invoice, type InvoiceCorrection } from '#libs/domain';
import {
  findBillFacts,
  findChangedMonths,
  findInvoiceBodies,
  sealedAfter,
  type LeasedTx,
  type SealedHour,
} from '#libs/store';

type Issued = Awaited<ReturnType<typeof findInvoiceBodies>>[number];

/** What came late for months that are closed, with its hours; a month whose invoice was taken back stays as it is. */
export async function correctionsIn(tx: LeasedTx, organizationId: string): Promise<InvoiceCorrection[]> {
  const changed = await findChangedMonths(tx, organizationId);
  if (changed.length === 0) return [];
  const issued = await findInvoiceBodies(tx, organizationId);
  const found: InvoiceCorrection[] = [];
  for (const month of changed) {
    const own = issued.filter(({ invoice }) => invoice.month === month);
    if (own.some(({ invoice: { kind } }) => kind === 'credit_note')) continue;
    const { parts } = await findBillFacts(tx, organizationId, month);
    const decimals = parts.at(-1)?.plan.decimals ?? 0;
    const invoiced = own[0]?.invoice ?? { month, lines: [], decimals };
    const already = issued.flatMap(({ invoice }) => invoice.corrections).filter((one) => one.month === month);
    const lines = correctionsOfInvoice(invoiced, billOf(month, parts), already);
    found.push(...(await withHours(tx, organizationId, lines, issued)));
  }
  return found;
}

/** Names the hours of one month's corrections: those sealed since the last invoice that said something of the line. */
async function withHours(
  tx: LeasedTx,
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
