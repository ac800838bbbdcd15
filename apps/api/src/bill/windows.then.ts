import { countIn, monthOf, monthSpan, type BillPeriod, type WindowCount } from '#libs/domain';
import {
  findBillPeriods,
  hasChangedSince,
  listInvoices,
  refOfWindow,
  type StoredInvoice,
  type Tx,
  type UsedWindow,
  type WindowRef,
} from '#libs/store';
import { replayWindows, type CountedAgain, type ReplaySpan } from './replay.usage.js';

/** More than there are invoices between a month's own one and the last that corrects it. */
const MOST_INVOICES = 100;

/** A month of which is asked what an invoice had counted of it. */
export interface MonthThen {
  organizationId: string;
  month: string;
  invoice: Pick<StoredInvoice, 'invoice' | 'position'>;
}

/** Which windows are meant. */
export interface MeantWindows {
  spans: readonly { startMs: number; endMs: number }[];
  count: WindowCount;
}

/** A month, and what of its usage an invoice had counted: up to a position of the intake, or what was settled by then. */
export function spanThen({ organizationId, month, invoice }: MonthThen): ReplaySpan {
  const { startMs: fromMs, endMs: toMs } = monthSpan(month);
  const { position, invoice: document } = invoice;
  return { organizationId, fromMs, toMs, settledAt: Date.parse(document.issuedAt), position };
}

/** Whether the windows of the month say now what they said then. */
export async function isAsThen(tx: Tx, then: MonthThen): Promise<boolean> {
  const { position, ...span } = spanThen(then);
  return position !== undefined && !(await hasChangedSince(tx, span, position));
}

/** Windows of a month as an invoice had counted them, from raw records; by start, revision and zone. */
export async function windowsThen(tx: Tx, then: MonthThen, meant: MeantWindows): Promise<UsedWindow[]> {
  const found: UsedWindow[] = [];
  for await (const one of countedThen(tx, then)) {
    const window = windowOf(one);
    if (isMeant(window, meant)) found.push(window);
  }
  return found.sort((a, b) => inOrder(refOfWindow(a), refOfWindow(b)));
}

/** One window as an invoice had counted it, with the blocks that were open before it. */
export async function windowThen(
  tx: Tx,
  organizationId: string,
  ref: WindowRef,
  invoice: MonthThen['invoice'],
): Promise<(CountedAgain & { used: UsedWindow }) | undefined> {
  const month = monthOf(ref.startMs);
  for await (const one of countedThen(tx, { organizationId, month, invoice })) {
    const used = windowOf(one);
    if (inOrder(refOfWindow(used), ref) === 0) return { ...one, used };
  }
  return undefined;
}

/** The invoice that stood then and last spoke of a line of a month before this one did; what it had counted is corrected. */
export async function spokeBefore(
  tx: Tx,
  { organizationId, month, invoice: { invoice } }: MonthThen & { invoice: StoredInvoice },
  line: { plan: string; version: number; item: string },
): Promise<StoredInvoice | undefined> {
  const all = await listInvoices(tx, organizationId, { limit: MOST_INVOICES });
  const older = all.filter((one) => one.invoice.issuedAt < invoice.issuedAt);
  const known = new Set(older.map(({ invoice: { number } }) => number));
  return older.find(
    ({ invoice: one, voidedBy }) =>
      one.kind === 'invoice' &&
      (voidedBy === undefined || !known.has(voidedBy)) &&
      (one.month === month ||
        one.corrections.some(
          (said) =>
            said.month === month &&
            said.plan === line.plan &&
            said.version === line.version &&
            said.item === line.item,
        )),
  );
}

/** By start, revision (or service) and zone. */
export function inOrder(a: WindowRef, b: WindowRef): number {
  return a.startMs - b.startMs || order(a.of, b.of) || order(a.priceZone, b.priceZone);
}

const order = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

async function* countedThen(tx: Tx, then: MonthThen): AsyncGenerator<CountedAgain> {
  const periods: BillPeriod[] = await findBillPeriods(tx, then.organizationId, then.month);
  yield* replayWindows(tx, spanThen(then), periods);
}

function isMeant(window: UsedWindow, { spans, count }: MeantWindows): boolean {
  const { startMs } = window;
  return countIn(window, count) > 0n && spans.some((span) => startMs >= span.startMs && startMs < span.endMs);
}

function windowOf({ of: { key, size }, window }: CountedAgain): UsedWindow {
  const { requests, blocks, perRequestUnits, responseBytes, metered } = window;
  const { windowStartMs: startMs, projectId, serviceId, revisionId } = key;
  return {
    ...{ startMs, projectId, serviceId, revisionId, ...size },
    ...{ requests, blocks, perRequestUnits, responseBytes, metered },
  };
}
