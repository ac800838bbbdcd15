import { aloneMs, type Meter } from '../rating/meters.js';
import { changesOf, mergeChanges, type Change } from '../rating/blocks.js';
import { withoutColdStart } from '../usage/cold.start.js';
import { lengthOf, unionOf } from '../usage/interval.js';
import type { Interval } from '../usage/usage.types.js';

/** One report of a long stream (a stream that came in more than one record). */
export interface StreamPart extends Interval {
  /** Producer and stream together: what the parts of one stream share. */
  stream: string;
  /** When an instance was ready, where it waited for a first one (UTC ms by the hub's clock). */
  readyMs?: number;
}

/** A request that came while its revision had no instance, and when one was ready (UTC ms by the hub's clock). */
export interface Waited extends Interval {
  readyMs: number;
}

/** What of the facts of a window says which requests were there. */
export interface Requested {
  /** Changes of the number of active whole requests within the window, in any order. */
  changes: Change[];
  /** How many whole requests of each length began in the window. */
  lengths: { lengthMs: number; count: number }[];
  /** Billable parts that reach into the window. */
  reaching: StreamPart[];
  /** All billable parts of the streams whose first billable part began in the window. */
  beginning: StreamPart[];
  /** Whole requests that reach into the window and waited for a first instance; only asked for where the plan leaves that out. */
  waited: Waited[];
}

/** What requests ask of a window: how many are active when, and how long each is that began in it. */
export interface Demand {
  changes: Change[];
  lengths: Requested['lengths'];
}

/** Streams that came in parts are one request each. */
export function demandOf(requested: Requested, span: Interval): Demand {
  const streams = [...groupByStream(requested.reaching).values()].flatMap(unionOf);
  const begun = [...groupByStream(requested.beginning).values()];
  return {
    changes: mergeChanges([...requested.changes, ...changesOf(streams, span)]),
    lengths: [
      ...requested.lengths,
      ...begun.map((parts) => ({ lengthMs: lengthOf(unionOf(parts)), count: 1 })),
    ],
  };
}

/** The same requests from when an instance was ready on. */
export function demandFromReady(requested: Requested, span: Interval): Demand {
  const { waited } = requested;
  const left = waited.map(fromReady);
  const began = (index: number): boolean => {
    const { startMs = 0 } = waited[index] ?? {};
    return startMs >= span.startMs && startMs < span.endMs;
  };
  const gone = changesOf(waited, span).map(({ atMs, delta }) => ({ atMs, delta: -delta }));
  const lengthsOf = (list: readonly Interval[], count: number): Requested['lengths'] =>
    list
      .filter((_, index) => began(index))
      .map(({ startMs, endMs }) => ({ lengthMs: endMs - startMs, count }));
  return demandOf(
    {
      changes: [...requested.changes, ...gone, ...changesOf(left, span)],
      lengths: [...requested.lengths, ...lengthsOf(waited, -1), ...lengthsOf(left, 1)],
      reaching: requested.reaching.map(fromReady),
      beginning: requested.beginning.map(fromReady),
      waited: [],
    },
    span,
  );
}

/** What is left of one that waited; any other as it is. */
export function fromReady<T extends Interval & { readyMs?: number }>(one: T): T {
  if (one.readyMs === undefined) return one;
  return { ...one, ...withoutColdStart(one, { atMs: one.readyMs, offsetMs: 0 }) };
}

/** Each request of the window rounded alone. */
export function aloneOf(
  meter: Pick<Meter, 'quantumMs' | 'minimumMs'>,
  lengths: Requested['lengths'],
): bigint {
  return lengths.reduce((sum, { lengthMs, count }) => sum + aloneMs(meter, lengthMs) * BigInt(count), 0n);
}

/** Parts by the stream that they belong to. */
export function groupByStream<T extends StreamPart>(parts: readonly T[]): Map<string, T[]> {
  return Map.groupBy(parts, (part) => part.stream);
}
