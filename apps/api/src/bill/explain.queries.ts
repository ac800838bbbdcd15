import {
  countIn,
  inForceAt,
  instanceMeterOf,
  ledgerWindowOf,
  monthOf,
  type CountedUsage,
  type RequestShare,
  type WindowCount,
  usageOfShare,
} from '#libs/domain';
import {
  findPlansInForce,
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
import { notFound } from '../call/not-found.js';
import { partOf } from '../call/page.js';
import { iso } from '../call/scalars.js';
import { placeOf } from './cost.view.js';
import { lineOfBill, lineOfWindow, type BilledLine, type LineInput } from './explain.line.js';
import { countsOf, priced } from './explain.priced.js';
import { explainBuilds, explainInstances } from './explain.things.js';
import type { explainedRequestView, explainedWindowView } from './explain.view.js';
import { storedInvoice } from '../invoice/invoice.queries.js';
import { bearersOf, type BornThen } from './window.bearers.js';
import { inOrder, isAsThen, spokeBefore, windowThen, windowsThen } from './windows.then.js';

const HOURS_IN_A_MONTH = 31 * 24;
/** More than there are price zones in an installation. */
const MOST_ZONES = 100;

/** A window that explains a line: what it counts, less what had been counted of it before. */
interface Counted {
  window: UsedWindow;
  less?: CountedUsage | undefined;
}

/**
 * The windows of a minute that a line is the sum of. A fee has none. Of an invoice as it had counted them, whatever came
 * later; of a correction what it changed.
 */
export async function explainLine(
  call: Call,
  input: LineInput,
  page: PageRequest,
): Promise<z.input<typeof explainedWindowView>[]> {
  const { tx, actor, now } = call;
  const { organizationId } = actor;
  const line = await lineOfBill(call, input);
  const windows = await windowsOfLine(tx, organizationId, line, page);
  const first = windows[0];
  const last = windows.at(-1);
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

async function windowsOfLine(
  tx: Tx,
  organizationId: string,
  { count, spans, month, invoice, isCorrection, ...line }: BilledLine,
  { after: id, limit }: PageRequest,
): Promise<Counted[]> {
  if (count === undefined) return [];
  const after = id === undefined ? undefined : windowRef(id);
  const meant = { spans, count };
  if (!invoice || (!isCorrection && (await isAsThen(tx, { organizationId, month, invoice })))) {
    const now = await listUsedWindows(tx, { organizationId, ...meant }, { after, limit });
    return now.map((window) => ({ window }));
  }
  const then = { organizationId, month, invoice };
  const counted = await windowsThen(tx, then, meant);
  const named = { plan: line.plan.id, version: line.plan.version, item: line.item };
  const before = isCorrection ? await spokeBefore(tx, then, named) : undefined;
  const less = before ? await windowsThen(tx, { ...then, invoice: before }, meant) : [];
  const all = isCorrection ? changesOf(counted, less, count) : counted.map((window) => ({ window }));
  const rest =
    after === undefined ? all : all.filter(({ window }) => inOrder(refOfWindow(window), after) > 0);
  return nameAll(tx, organizationId, rest.slice(0, limit));
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

/** The requests, builds or stretches of instances that bear a window's part of a line, in the order in which they began; of an invoice as it had counted them. */
export async function explainWindow(
  call: Call,
  input: { window: string; line: string; invoice?: string | undefined },
  page: PageRequest,
): Promise<z.input<typeof explainedRequestView>[]> {
  const { tx, actor } = call;
  const { organizationId } = actor;
  const ref = windowRef(input.window);
  if (ref.startMs < 0) throw notFound('window');
  const { plan } = inForceAt(await findPlansInForce(tx, organizationId, [ref.startMs]), ref.startMs);
  const { item, count } = lineOfWindow(plan, input.line);
  if (count === undefined) return [];
  const found = await windowOf(call, ref, { count, invoice: input.invoice });
  if (!found) throw notFound('window');
  const { window, then } = found;
  const { projectId, serviceId, revisionId, priceZone } = window;
  const key = { organizationId, projectId, serviceId, revisionId, priceZone, windowStartMs: ref.startMs };
  if (revisionId === '') return explainBuilds(tx, { key: then?.key ?? key, plan, item }, page);
  const meter = instanceMeterOf(plan, item);
  if (meter) return explainInstances(tx, { key, plan, item, meter, window, then }, page);
  const shares = (await bearersOf(tx, key, plan, then)).filter(
    (share) => countIn(usageOfShare(share, window), count) > 0n,
  );
  return partOf(shares, page).map((share) => ({
    id: share.id,
    request: requestOf(share),
    ...countsOf(usageOfShare(share, window)),
    ...(share.billedFromMs === undefined ? {} : { billedFrom: iso(share.billedFromMs) }),
    opened: share.openedMs.map((atMs) => iso(atMs)),
    ...priced({ plan, item }, usageOfShare(share, window)),
  }));
}

/** A window as it is, or as an invoice had counted it. */
async function windowOf(
  call: Call,
  ref: WindowRef,
  { count, invoice }: { count: WindowCount; invoice: string | undefined },
): Promise<{ window: UsedWindow; then?: BornThen } | undefined> {
  const { tx, actor } = call;
  const { organizationId } = actor;
  const { startMs } = ref;
  const stored = invoice === undefined ? undefined : await storedInvoice(call, organizationId, invoice);
  const month = monthOf(startMs);
  if (stored && !(await isAsThen(tx, { organizationId, month, invoice: stored }))) {
    const counted = await windowThen(tx, organizationId, ref, stored);
    return counted && { window: counted.used, then: { key: counted.of.key, carried: counted.carried } };
  }
  const of = { organizationId, spans: [{ startMs, endMs: startMs + 1 }], count };
  const after = { startMs, of: ref.of, priceZone: '' };
  const beside = await listUsedWindows(tx, of, { after, limit: MOST_ZONES });
  const window = beside.find((one) => inOrder(refOfWindow(one), ref) === 0);
  return window && { window };
}

function requestOf({ stream }: RequestShare): string {
  return stream.slice(stream.indexOf(' ') + 1);
}

/** A window's name: its revision (or service), its start, its price zone. */
function windowId(window: UsedWindow): string {
  const { of, startMs, priceZone } = refOfWindow(window);
  return `${of}-${startMs}-${priceZone}`;
}

function windowRef(id: string): WindowRef {
  const [of = '', start = '', ...zone] = id.split('-');
  return { of, startMs: /^\d{1,15}$/.test(start) ? Number(start) : -1, priceZone: zone.join('-') };
}

/** Of the hour in which it lies. What came late is counted, and on the next invoice. */
function stateOf(hour: SeenWindow | undefined) {
  if (!hour) return { state: 'open' as const, corrected: false };
  return { state: hour.state, corrected: (hour.lastPosition ?? 0) > (hour.position ?? Infinity) };
}
