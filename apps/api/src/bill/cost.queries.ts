import {
  costLines,
  costTotals,
  inForceAt,
  ledgerWindowOf,
  monthOf,
  namedAdjustments,
  usageOfShare,
  windowStart,
  windowsOf,
  LEDGER_WINDOW_MS,
  type NamedAdjustment,
  type PlannedUsage,
} from '#libs/domain';
import { findPlansInForce, findRequest, listLedgerWindows, type RequestRecord } from '#libs/store';
import type { z } from 'zod';
import type { Call } from '../call/call.js';
import { notFound } from '../call/not-found.js';
import { iso } from '../call/scalars.js';
import { readBillItems } from './bill.queries.js';
import { placeOf, type requestCostView } from './cost.view.js';
import { bearersOf } from './window.bearers.js';

/** A stream is at most an hour long (its timeout), so it lies in so many hours. */
const MOST_HOURS = 10;

const MINUTE_MS = 60_000;
/** Where a request is looked for: what has just ended first. A stream says every minute that it goes on. */
const LATELY = [3 * MINUTE_MS, 60 * MINUTE_MS];
/** How far off the time may be that a client says. */
const ABOUT_MS = 3 * MINUTE_MS;

interface CostInput {
  request: string;
  at?: string | undefined;
}

/** What a request bears of one window. */
interface Borne extends PlannedUsage {
  windowStartMs: number;
  openedMs: readonly number[];
  billedFromMs?: number | undefined;
}

/** What a request costs at list price: the blocks it opened, itself, and what it sent. */
export async function readRequestCost(
  call: Call,
  input: CostInput,
): Promise<z.input<typeof requestCostView>> {
  const { request } = input;
  const records = await recordsOf(call, input);
  const first = records[0];
  const last = records.at(-1);
  if (!first || !last)
    throw notFound('request', 'Say when it ran with `at`, when that was more than an hour ago.');
  const borne = await borneBy(call, records);
  const lines = costLines(borne);
  const billedFromMs = Math.max(...borne.map((one) => one.billedFromMs ?? 0));
  return {
    id: request,
    ...placeOf(first),
    start: iso(first.startMs),
    end: iso(Math.max(...records.map(({ endMs }) => endMs))),
    ended: last.last,
    status: last.status,
    billable: records.some(({ billable }) => billable),
    ...(last.notBillableReason === undefined ? {} : { notBillableReason: last.notBillableReason }),
    provisional: await isProvisional(call, first.startMs, last.endMs),
    ...(billedFromMs > 0 ? { billedFrom: iso(billedFromMs) } : {}),
    opened: borne.flatMap(({ openedMs }) => openedMs.map((atMs) => iso(atMs))),
    lines,
    totals: costTotals(lines),
    adjustments: await adjustmentsOf(call, borne),
  };
}

/** Month by month: a line of a bill is named only where the request has a part in it in that month. */
async function adjustmentsOf(call: Call, borne: readonly Borne[]): Promise<NamedAdjustment[]> {
  const named: NamedAdjustment[] = [];
  for (const [month, own] of Map.groupBy(borne, ({ windowStartMs }) => monthOf(windowStartMs)))
    named.push(...namedAdjustments({ month, items: await readBillItems(call, month) }, costLines(own)));
  return named;
}

async function recordsOf({ tx, actor, now }: Call, { request, at }: CostInput): Promise<RequestRecord[]> {
  const of = { organizationId: actor.organizationId, requestId: request };
  const asked = at === undefined ? undefined : Date.parse(at);
  const spans =
    asked === undefined
      ? LATELY.map((ms) => ({ startMs: now - ms, endMs: now + MINUTE_MS }))
      : [{ startMs: asked - ABOUT_MS, endMs: asked + ABOUT_MS }];
  for (const span of spans) {
    const records = await findRequest(tx, of, span);
    if (records.length > 0) return records;
  }
  return [];
}

/** Window by window, so that only one is held at a time; each in the zone in which its records were counted. */
async function borneBy({ tx, actor }: Call, records: readonly RequestRecord[]): Promise<Borne[]> {
  const { organizationId } = actor;
  const reached = windowsReached(records);
  if (reached.length === 0) return [];
  const starts = reached.map(({ windowStartMs }) => windowStartMs);
  const plans = await findPlansInForce(tx, organizationId, starts);
  const borne: Borne[] = [];
  for (const { windowStartMs, revisionId, record } of reached) {
    const { projectId, serviceId, priceZone, stream: own } = record;
    const key = { organizationId, projectId, serviceId, revisionId, priceZone, windowStartMs };
    const { plan } = inForceAt(plans, windowStartMs);
    const share = (await bearersOf(tx, key, plan)).find(({ stream }) => stream === own);
    if (!share) continue;
    const { openedMs, billedFromMs } = share;
    borne.push({ windowStartMs, plan, used: usageOfShare(share, record), openedMs, billedFromMs });
  }
  return borne;
}

interface Reached {
  windowStartMs: number;
  revisionId: string;
  /** One that reaches into it. */
  record: RequestRecord;
}

/** The windows that billable records reach into, by time and zone, each once. */
function windowsReached(records: readonly RequestRecord[]): Reached[] {
  const found = new Map<string, Reached>();
  for (const record of records) {
    const { billable, revisionId, priceZone } = record;
    if (!billable || revisionId === undefined) continue;
    for (const windowStartMs of windowsOf(record))
      found.set(`${windowStartMs} ${priceZone}`, { windowStartMs, revisionId, record });
  }
  return [...found.values()].sort((a, b) => a.windowStartMs - b.windowStartMs);
}

/** Until every hour in which it could open a block is closed, late records may change who bears what. */
async function isProvisional({ tx, actor, now }: Call, startMs: number, endMs: number): Promise<boolean> {
  const [fromMs, toMs] = [ledgerWindowOf(windowStart(startMs)), ledgerWindowOf(endMs - 1) + LEDGER_WINDOW_MS];
  const of = { organizationId: actor.organizationId, fromMs, toMs, nowMs: now };
  const hours = await listLedgerWindows(tx, of, { limit: MOST_HOURS });
  return hours.length === 0 || hours.some(({ state }) => state === 'open' || state === 'grace');
}
