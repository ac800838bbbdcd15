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
  type CostLine,
  type NamedAdjustment,
  type PlannedUsage,
} from '#libs/domain';
import { findPlansInForce, findRequest, listLedgerWindows, type RequestRecord } from '#libs/store';
import type { z } from 'zod';
import type { Call } from '../call/call.js';
import { notFound } from '../call/not-found.js';
import { iso } from '../call/scalars.js';
import { readBill } from './bill.queries.js';
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
  const { used, opened, months } = await usedBy(call, records);
  const lines = costLines(used);
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
    opened: opened.map((atMs) => iso(atMs)),
    lines,
    totals: costTotals(lines),
    adjustments: await adjustmentsOf(call, months, lines),
  };
}

async function adjustmentsOf(
  call: Call,
  months: readonly string[],
  lines: readonly CostLine[],
): Promise<NamedAdjustment[]> {
  const named: NamedAdjustment[] = [];
  for (const month of months) named.push(...namedAdjustments(await readBill(call, { month }), lines));
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

/** Window by window, so that only one is held at a time. */
async function usedBy(
  { tx, actor }: Call,
  records: readonly RequestRecord[],
): Promise<{ used: PlannedUsage[]; opened: number[]; months: string[] }> {
  const billable = records.filter((one) => one.billable && one.revisionId !== undefined);
  const used: PlannedUsage[] = [];
  const opened: number[] = [];
  const first = billable[0];
  if (!first) return { used, opened, months: [] };
  const windows = [...new Set(billable.flatMap(windowsOf))].sort((a, b) => a - b);
  const plans = await findPlansInForce(tx, actor.organizationId, windows);
  const { organizationId } = actor;
  const { projectId, serviceId, revisionId = '', priceZone } = first;
  for (const windowStartMs of windows) {
    const key = { organizationId, projectId, serviceId, revisionId, priceZone, windowStartMs };
    const { plan } = inForceAt(plans, windowStartMs);
    const share = (await bearersOf(tx, key, plan)).find(({ stream }) => stream === first.stream);
    if (!share) continue;
    used.push({ plan, used: usageOfShare(share, first) });
    opened.push(...share.openedMs);
  }
  return { used, opened, months: [...new Set(windows.map(monthOf))] };
}

/** Until every hour in which it could open a block is closed, late records may change who bears what. */
async function isProvisional({ tx, actor, now }: Call, startMs: number, endMs: number): Promise<boolean> {
  const [fromMs, toMs] = [ledgerWindowOf(windowStart(startMs)), ledgerWindowOf(endMs - 1) + LEDGER_WINDOW_MS];
  const of = { organizationId: actor.organizationId, fromMs, toMs, nowMs: now };
  const hours = await listLedgerWindows(tx, of, { limit: MOST_HOURS });
  return hours.length === 0 || hours.some(({ state }) => state === 'open' || state === 'grace');
}
