import {
  shardOf,
  type BillingWindow,
  type OpenBlocks,
  type Quantities,
  type UsageDay,
  type WindowEnds,
  type WindowKey,
} from '#libs/domain';
import {
  dirtyShardsSql,
  listMonthsSql,
  markDirtySql,
  saveWindowsSql,
  takeDirtySql,
  usageByDaySql,
  windowEndsSql,
  type MetersRow,
  type UsageDayRow,
  type WindowKeyRow,
} from './billing-window.sql.js';
import { present, time } from './row.js';
import type { LeasedTx } from './lease.store.js';
import { sizeOf } from './revision-size.sql.js';
import type { Tx } from './statement.js';

/** Marks windows to be folded again, in the transaction that changed what they are made of. */
export async function markDirty(tx: LeasedTx, keys: readonly WindowKey[]): Promise<void> {
  if (keys.length === 0) return;
  await tx.run(markDirtySql, [
    ...keyColumns(keys),
    keys.map(({ organizationId }) => shardOf(organizationId)),
  ]);
}

/** How many marks are taken at a time: of all organizations, and of one; none of those that rest. */
export interface DirtyLimits {
  all: number;
  each: number;
  resting: readonly string[];
}

/**
 * Takes marks of a shard, organizations in turns, each its oldest windows first; they come back when the transaction
 * fails.
 */
export async function takeDirty(tx: LeasedTx, shard: number, limits: DirtyLimits): Promise<WindowKey[]> {
  return (await tx.run(takeDirtySql, [shard, limits.all, limits.each, limits.resting])).map(keyOf);
}

/** What waits to be folded in a shard. */
export interface DirtyShard {
  shard: number;
  windows: number;
  /** Of these, the windows of organizations that do not rest. */
  due: number;
  /** Start of the oldest one. */
  oldestMs: number;
}

/** Shards in which windows wait to be folded, the one with the oldest window first. */
export async function findDirtyShards(tx: Tx, resting: readonly string[] = []): Promise<DirtyShard[]> {
  const rows = await tx.run(dirtyShardsSql, [resting]);
  return rows.map(({ shard, windows, due, oldest_ms }) => ({ shard, windows, due, oldestMs: oldest_ms }));
}

/** What each window hands to the next one, in the order asked; undefined where there is no such window. */
export async function findWindowEnds(
  tx: Tx,
  keys: readonly WindowKey[],
): Promise<(WindowEnds | undefined)[]> {
  const found = new Array<WindowEnds | undefined>(keys.length).fill(undefined);
  if (keys.length === 0) return found;
  for (const { n, open_blocks, lane_ends } of await tx.run(windowEndsSql, lookupColumns(keys))) {
    const lanes = Object.entries(lane_ends ?? {}).map(([lane, blocks]) => [lane, blocksOf(blocks)] as const);
    found[n] = { open: blocksOf(open_blocks), lanes: new Map(lanes) };
  }
  return found;
}

/** Sets windows, never adds to them. */
export async function saveWindows(
  tx: LeasedTx,
  list: readonly { key: WindowKey; window: BillingWindow }[],
  now: number,
): Promise<void> {
  if (list.length === 0) return;
  await tx.run(saveWindowsSql, [
    ...keyColumns(list.map(({ key }) => key)),
    list.map(({ window }) => window.requests),
    list.map(({ window }) => window.notBillableRequests),
    list.map(({ window }) => window.blocks),
    list.map(({ window }) => window.perRequestUnits),
    list.map(({ window }) => JSON.stringify(pairsOf(window.open))),
    list.map(({ window }) => window.requestBytes),
    list.map(({ window }) => window.responseBytes),
    list.map(({ window }) => jsonOf(window.metered, String)),
    list.map(({ window }) => jsonOf(window.lanes, pairsOf)),
    time(now),
  ]);
}

const blocksOf = (pairs: readonly [number, number][]): OpenBlocks[] =>
  pairs.map(([endMs, count]) => ({ endMs, count }));
const pairsOf = (blocks: readonly OpenBlocks[]): [number, number][] =>
  blocks.map(({ endMs, count }) => [endMs, count]);

/** An object of JSON; null for an empty map. */
function jsonOf<T>(map: ReadonlyMap<string, T>, write: (value: T) => unknown): string | null {
  if (map.size === 0) return null;
  return JSON.stringify(Object.fromEntries([...map].map(([key, value]) => [key, write(value)])));
}

export interface UsageFilter {
  organizationId: string;
  projectId?: string;
  serviceId?: string;
  /** UTC ms; windows that begin in [fromMs, toMs). */
  fromMs: number;
  toMs: number;
}

/** UTC months like `2026-11` in which the organization used anything, ascending. */
export async function listMonths(tx: Tx, organizationId: string): Promise<string[]> {
  return (await tx.run(listMonthsSql, [organizationId])).map(({ month }) => month);
}

/** Usage of an organization by UTC day, project, service, revision and price zone, in that order. */
export async function usageByDay(tx: Tx, filter: UsageFilter): Promise<UsageDay[]> {
  return (await usageRows(tx, filter, [])).map(usageDayOf);
}

/** The same, parted at instants that are starts of windows, ascending: one list more than there are borders. */
export async function usageByPeriod(
  tx: Tx,
  filter: UsageFilter,
  borders: readonly number[],
): Promise<UsageDay[][]> {
  const periods: UsageDay[][] = [[], ...borders.map(() => [])];
  for (const row of await usageRows(tx, filter, borders)) periods[row.period]?.push(usageDayOf(row));
  return periods;
}

function usageRows(tx: Tx, filter: UsageFilter, borders: readonly number[]): Promise<UsageDayRow[]> {
  const { organizationId, projectId, serviceId, fromMs, toMs } = filter;
  const place = [organizationId, projectId ?? null, serviceId ?? null];
  return tx.run(usageByDaySql, [...place, fromMs, toMs, borders]);
}

/** Columns of unnest() for keys with their positions: n, organization, service, revision, zone, start. */
export function lookupColumns(keys: readonly WindowKey[]): unknown[] {
  const [organizations, , ...rest] = keyColumns(keys);
  return [keys.map((_, n) => n), organizations, ...rest];
}

function keyColumns(keys: readonly WindowKey[]): unknown[] {
  return [
    keys.map((key) => key.organizationId),
    keys.map((key) => key.projectId),
    keys.map((key) => key.serviceId),
    keys.map((key) => key.revisionId),
    keys.map((key) => key.priceZone),
    keys.map((key) => key.windowStartMs),
  ];
}

/** A row's key in the domain's words. */
export function keyOf(row: WindowKeyRow): WindowKey {
  return {
    organizationId: row.organization_id,
    projectId: row.project_id,
    serviceId: row.service_id,
    revisionId: row.revision_id,
    priceZone: row.price_zone,
    windowStartMs: row.window_start_ms,
  };
}

/** What was counted beside the columns, if anything. */
export function meteredOf(meters: MetersRow): { metered?: Quantities } {
  if (meters === null) return {};
  return { metered: new Map(Object.entries(meters).map(([key, quantity]) => [key, BigInt(quantity)])) };
}

function usageDayOf(row: UsageDayRow): UsageDay {
  return {
    projectId: row.project_id,
    project: row.project,
    serviceId: row.service_id,
    service: row.service,
    ...present({ revisionId: row.revision_id, revision: row.revision }),
    priceZone: row.price_zone,
    day: row.day,
    requests: BigInt(row.requests),
    notBillableRequests: BigInt(row.not_billable_requests),
    blocks: BigInt(row.blocks),
    perRequestUnits: BigInt(row.per_request_units),
    requestBytes: BigInt(row.request_bytes),
    responseBytes: BigInt(row.response_bytes),
    ...meteredOf(row.meters),
    ...sizeOf(row),
  };
}
