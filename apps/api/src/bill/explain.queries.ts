import {
  costLines,
  countIn,
  inForceAt,
  ledgerWindowOf,
  type CostLine,
  type CountedUsage,
  type PricePlan,
  type RequestShare,
  usageOfShare,
} from '#libs/domain';
import {
  findPlansInForce,
  listLedgerWindows,
  listUsedWindows,
  type PageRequest,
  type SeenWindow,
  type UsedWindow,
  type WindowRef,
} from '#libs/store';
import type { z } from 'zod';
import type { Call } from '../call/call.js';
import { notFound } from '../call/not-found.js';
import { iso } from '../call/scalars.js';
import { placeOf } from './cost.view.js';
import { lineOfBill, lineOfWindow, type LineInput } from './explain.line.js';
import type { explainedRequestView, explainedWindowView } from './explain.view.js';
import { bearersOf } from './window.bearers.js';

const HOURS_IN_A_MONTH = 31 * 24;
/** More than there are price zones in an installation. */
const MOST_ZONES = 100;

/** The windows of a minute that a line is the sum of. A fee has none. */
export async function explainLine(
  call: Call,
  input: LineInput,
  page: PageRequest,
): Promise<z.input<typeof explainedWindowView>[]> {
  const { tx, actor, now } = call;
  const { organizationId } = actor;
  const line = await lineOfBill(call, input);
  if (line.count === undefined) return [];
  const of = { organizationId, spans: line.spans, count: line.count };
  const after = page.after === undefined ? undefined : windowRef(page.after);
  const windows = await listUsedWindows(tx, of, { after, limit: page.limit });
  const first = windows[0];
  const last = windows.at(-1);
  if (!first || !last) return [];
  const span = { fromMs: ledgerWindowOf(first.startMs), toMs: last.startMs + 1 };
  const hours = await listLedgerWindows(
    tx,
    { organizationId, ...span, nowMs: now },
    { limit: HOURS_IN_A_MONTH },
  );
  const byStart = new Map(hours.map((hour) => [hour.startMs, hour]));
  return windows.map((window) => ({
    id: windowId(window),
    start: iso(window.startMs),
    ...placeOf(window),
    ...countsOf(window),
    ...priced(line.plan, line.item, window),
    ...stateOf(byStart.get(ledgerWindowOf(window.startMs))),
  }));
}

/** The requests that bear a window's part of a line, in the order in which they began. */
export async function explainWindow(
  call: Call,
  input: { window: string; line: string },
  page: PageRequest,
): Promise<z.input<typeof explainedRequestView>[]> {
  const { tx, actor } = call;
  const { organizationId } = actor;
  const { startMs, revisionId, priceZone } = windowRef(input.window);
  if (startMs < 0) throw notFound('window');
  const { plan } = inForceAt(await findPlansInForce(tx, organizationId, [startMs]), startMs);
  const { item, count } = lineOfWindow(plan, input.line);
  if (count === undefined) return [];
  const of = { organizationId, spans: [{ startMs, endMs: startMs + 1 }], count };
  const beside = await listUsedWindows(tx, of, {
    after: { startMs, revisionId, priceZone: '' },
    limit: MOST_ZONES,
  });
  const window = beside.find((one) => one.revisionId === revisionId && one.priceZone === priceZone);
  if (!window) throw notFound('window');
  const { projectId, serviceId } = window;
  const key = { organizationId, projectId, serviceId, revisionId, priceZone, windowStartMs: startMs };
  const shares = (await bearersOf(tx, key, plan)).filter(
    (share) => countIn(usageOfShare(share, window), count) > 0n,
  );
  const from = page.after === undefined ? 0 : shares.findIndex(({ id }) => id === page.after) + 1;
  return shares.slice(from, from + page.limit).map((share) => ({
    id: share.id,
    request: requestOf(share),
    ...countsOf(usageOfShare(share, window)),
    opened: share.openedMs.map((atMs) => iso(atMs)),
    ...priced(plan, item, usageOfShare(share, window)),
  }));
}

function requestOf({ stream }: RequestShare): string {
  return stream.slice(stream.indexOf(' ') + 1);
}

/** A window's name: its revision, its start, its price zone. */
function windowId({ revisionId, startMs, priceZone }: UsedWindow): string {
  return `${revisionId}-${startMs}-${priceZone}`;
}

function windowRef(id: string): WindowRef {
  const [revisionId = '', start = '', ...zone] = id.split('-');
  return { revisionId, startMs: /^\d{1,15}$/.test(start) ? Number(start) : -1, priceZone: zone.join('-') };
}

function priced(
  plan: PricePlan,
  item: string,
  used: CountedUsage,
): Pick<CostLine, 'quantity' | 'unit' | 'rate' | 'currency' | 'amount'> {
  const line = costLines([{ plan, used }]).find((one) => one.item === item);
  const unit = plan.items.find(({ id }) => id === item)?.unit ?? '';
  const { quantity = '0', rate = '0', amount = '0' } = line ?? {};
  return { quantity, unit, rate, currency: plan.currency, amount };
}

function countsOf({ requests, blocks, perRequestUnits, responseBytes }: CountedUsage) {
  return {
    requests: String(requests),
    blocks: String(blocks),
    perRequestUnits: String(perRequestUnits),
    responseBytes: String(responseBytes),
  };
}

/** Of the hour in which it lies. What came late is counted, and on the next invoice. */
function stateOf(hour: SeenWindow | undefined) {
  if (!hour) return { state: 'open' as const, corrected: false };
  return { state: hour.state, corrected: (hour.lastPosition ?? 0) > (hour.position ?? Infinity) };
}
