import type { Interval, UsageRecord } from '../usage/usage.types.js';
import { whyNotBillable } from '../usage/billable.js';
import { lengthOf } from '../usage/interval.js';
import { BLOCK_MS, changesOf, sweepBlocks } from '../rating/blocks.js';
import type { Capacity, OpenBlocks } from '../rating/block.sweep.js';
import { meterKey, type Meter, type Quantities } from '../rating/meters.js';
import { BLOCKS_LANE, isFromReady, isOfBuilds, isOfInstances } from './counted.usage.js';
import { coverStretches, stretchesOf, type Running } from './instance.time.js';
import {
  aloneOf,
  demandFromReady,
  demandOf,
  groupByStream,
  type Requested,
  type StreamPart,
} from './window.demand.js';
import { windowBefore, windowSpan, windowStart, windowsOf } from './window.js';

/** Everything a window is made of, from the raw records of one revision in one price zone. */
export interface WindowFacts extends Requested {
  counts: WindowCounts;
  /** Instances that ran in the window; only asked for where the plan counts them. */
  running: Running[];
  /** How many builds of each length began in the window; only asked for where the plan counts them. */
  builds: Requested['lengths'];
}

export interface WindowCounts {
  /** Billable requests that began in the window (counted on part 0). */
  requests: bigint;
  notBillableRequests: bigint;
  /** Of billable records that began in the window. */
  requestBytes: bigint;
  responseBytes: bigint;
}

/** What a window hands to the next one: blocks that are open at its end. */
export interface WindowEnds {
  /** Of the 100 ms that every window counts. */
  open: OpenBlocks[];
  /**
   * Of what only the plan needs: blocks by lane, every lane of time of requests is there; of time of instances by lane and
   * instance, until when it is covered.
   */
  lanes: ReadonlyMap<string, OpenBlocks[]>;
}

/** Nothing ran before. */
export const NOTHING_OPEN: WindowEnds = { open: [], lanes: new Map() };

/** A folded window: always set from the facts, never added to. */
export interface BillingWindow extends WindowCounts, WindowEnds {
  blocks: bigint;
  perRequestUnits: bigint;
  /** What only the plan needs, in ms by the name of the meter. */
  metered: Quantities;
}

/**
 * Folds one window. It depends on the facts, the immutable revision, the plan in force and the window before, on nothing
 * else.
 * @param meters of the plan in force beside those that every window counts (see extraMeters)
 */
export function foldWindow(
  windowStartMs: number,
  facts: WindowFacts,
  { capacity, meters }: WindowShape,
  carried: WindowEnds = NOTHING_OPEN,
): BillingWindow {
  const span = windowSpan(windowStartMs);
  const { changes, lengths } = demandOf(facts, span);
  const ready = meters.some(isFromReady) ? demandFromReady(facts, span) : { changes, lengths };
  const metered = new Map<string, bigint>();
  const lanes = new Map<string, OpenBlocks[]>();
  const stretches = meters.some(isOfInstances) ? stretchesOf(facts.running, changes, capacity, span) : [];
  for (const meter of meters) {
    const demand = isFromReady(meter) ? ready : { changes, lengths };
    if (isOfInstances(meter)) {
      const covered = coverStretches(meter, stretches, span, carried.lanes);
      metered.set(meterKey(meter), covered.ms);
      for (const [key, blocks] of covered.ends) lanes.set(key, blocks);
    } else if (isOfBuilds(meter)) metered.set(meterKey(meter), aloneOf(meter, facts.builds));
    else if (meter.model === 'per_request') metered.set(meterKey(meter), aloneOf(meter, demand.lengths));
    else {
      const { quantumMs } = meter;
      const sweep = sweepBlocks(demand.changes, capacity, span, openIn(carried, meter.lane), quantumMs);
      metered.set(meterKey(meter), BigInt(sweep.opened) * BigInt(quantumMs));
      lanes.set(meter.lane, sweep.open);
    }
  }
  const before = lanes.has(BLOCKS_LANE) ? carried.open : openIn(carried, BLOCKS_LANE);
  const sweep = sweepBlocks(changes, capacity, span, before);
  return {
    ...facts.counts,
    blocks: BigInt(sweep.opened),
    perRequestUnits: aloneOf({ quantumMs: BLOCK_MS, minimumMs: 0 }, lengths) / BigInt(BLOCK_MS),
    open: sweep.open,
    metered,
    lanes,
  };
}

/** What can run in a window, and what is counted beside its columns. */
export interface WindowShape {
  capacity: Capacity;
  meters: readonly Meter[];
}

/** Blocks go on covering when another price comes into force, also one with blocks of another length. */
export function openIn({ open, lanes }: WindowEnds, lane: string): readonly OpenBlocks[] {
  return lanes.get(lane) ?? (lane === BLOCKS_LANE ? open : []);
}

/** Whether two windows hand over the same: then nothing after them can differ. */
export function sameEnds(a: WindowEnds, b: WindowEnds): boolean {
  const lanes = new Set([...a.lanes.keys(), ...b.lanes.keys()]);
  return (
    sameOpenBlocks(a.open, b.open) &&
    [...lanes].every((lane) => sameOpenBlocks(openIn(a, lane), openIn(b, lane)))
  );
}

function sameOpenBlocks(a: readonly OpenBlocks[], b: readonly OpenBlocks[]): boolean {
  return a.length === b.length && a.every((x, i) => x.endMs === b[i]?.endMs && x.count === b[i]?.count);
}

/** When an instance was ready, of a record that waited for a first one. */
export type ReadyOf = (record: UsageRecord) => number | undefined;

/** What there is beside records. */
export interface Beside {
  running?: readonly Running[];
  readyOf?: ReadyOf;
  /** Of the service, where records are of no revision. */
  builds?: readonly Interval[];
}

/** The facts of every window that records or instances of one revision and zone touch, ascending; duplicates count once. */
export function factsOf(
  records: readonly UsageRecord[],
  { running = [], readyOf = () => undefined, builds = [] }: Beside = {},
): Map<number, WindowFacts> {
  const unique = new Map(records.map((record) => [`${record.producer} ${record.position}`, record]));
  const windows = new Map<number, UsageRecord[]>();
  for (const record of unique.values()) {
    for (const start of windowsOf(record)) {
      const list = windows.get(start);
      if (list) list.push(record);
      else windows.set(start, [record]);
    }
  }
  const parts = [...unique.values()].filter(isPart).filter(isBillable);
  const streams = groupByStream(parts.map((record) => partOf(record, readyOf)));
  const begun = Map.groupBy(builds, ({ startMs }) => windowStart(startMs));
  const starts = new Set([...windows.keys(), ...running.flatMap(windowsOf), ...begun.keys()]);
  const within = (start: number): Running[] => running.filter((one) => windowsOf(one).includes(start));
  return new Map(
    [...starts]
      .sort((a, b) => a - b)
      .map((start) => {
        const facts = factsOfWindow(start, windows.get(start) ?? [], streams, readyOf);
        const built = (begun.get(start) ?? []).map((one) => ({ lengthMs: lengthOf([one]), count: 1 }));
        return [start, { ...facts, running: within(start), builds: built }];
      }),
  );
}

/** Folds all windows of the records of one revision and zone, each with the open blocks of the one before. */
export function foldRecords(
  records: readonly UsageRecord[],
  capacity: Capacity,
  metersAt: (windowStartMs: number) => readonly Meter[] = () => [],
  beside: Beside = {},
): Map<number, BillingWindow> {
  const folded = new Map<number, BillingWindow>();
  for (const [start, facts] of factsOf(records, beside)) {
    const shape = { capacity, meters: metersAt(start) };
    folded.set(start, foldWindow(start, facts, shape, folded.get(windowBefore(start))));
  }
  return folded;
}

function factsOfWindow(
  start: number,
  records: readonly UsageRecord[],
  streams: ReadonlyMap<string, StreamPart[]>,
  readyOf: ReadyOf,
): Omit<WindowFacts, 'running' | 'builds'> {
  const span = windowSpan(start);
  const billable = records.filter(isBillable);
  const whole = billable.filter((record) => !isPart(record));
  const began = (record: Interval): boolean => record.startMs >= span.startMs && record.startMs < span.endMs;
  return {
    changes: changesOf(whole, span),
    lengths: whole.filter(began).map(({ startMs, endMs }) => ({ lengthMs: endMs - startMs, count: 1 })),
    reaching: billable.filter(isPart).map((record) => partOf(record, readyOf)),
    waited: whole.flatMap((record) => {
      const { startMs, endMs, readyMs } = partOf(record, readyOf);
      return readyMs === undefined ? [] : [{ startMs, endMs, readyMs }];
    }),
    beginning: [...streams.values()].filter((parts) => began(firstOf(parts))).flat(),
    counts: {
      requests: BigInt(billable.filter((r) => began(r) && r.part === 0).length),
      notBillableRequests: BigInt(records.filter((r) => began(r) && r.part === 0 && !isBillable(r)).length),
      requestBytes: sumOf(billable.filter(began), (r) => r.requestBytes),
      responseBytes: sumOf(billable.filter(began), (r) => r.responseBytes),
    },
  };
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

function partOf(record: UsageRecord, readyOf: ReadyOf): StreamPart {
  const { producer, streamId, startMs, endMs } = record;
  const readyMs = readyOf(record);
  const waited = readyMs === undefined ? {} : { readyMs };
  return { stream: `${producer} ${streamId}`, startMs, endMs, ...waited };
}

function sumOf(records: readonly UsageRecord[], of: (record: UsageRecord) => number): bigint {
  return records.reduce((sum, record) => sum + BigInt(of(record)), 0n);
}
