import type { Change } from '../rating/blocks.js';
import type { Interval } from '../usage/usage.types.js';
import type { Requested } from './window.demand.js';

/** Whole requests of a window, as short as they can be told: numbers in ms, one of each for every request. */
export interface Told {
  /** When those began that began in the window, from its start on. */
  offsets: readonly number[];
  /** How long these are, in the same order. */
  lengths: readonly number[];
  /** Those that began before it and reach into it. */
  before: readonly Interval[];
}

/** What a window's whole requests ask of it: changes of the number of active ones, and how many of each length began. */
export function tallyOf(
  { offsets, lengths, before }: Told,
  { startMs, endMs }: Interval,
): Pick<Requested, 'changes' | 'lengths'> {
  const lengthMs = endMs - startMs;
  // Twice the instant, and one more where one begins: numbers sort many times faster than objects.
  const marks = new Int32Array(2 * (offsets.length + before.length));
  let count = 0;
  const mark = (fromMs: number, untilMs: number): void => {
    marks[count++] = 2 * fromMs + 1;
    if (untilMs < lengthMs) marks[count++] = 2 * untilMs;
  };
  for (const [i, offset] of offsets.entries()) mark(offset, offset + (lengths[i] ?? 0));
  for (const one of before) mark(0, one.endMs - startMs);
  return { changes: changesAt(marks.subarray(0, count).sort(), startMs), lengths: countsOf(lengths) };
}

function changesAt(marks: Int32Array, startMs: number): Change[] {
  const changes: Change[] = [];
  for (let i = 0; i < marks.length;) {
    const at = (marks[i] ?? 0) >> 1;
    let delta = 0;
    for (; i < marks.length && (marks[i] ?? 0) >> 1 === at; i += 1) delta += ((marks[i] ?? 0) & 1) * 2 - 1;
    if (delta !== 0) changes.push({ atMs: startMs + at, delta });
  }
  return changes;
}

function countsOf(lengths: readonly number[]): Requested['lengths'] {
  const counts = new Map<number, number>();
  for (const lengthMs of lengths) counts.set(lengthMs, (counts.get(lengthMs) ?? 0) + 1);
  return [...counts].map(([lengthMs, count]) => ({ lengthMs, count }));
}
