import type { Interval, UsageRecord } from '../usage/usage.types.js';
import { lengthOf, unionOf } from '../usage/interval.js';
import { whyNotBillable } from '../usage/billable.js';
import { changesOf, mergeChanges, sweepBlocks, unitsOfRequest, type Change } from '../rating/blocks.js';
import type { Capacity, OpenBlocks } from '../rating/block.sweep.js';
import { windowBefore, windowSpan, windowsOf } from './window.js';

/** One report of a long stream (a stream that came in more than one record). */
export interface StreamPart extends Interval {
  /** Producer and stream together: what the parts of one stream share. */
  stream: string;
}

/** Everything a window is made of, from the raw records of one revision in one price zone. */
export interface WindowFacts {
  /** Changes of the number of active whole requests within the window, ascending. */
  changes: Change[];
  /** How many whole requests of each length began in the window. */
  lengths: { lengthMs: number; count: number }[];
  /** Billable parts that reach into the window. */
  reaching: StreamPart[];
  /** All billable parts of the streams whose first billable part began in the window. */
  beginning: StreamPart[];
  counts: WindowCounts;
}

export interface WindowCounts {
  /** Billable requests that began in the window (counted on part 0). */
  requests: bigint;
  notBillableRequests: bigint;
  /** Of billable records that began in the window. */
  requestBytes: bigint;
  responseBytes: bigint;
}

/** A folded window: always set from the facts, never added to. */
export interface BillingWindow extends WindowCounts {
  blocks: bigint;
  perRequestUnits: bigint;
  /** Blocks open at the end of the window: what the next one starts with. */
  open: OpenBlocks[];
}

/** Folds one window. It depends on the facts, the immutable revision and the window before, on nothing else. */
export function foldWindow(
  windowStartMs: number,
  facts: WindowFacts,
  capacity: Capacity,
  carried: readonly OpenBlocks[],
): BillingWindow {
  const span = windowSpan(windowStartMs);
  const streams = [...groupByStream(facts.reaching).values()].flatMap(unionOf);
  const changes = mergeChanges([...facts.changes, ...changesOf(streams, span)]);
  const sweep = sweepBlocks(changes, capacity, span, carried);
  return {
    ...facts.counts,
    blocks: BigInt(sweep.opened),
    perRequestUnits: unitsOf(facts),
    open: sweep.open,
  };
}

/** Whether two lists of open blocks are the same: then nothing after them can differ. */
export function sameOpenBlocks(a: readonly OpenBlocks[], b: readonly OpenBlocks[]): boolean {
  return a.length === b.length && a.every((x, i) => x.endMs === b[i]?.endMs && x.count === b[i]?.count);
}

/** The facts of every window that records of one revision and zone touch, ascending; duplicates count once. */
export function factsOf(records: readonly UsageRecord[]): Map<number, WindowFacts> {
  const unique = new Map(records.map((record) => [`${record.producer} ${record.position}`, record]));
  const windows = new Map<number, UsageRecord[]>();
  for (const record of unique.values()) {
    for (const start of windowsOf(record)) {
      const list = windows.get(start);
      if (list) list.push(record);
      else windows.set(start, [record]);
    }
  }
  const streams = groupByStream([...unique.values()].filter(isPart).filter(isBillable).map(partOf));
  const starts = [...windows.keys()].sort((a, b) => a - b);
  return new Map(starts.map((start) => [start, factsOfWindow(start, windows.get(start) ?? [], streams)]));
}

/** Folds all windows of the records of one revision and zone, each with the open blocks of the one before. */
export function foldRecords(records: readonly UsageRecord[], capacity: Capacity): Map<number, BillingWindow> {
  const folded = new Map<number, BillingWindow>();
  let before: { start: number; open: OpenBlocks[] } | undefined;
  for (const [start, facts] of factsOf(records)) {
    const carried = before && before.start === windowBefore(start) ? before.open : [];
    const window = foldWindow(start, facts, capacity, carried);
    folded.set(start, window);
    before = { start, open: window.open };
  }
  return folded;
}

function factsOfWindow(
  start: number,
  records: readonly UsageRecord[],
  streams: ReadonlyMap<string, StreamPart[]>,
): WindowFacts {
  const span = windowSpan(start);
  const billable = records.filter(isBillable);
  const whole = billable.filter((record) => !isPart(record));
  const began = (record: Interval): boolean => record.startMs >= span.startMs && record.startMs < span.endMs;
  return {
    changes: changesOf(whole, span),
    lengths: whole.filter(began).map(({ startMs, endMs }) => ({ lengthMs: endMs - startMs, count: 1 })),
    reaching: billable.filter(isPart).map(partOf),
    beginning: [...streams.values()].filter((parts) => began(firstOf(parts))).flat(),
    counts: {
      requests: BigInt(billable.filter((r) => began(r) && r.part === 0).length),
      notBillableRequests: BigInt(records.filter((r) => began(r) && r.part === 0 && !isBillable(r)).length),
      requestBytes: sumOf(billable.filter(began), (r) => r.requestBytes),
      responseBytes: sumOf(billable.filter(began), (r) => r.responseBytes),
    },
  };
}

function unitsOf({ lengths, beginning }: WindowFacts): bigint {
  let units = 0n;
  for (const { lengthMs, count } of lengths) units += BigInt(unitsOfRequest(lengthMs)) * BigInt(count);
  for (const parts of groupByStream(beginning).values())
    units += BigInt(unitsOfRequest(lengthOf(unionOf(parts))));
  return units;
}

function groupByStream(parts: readonly StreamPart[]): Map<string, StreamPart[]> {
  return Map.groupBy(parts, (part) => part.stream);
}

function firstOf(parts: readonly StreamPart[]): StreamPart {
  return parts.reduce((first, part) => (part.startMs < first.startMs ? part : first));
}

function isPart(record: UsageRecord): boolean {
  return record.part > 0 || !record.last;
}

function isBillable(record: UsageRecord): boolean {
  return whyNotBillable(record) === undefined;
}

function partOf({ producer, streamId, startMs, endMs }: UsageRecord): StreamPart {
  return { stream: `${producer} ${streamId}`, startMs, endMs };
}

function sumOf(records: readonly UsageRecord[], of: (record: UsageRecord) => number): bigint {
  return records.reduce((sum, record) => sum + BigInt(of(record)), 0n);
}
