import { countIn, ledgerWindowOf, type CountedUsage, type WindowCount } from '#libs/domain';
import {
  listLedgerWindows,
  listUsedWindows,
  refOfWindow,
  withNames,
  type PageRequest,
  type SeenWindow,
  type Tx,
  type UsedWindow,
  type WindowRef,
} from '#libs/store';
import type { z } from 'zod';
import type { Call } from '../call/call.js';
import { iso } from '../call/scalars.js';
import { placeOf } from './cost.view.js';
import { lineOfBill, type BilledLine, type LineInput } from './explain.line.js';
import { countsOf, priced } from './explain.priced.js';
import { explainedWindowView } from './explain.view.js';
import { inOrder, isAsThen, spokeBefore, windowsThen } from './windows.then.js';

const HOURS_IN_A_MONTH = 31 * 24;
/** Windows of a whole line that are told of in one transaction. */
const PART = 1_000;

type Shown = z.input<typeof explainedWindowView>;

/** A window that explains a line: what it counts, less what had been counted of it before. */
interface Counted {
  window: UsedWindow;
  less?: CountedUsage | undefined;
}

/** Runs a reading in a short transaction of its own, bound to the organization. */
type Reading = <T>(work: (call: Call) => Promise<T>) => Promise<T>;

/**
 * A page of the windows of a minute that a line is the sum of. A fee has none. Of an invoice as it had counted them, whatever came
 * later; of a correction what it changed.
 */
export async function explainLine(call: Call, input: LineInput, page: PageRequest): Promise<Shown[]> {
  const line = await lineOfBill(call, input);
  const then = await countedThen(call, line);
  const after = page.after === undefined ? undefined : windowRef(page.after);
  const behind = ({ window }: Counted): boolean =>
    after === undefined || inOrder(refOfWindow(window), after) > 0;
  const windows = then
    ? then.filter(behind).slice(0, page.limit)
    : await countedNow(call, line, { after, limit: page.limit });
  return shown(call, line, windows);
}

/**
 * All of them, one JSON object a line: what an invoice had counted is counted again once, and not for each page.
 * @throws as explainLine, before there is anything to read
 */
export async function explainedLines(read: Reading, input: LineInput): Promise<AsyncGenerator<Uint8Array>> {
  const { line, then } = await read(async (call) => {
    const meant = await lineOfBill(call, input);
    return { line: meant, then: await countedThen(call, meant) };
  });
  return linesOf(read, line, then ? partsOf(then) : partsNow(read, line));
}

async function* linesOf(
  read: Reading,
  line: BilledLine,
  parts: AsyncIterable<Counted[]> | Iterable<Counted[]>,
): AsyncGenerator<Uint8Array> {
  const encoder = new TextEncoder();
  for await (const part of parts) {
    const rows = await read((call) => shown(call, line, part));
    const lines = rows.map((row) => `${JSON.stringify(explainedWindowView.parse(row))}\n`);
    yield encoder.encode(lines.join(''));
  }
}

function* partsOf(all: readonly Counted[]): Generator<Counted[]> {
  for (let from = 0; from < all.length; from += PART) yield all.slice(from, from + PART);
}

async function* partsNow(read: Reading, line: BilledLine): AsyncGenerator<Counted[]> {
  let after: WindowRef | undefined;
  for (;;) {
    const part = await read((call) => countedNow(call, line, { after, limit: PART }));
    const last = part.at(-1);
    if (!last) return;
    yield part;
    after = refOfWindow(last.window);
  }
}

/** As billing counts them now, behind one of them. */
async function countedNow(
  { tx, actor }: Call,
  { count, spans }: BilledLine,
  page: { after: WindowRef | undefined; limit: number },
): Promise<Counted[]> {
  if (count === undefined) return [];
  const { organizationId } = actor;
  const windows = await listUsedWindows(tx, { organizationId, spans, count }, page);
  return windows.map((window) => ({ window }));
}

/** All of them as an invoice had counted them, or what it changed; undefined where they say the same now. */
async function countedThen(
  { tx, actor }: Call,
  { count, spans, month, invoice, isCorrection, plan, item }: BilledLine,
): Promise<Counted[] | undefined> {
  if (count === undefined || !invoice) return undefined;
  const { organizationId } = actor;
  const then = { organizationId, month, invoice };
  if (!isCorrection && (await isAsThen(tx, then))) return undefined;
  const meant = { spans, count };
  const counted = await windowsThen(tx, then, meant);
  if (!isCorrection) return counted.map((window) => ({ window }));
  const named = { plan: plan.id, version: plan.version, item };
  const before = await spokeBefore(tx, then, named);
  const less = before ? await windowsThen(tx, { ...then, invoice: before }, meant) : [];
  return changesOf(counted, less, count);
}

/** Windows of which something else is counted than before; those that are gone, too. */
function changesOf(now: readonly UsedWindow[], before: readonly UsedWindow[], count: WindowCount): Counted[] {
  const was = new Map(before.map((window) => [windowId(window), window]));
  const is = new Set(now.map(windowId));
  const gone = before.filter((window) => !is.has(windowId(window)));
  return [
    ...now.map((window) => ({ window, less: was.get(windowId(window)) })),
    ...gone.map((less) => ({ window: { ...less, ...NOTHING_COUNTED }, less })),
  ]
    .filter(({ window, less }) => !less || countIn(window, count) !== countIn(less, count))
    .sort((a, b) => inOrder(refOfWindow(a.window), refOfWindow(b.window)));
}

const NOTHING_COUNTED = {
  ...{ requests: 0n, blocks: 0n, perRequestUnits: 0n, responseBytes: 0n },
  metered: undefined,
};

async function nameAll(tx: Tx, organizationId: string, list: readonly Counted[]): Promise<Counted[]> {
  const windows = await withNames(
    tx,
    organizationId,
    list.map(({ window }) => window),
  );
  return list.map((one, i) => ({ ...one, window: windows[i] ?? one.window }));
}

async function shown(
  { tx, actor, now }: Call,
  line: BilledLine,
  counted: readonly Counted[],
): Promise<Shown[]> {
  const { organizationId } = actor;
  const windows = await nameAll(tx, organizationId, counted);
  const [first, last] = [windows[0], windows.at(-1)];
  if (!first || !last) return [];
  const span = { fromMs: ledgerWindowOf(first.window.startMs), toMs: last.window.startMs + 1 };
  const hours = await listLedgerWindows(
    tx,
    { organizationId, ...span, nowMs: now },
    { limit: HOURS_IN_A_MONTH },
  );
  const byStart = new Map(hours.map((hour) => [hour.startMs, hour]));
  return windows.map(({ window, less }) => ({
    id: windowId(window),
    start: iso(window.startMs),
    ...placeOf(window),
    ...countsOf(window, less),
    ...priced(line, window, less),
    ...stateOf(byStart.get(ledgerWindowOf(window.startMs))),
  }));
}

/** A window's name: its revision (or service), its start, its price zone. */
function windowId(window: UsedWindow): string {
  const { of, startMs, priceZone } = refOfWindow(window);
  return `${of}-${startMs}-${priceZone}`;
}

export function windowRef(id: string): WindowRef {
  const [of = '', start = '', ...zone] = id.split('-');
  return { of, startMs: /^\d{1,15}$/.test(start) ? Number(start) : -1, priceZone: zone.join('-') };
}

/** Of the hour in which it lies. What came late is counted, and on the next invoice. */
function stateOf(hour: SeenWindow | undefined) {
  if (!hour) return { state: 'open' as const, corrected: false };
  return { state: hour.state, corrected: (hour.lastPosition ?? 0) > (hour.position ?? Infinity) };
}
