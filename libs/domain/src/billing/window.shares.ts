import { blockShares, type Busy } from '../rating/block.shares.js';
import type { Capacity, OpenBlocks } from '../rating/block.sweep.js';
import { unitsOfRequest } from '../rating/blocks.js';
import { lengthOf, unionOf } from '../usage/interval.js';
import type { Interval } from '../usage/usage.types.js';
import type { StreamPart } from './fold.js';
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
}

/** What one request bears of a window: what it counts for, and the blocks that it opened. */
export interface RequestShare {
  /** Identity of its first record here. */
  id: string;
  stream: string;
  requests: bigint;
  perRequestUnits: bigint;
  responseBytes: bigint;
  /** When it opened blocks, ascending; none for a sharer. */
  openedMs: number[];
}

/**
 * Who bears what foldWindow counts in a window: the sums of the shares are the window's counts. In the order in which the
 * requests began.
 * @param beginning all billable parts of the streams whose first billable part began in the window
 */
export function sharesOfWindow(
  windowStartMs: number,
  { records, beginning }: { records: readonly WindowRecord[]; beginning: readonly StreamPart[] },
  capacity: Capacity,
  carried: readonly OpenBlocks[],
): RequestShare[] {
  const span = windowSpan(windowStartMs);
  const shares = new Map<string, RequestShare>();
  for (const record of records.toSorted((a, b) => a.startMs - b.startMs || (a.id < b.id ? -1 : 1))) {
    const share = shares.get(record.stream) ?? nothingFor(record);
    shares.set(record.stream, share);
    if (record.startMs >= span.startMs && record.startMs < span.endMs) addCounts(share, record);
  }
  for (const [stream, parts] of Map.groupBy(beginning, (part) => part.stream)) {
    const share = shares.get(stream);
    if (share) share.perRequestUnits += BigInt(unitsOfRequest(lengthOf(unionOf(parts))));
  }
  for (const { id, atMs } of blockShares(busyTimes(records), capacity, span, carried))
    shares.get(id)?.openedMs.push(atMs);
  return [...shares.values()];
}

function nothingFor({ id, stream }: WindowRecord): RequestShare {
  return { id, stream, requests: 0n, perRequestUnits: 0n, responseBytes: 0n, openedMs: [] };
}

function addCounts(share: RequestShare, record: WindowRecord): void {
  if (record.part === 0) share.requests += 1n;
  share.responseBytes += BigInt(record.responseBytes);
  if (!isPart(record)) share.perRequestUnits += BigInt(unitsOfRequest(record.endMs - record.startMs));
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
