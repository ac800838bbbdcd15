import { blockShares, type Busy, type Opened } from '../rating/block.shares.js';
import { unitsOfRequest } from '../rating/blocks.js';
import { aloneMs, meterKey, type Meter } from '../rating/meters.js';
import { lengthOf, unionOf } from '../usage/interval.js';
import type { Interval } from '../usage/usage.types.js';
import { BLOCKS_LANE, isFromReady } from './counted.usage.js';
import { NOTHING_OPEN, openIn, type WindowEnds, type WindowShape } from './fold.js';
import { fromReady, groupByStream, type StreamPart } from './window.demand.js';
import { windowSpan } from './window.js';

/** A billable record that begins in a window or reaches into it. */
export interface WindowRecord extends Interval {
  /** Identity of the record. */
  id: string;
  /** Producer and request: what the parts of one stream share. */
  stream: string;
  part: number;
  last: boolean;
  responseBytes: number;
  /** When an instance was ready, where it waited for a first one (UTC ms by the hub's clock). */
  readyMs?: number;
}

/** What one request bears of a window: what it counts for, and the blocks that it opened. */
export interface RequestShare {
  /** Identity of its first record here. */
  id: string;
  stream: string;
  requests: bigint;
  blocks: bigint;
  perRequestUnits: bigint;
  responseBytes: bigint;
  /** What only the plan needs, in ms by the name of the meter. */
  metered: Map<string, bigint>;
  /** When it opened blocks, ascending; none for a sharer. Where a plan has blocks of its own, those of the first kind. */
  openedMs: number[];
  /** From when on it counts, where the plan leaves out that it waited for a first instance. */
  billedFromMs?: number;
}

/**
 * Who bears what foldWindow counts in a window: the sums of the shares are the window's counts. In the order in which the
 * requests began.
 * @param beginning all billable parts of the streams whose first billable part began in the window
 */
export function sharesOfWindow(
  windowStartMs: number,
  { records, beginning }: { records: readonly WindowRecord[]; beginning: readonly StreamPart[] },
  shape: WindowShape,
  carried: WindowEnds = NOTHING_OPEN,
): RequestShare[] {
  const span = windowSpan(windowStartMs);
  const began = (record: Interval): boolean => record.startMs >= span.startMs && record.startMs < span.endMs;
  const shares = new Map<string, RequestShare>();
  for (const record of records.toSorted((a, b) => a.startMs - b.startMs || (a.id < b.id ? -1 : 1))) {
    const share = shares.get(record.stream) ?? nothingFor(record);
    shares.set(record.stream, share);
    if (began(record)) addCounts(share, record);
  }
  const whole = records.filter((record) => !isPart(record) && began(record));
  for (const record of whole) addLength(shares.get(record.stream), [record], shape);
  for (const [stream, parts] of groupByStream(beginning)) addLength(shares.get(stream), parts, shape);
  const fromNow = busyTimes(records);
  const waited = shape.meters.some(isFromReady) ? records.filter(({ readyMs }) => readyMs !== undefined) : [];
  for (const record of waited) sayFrom(shares.get(record.stream), fromReady(record).startMs);
  const ready = waited.length > 0 ? busyTimes(records.map(fromReady)) : fromNow;
  addBlocks(
    shares,
    { busy: (meter) => (meter && isFromReady(meter) ? ready : fromNow), span },
    shape,
    carried,
  );
  return [...shares.values()];
}

function sayFrom(share: RequestShare | undefined, startMs: number): void {
  if (share !== undefined) share.billedFromMs = Math.max(startMs, share.billedFromMs ?? 0);
}

/** What one request, whole or in parts, counts for alone. */
function addLength(share: RequestShare | undefined, parts: readonly Part[], { meters }: WindowShape): void {
  if (share === undefined) return;
  const lengthMs = lengthOf(unionOf(parts));
  share.perRequestUnits += BigInt(unitsOfRequest(lengthMs));
  for (const meter of meters) {
    if (meter.model !== 'per_request') continue;
    const ms = isFromReady(meter) ? lengthOf(unionOf(parts.map(fromReady))) : lengthMs;
    addMetered(share, meter, aloneMs(meter, ms));
  }
}

type Part = Interval & { readyMs?: number };

function addBlocks(
  shares: ReadonlyMap<string, RequestShare>,
  { busy, span }: { busy: (meter?: Meter) => readonly Busy[]; span: Interval },
  { capacity, meters }: WindowShape,
  carried: WindowEnds,
): void {
  const own = meters.filter(({ model }) => model === 'concurrency');
  const replaced = own.some(({ lane }) => lane === BLOCKS_LANE);
  const before = replaced ? carried.open : openIn(carried, BLOCKS_LANE);
  for (const { share, atMs } of openersOf(shares, blockShares(busy(), capacity, span, before))) {
    share.blocks += 1n;
    if (!replaced) share.openedMs.push(atMs);
  }
  for (const [i, meter] of own.entries()) {
    const opened = blockShares(busy(meter), capacity, span, openIn(carried, meter.lane), meter.quantumMs);
    for (const { share, atMs } of openersOf(shares, opened)) {
      addMetered(share, meter, BigInt(meter.quantumMs));
      if (replaced && i === 0) share.openedMs.push(atMs);
    }
  }
}

function openersOf(
  shares: ReadonlyMap<string, RequestShare>,
  opened: readonly Opened[],
): { share: RequestShare; atMs: number }[] {
  return opened.flatMap(({ id, atMs }) => {
    const share = shares.get(id);
    return share ? [{ share, atMs }] : [];
  });
}

function addMetered({ metered }: RequestShare, meter: Meter, ms: bigint): void {
  const key = meterKey(meter);
  metered.set(key, (metered.get(key) ?? 0n) + ms);
}

function nothingFor({ id, stream }: WindowRecord): RequestShare {
  const counts = { requests: 0n, blocks: 0n, perRequestUnits: 0n, responseBytes: 0n };
  return { id, stream, ...counts, metered: new Map(), openedMs: [] };
}

function addCounts(share: RequestShare, record: WindowRecord): void {
  if (record.part === 0) share.requests += 1n;
  share.responseBytes += BigInt(record.responseBytes);
}

/** Whole requests as they are; of a stream the union of its parts. */
function busyTimes(records: readonly WindowRecord[]): Busy[] {
  const streams = Map.groupBy(records.filter(isPart), ({ stream }) => stream);
  return [
    ...records
      .filter((record) => !isPart(record))
      .map(({ stream, startMs, endMs }) => ({ id: stream, startMs, endMs })),
    ...[...streams].flatMap(([id, parts]) => unionOf(parts).map((stretch) => ({ id, ...stretch }))),
  ];
}

function isPart({ part, last }: WindowRecord): boolean {
  return part > 0 || !last;
}
