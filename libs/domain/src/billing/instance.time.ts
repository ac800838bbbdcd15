import type { InstanceState } from '../price/plan.types.js';
import { blocksNeeded, type Capacity, type OpenBlocks } from '../rating/block.sweep.js';
import type { Change } from '../rating/blocks.js';
import type { Meter } from '../rating/meters.js';
import type { Interval } from '../usage/usage.types.js';

/** One instance, as far as it was seen to run without a gap, or a part of that. */
export interface Running extends Interval {
  /** Of the instance, unique among those of its revision; the same start has the same id. Parts of one do not overlap. */
  id: string;
  /** When it started: the oldest are the first to serve. */
  begunMs: number;
}

/** A stretch of one instance in one state. */
export interface Stretch extends Interval {
  instanceId: string;
  /** When the instance started. */
  begunMs: number;
  state: InstanceState;
}

/**
 * What instances did: at each ms as many are active as the active requests need, the oldest first, the others are idle.
 * @param changes of the number of active requests, ascending, all within the span
 * @returns ascending by start
 */
export function stretchesOf(
  running: readonly Running[],
  changes: readonly Change[],
  capacity: Capacity,
  span: Interval,
): Stretch[] {
  const inside = running
    .map(({ startMs, endMs, ...one }) => ({
      ...one,
      startMs: Math.max(startMs, span.startMs),
      endMs: Math.min(endMs, span.endMs),
    }))
    .filter(({ startMs, endMs }) => endMs > startMs)
    .toSorted((a, b) => a.begunMs - b.begunMs || (a.id < b.id ? -1 : 1));
  const deltas = new Map<number, number>();
  for (const { atMs, delta } of changes) deltas.set(atMs, (deltas.get(atMs) ?? 0) + delta);
  const borders = new Set(inside.flatMap(({ startMs, endMs }) => [startMs, endMs]));
  const ranks = new Ranks();
  let active = 0;
  for (const atMs of [...new Set([...borders, ...deltas.keys()])].sort((a, b) => a - b)) {
    active += deltas.get(atMs) ?? 0;
    const needed = blocksNeeded(active, capacity);
    if (borders.has(atMs))
      ranks.enter(
        inside.filter(({ startMs, endMs }) => startMs <= atMs && endMs > atMs),
        needed,
        atMs,
      );
    else ranks.need(needed, atMs);
  }
  return ranks.done.toSorted((a, b) => a.startMs - b.startMs);
}

/** Instances that run now, the oldest first: the first ones are active. What changes costs, not what stays. */
class Ranks {
  readonly done: Stretch[] = [];
  private running: readonly Running[] = [];
  private needed = 0;
  private readonly open = new Map<string, Omit<Stretch, 'instanceId' | 'endMs'>>();

  /** From now on these run. */
  enter(running: readonly Running[], needed: number, atMs: number): void {
    const staying = new Set(running.map(({ id }) => id));
    for (const { id } of this.running) if (!staying.has(id)) this.close(id, atMs);
    [this.running, this.needed] = [running, needed];
    for (const rank of running.keys()) this.look(rank, atMs);
  }

  /** From now on so many are needed. */
  need(needed: number, atMs: number): void {
    const [from, to] = [Math.min(needed, this.needed), Math.max(needed, this.needed)];
    this.needed = needed;
    for (let rank = from; rank < Math.min(to, this.running.length); rank++) this.look(rank, atMs);
  }

  private look(rank: number, atMs: number): void {
    const { id, begunMs } = this.running[rank] as Running;
    const state = rank < this.needed ? 'active' : 'idle';
    if (this.open.get(id)?.state === state) return;
    this.close(id, atMs);
    this.open.set(id, { state, begunMs, startMs: atMs });
  }

  private close(instanceId: string, endMs: number): void {
    const open = this.open.get(instanceId);
    this.open.delete(instanceId);
    if (open !== undefined) this.done.push({ instanceId, ...open, endMs });
  }
}

/** What a meter counts of stretches, and until when instances are covered. */
export interface Covered {
  ms: bigint;
  /** Quanta that opened in each stretch, in their order. */
  opened: number[];
  /** By lane and instance, of those of which something reaches beyond the span: see Reach. */
  ends: Map<string, OpenBlocks[]>;
}

/** How far an instance is covered, and until when its minimum lasts: handed over as one block, and as none. */
interface Reach {
  coveredMs: number;
  leastMs: number;
}

/**
 * Time of instances in the states of a meter, each instance in whole quanta: one opens at the first ms in use that none of it
 * covers (as for usage files), and belongs to where it opens. What is used before the minimum since the start is over counts
 * to its end, at once, so nothing is left to be counted when the instance is gone.
 * @param carried how far instances reached before
 */
export function coverStretches(
  { lane, states, quantumMs, minimumMs }: Meter,
  stretches: readonly Stretch[],
  span: Interval,
  carried: ReadonlyMap<string, readonly OpenBlocks[]>,
): Covered {
  const reaches = new Map<string, Reach>();
  for (const [key, blocks] of carried) if (key.startsWith(`${lane} `)) reaches.set(key, reachOf(blocks));
  const counts: number[] = [];
  for (const { instanceId, begunMs, state, startMs, endMs } of stretches) {
    const key = `${lane} ${instanceId}`;
    const before = reaches.get(key) ?? { coveredMs: 0, leastMs: 0 };
    const leastMs = begunMs >= span.startMs ? begunMs + minimumMs : before.leastMs;
    const from = Math.max(startMs, before.coveredMs);
    const to = states.includes(state) ? Math.max(endMs, leastMs) : 0;
    const opened = Math.max(0, Math.ceil((to - from) / quantumMs));
    counts.push(opened);
    const coveredMs = opened === 0 ? before.coveredMs : from + opened * quantumMs;
    reaches.set(key, { coveredMs, leastMs });
  }
  const ends = [...reaches].map(([key, reach]) => [key, endsOf(reach, span.endMs)] as const);
  return {
    ms: BigInt(counts.reduce((sum, count) => sum + count, 0)) * BigInt(quantumMs),
    opened: counts,
    ends: new Map(ends.filter(([, open]) => open.length > 0)),
  };
}

/** How far instances reach that were in several price zones: each as far as it does in any of them. */
export function furthest(
  lists: readonly ReadonlyMap<string, readonly OpenBlocks[]>[],
): Map<string, OpenBlocks[]> {
  const found = new Map<string, Reach>();
  for (const [key, blocks] of lists.flatMap((list) => [...list])) {
    if (!key.includes(' ')) continue; // of no instance
    const [one, other = one] = [reachOf(blocks), found.get(key)];
    const coveredMs = Math.max(one.coveredMs, other.coveredMs);
    found.set(key, { coveredMs, leastMs: Math.max(one.leastMs, other.leastMs) });
  }
  return new Map([...found].map(([key, reach]) => [key, endsOf(reach, 0)]));
}

function endsOf({ coveredMs, leastMs }: Reach, afterMs: number): OpenBlocks[] {
  return [
    { endMs: coveredMs, count: 1 },
    { endMs: leastMs, count: 0 },
  ].filter(({ endMs }) => endMs > afterMs);
}

function reachOf(blocks: readonly OpenBlocks[]): Reach {
  const endOf = (count: number): number => blocks.find((one) => one.count === count)?.endMs ?? 0;
  return { coveredMs: endOf(1), leastMs: endOf(0) };
}
