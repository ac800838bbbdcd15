import {
  exactDecimal,
  extraMeters,
  meterKey,
  parseRatio,
  shardOf,
  type LedgerLine,
  type LedgerWindowState,
  ledgerWindowState,
  type PlansInForce,
  type Producer,
  type WindowUsage,
} from '#libs/domain';
import {
  closeWindowSql,
  groundSql,
  holdUnsettledSql,
  invoiceWindowsSql,
  listWindowsSql,
  markUncountedSql,
  postedSql,
  producersSql,
  settleWindowsSql,
  sumLinesSql,
  unsettledSql,
  usedSql,
  type LineRow,
  type WindowRow,
} from './ledger-window.sql.js';
import { meteredOf } from './billing-window.store.js';
import type { LeasedTx } from './lease.store.js';
import { ms, present, time, type PageRequest } from './row.js';
import { sizeOf } from './revision-size.sql.js';
import type { Tx } from './statement.js';

/** One hour of an organization on its way into the ledger. */
export interface LedgerWindow {
  startMs: number;
  /** Whether the ledger does not say yet what its usage says. */
  unsettled: boolean;
  closedAt?: number;
  /** Up to where usage was taken in when it closed. */
  position?: number;
  /** Gateways it closed without. */
  without?: string[];
  sealNumber?: number;
  invoiceId?: string;
}

/** Organizations with windows that begin before then and are not settled, the one with the oldest first. */
export async function findUnsettled(tx: Tx, beforeMs: number): Promise<string[]> {
  return (await tx.run(unsettledSql, [beforeMs])).map((row) => row.organization_id);
}

/** Holds an organization's unsettled windows that begin before then: nobody sets a minute of them meanwhile. */
export async function holdUnsettled(
  tx: LeasedTx,
  organizationId: string,
  beforeMs: number,
): Promise<LedgerWindow[]> {
  return (await tx.run(holdUnsettledSql, [organizationId, beforeMs])).map(windowOf);
}

/**
 * Marks what was counted for another plan than the one in force (by a release that knew no other, or before terms were said),
 * to be folded again.
 * @returns how many minutes of these windows that are
 */
export async function markUncounted(
  tx: LeasedTx,
  organizationId: string,
  starts: readonly number[],
  plans: PlansInForce,
): Promise<number> {
  let marked = 0;
  for (const [i, { fromMs, plan }] of plans.entries()) {
    const keys = extraMeters(plan).map(meterKey);
    if (keys.length === 0) continue;
    const span = [i === 0 ? 0 : fromMs, plans[i + 1]?.fromMs ?? Number.MAX_SAFE_INTEGER];
    const rows = await tx.run(markUncountedSql, [
      organizationId,
      ...span,
      starts,
      keys,
      shardOf(organizationId),
    ]);
    marked += rows.length;
  }
  return marked;
}

/** Where the usage of an organization stands. */
export interface Ground {
  position: number;
  streamSequence: number;
  /** Whether everything taken in up to `position` is folded and every unsettled window is held. */
  firm: boolean;
}

/** What may be settled now, for windows that are held and begin before then. */
export async function groundOf(
  tx: LeasedTx,
  organizationId: string,
  beforeMs: number,
  held: number,
): Promise<Ground> {
  const row = await tx.one(groundSql, [organizationId, beforeMs]);
  if (!row) throw new Error('the position of the intake is not there');
  const { position, stream_sequence: streamSequence, dirty, unsettled } = row;
  return { position, streamSequence, firm: !dirty && unsettled === held };
}

/** What was used in these windows, apart by the plans of the organization's plan. */
export async function usedInWindows(
  tx: Tx,
  organizationId: string,
  starts: readonly number[],
  plans: PlansInForce,
): Promise<WindowUsage[]> {
  const borders = plans.map(({ fromMs }) => fromMs);
  const rows = await tx.run(usedSql, [organizationId, starts, borders]);
  return rows.map((row) => ({
    windowStartMs: row.window_start_ms,
    atMs: row.at_ms,
    projectId: row.project_id,
    serviceId: row.service_id,
    revisionId: row.revision_id,
    priceZone: row.price_zone,
    requests: BigInt(row.requests),
    blocks: BigInt(row.blocks),
    perRequestUnits: BigInt(row.per_request_units),
    responseBytes: BigInt(row.response_bytes),
    ...meteredOf(row.meters),
    ...sizeOf(row),
  }));
}

/** What the ledger says of these windows now: their closing and all corrections, added up. */
export async function postedLines(
  tx: Tx,
  organizationId: string,
  starts: readonly number[],
): Promise<LedgerLine[]> {
  return (await tx.run(postedSql, [organizationId, starts])).map(lineOf);
}

/**
 * What the ledger says of windows that begin in [fromMs, toMs): lines added up by revision, zone, version and item.
 * Their `windowStartMs` is the first window's.
 */
export async function sumLedgerLines(
  tx: Tx,
  { organizationId, fromMs, toMs }: { organizationId: string; fromMs: number; toMs: number },
): Promise<LedgerLine[]> {
  return (await tx.run(sumLinesSql, [organizationId, fromMs, toMs])).map(lineOf);
}

/** Closes a window for good. */
export async function closeWindow(
  tx: LeasedTx,
  organizationId: string,
  window: Required<Pick<LedgerWindow, 'startMs' | 'closedAt' | 'position' | 'without' | 'sealNumber'>>,
): Promise<void> {
  const { startMs, closedAt, position, without, sealNumber } = window;
  const values = [organizationId, startMs, time(closedAt), position, JSON.stringify(without), sealNumber];
  await tx.run(closeWindowSql, values);
}

/** The ledger says what the usage of these windows says. */
export async function settleWindows(
  tx: LeasedTx,
  organizationId: string,
  starts: readonly number[],
): Promise<void> {
  await tx.run(settleWindowsSql, [organizationId, starts]);
}

/** Notes on closed windows that begin in [fromMs, toMs) which invoice carries them; one that has an invoice keeps it. */
export async function invoiceWindows(
  tx: LeasedTx,
  organizationId: string,
  span: { fromMs: number; toMs: number },
  invoiceId: string,
): Promise<void> {
  await tx.run(invoiceWindowsSql, [organizationId, span.fromMs, span.toMs, invoiceId]);
}

/** A window as its owner sees it. */
export interface SeenWindow extends LedgerWindow {
  state: LedgerWindowState;
  /** Up to where usage was taken in when it was last corrected. */
  lastPosition?: number;
}

/** Windows that begin in [fromMs, toMs), ascending; `page.after` is a start. */
export async function listLedgerWindows(
  tx: Tx,
  of: { organizationId: string; fromMs: number; toMs: number; nowMs: number },
  page: PageRequest,
): Promise<SeenWindow[]> {
  const after = page.after === undefined ? -1 : Number(page.after);
  const rows = await tx.run(listWindowsSql, [of.organizationId, of.fromMs, of.toMs, after, page.limit]);
  return rows.map((row) => {
    const window = windowOf(row);
    const state = ledgerWindowState(window, of.nowMs);
    return { ...window, state, ...present({ lastPosition: row.last_position }) };
  });
}

/** How far each gateway's reports have come. */
export async function findProducers(tx: Tx): Promise<Producer[]> {
  return (await tx.run(producersSql)).map((row) => ({
    gatewayId: row.id,
    joinedMs: ms(row.joined_at),
    seenMs: row.last_seen_at?.getTime() ?? 0,
    takenMs: row.taken_at?.getTime() ?? 0,
    lastEndMs: row.end_ms ?? 0,
  }));
}

/** A row as the domain's line. */
export function lineOf(row: LineRow): LedgerLine {
  return {
    windowStartMs: row.window_start_ms,
    projectId: row.project_id,
    serviceId: row.service_id,
    revisionId: row.revision_id,
    priceZone: row.price_zone,
    planId: row.plan_id,
    planVersion: row.plan_version,
    item: row.item,
    measured: exactDecimal(row.measured),
    multiplier: exactDecimal(row.multiplier),
    amount: parseRatio(`${row.amount}/${row.divisor}`),
  };
}

function windowOf(row: WindowRow): LedgerWindow {
  return {
    startMs: row.start_ms,
    unsettled: row.unsettled,
    ...present({
      closedAt: row.closed_at?.getTime(),
      position: row.position,
      without: row.without,
      sealNumber: row.seal_number,
      invoiceId: row.invoice_id,
    }),
  };
}
