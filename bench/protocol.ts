import { spawnSync } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';
import { setPriority } from 'node:os';
import { familyOf } from '../e2e/support/processes.js';

/** What one slice of one variant did. */
export interface Slice {
  operations: number;
  seconds: number;
  /** CPU time of the system under test in the slice, microseconds. */
  cpuMicros?: number;
}

/** One thing that is measured; `slice` runs it for a moment. */
export interface Variant {
  name: string;
  slice: () => Promise<Slice>;
}

/** Slices of every variant by its name, one a round; the first round (warm-up) is not among them. */
export type Rounds = ReadonlyMap<string, Slice[]>;

export interface Spread {
  median: number;
  /** Quartiles. */
  q1: number;
  q3: number;
  /** 95 % bootstrap interval of the median. */
  low: number;
  high: number;
}

/** A repeatable source of numbers in [0, 1) (mulberry32): a bench that is run again draws the same orders. */
export function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/**
 * Runs short slices of all variants, in a new random order each round, so that a noisy moment hits them alike
 * (research/performance.md section 4). One more round than asked for is run and dropped.
 */
export async function interleave(variants: Variant[], rounds: number, random = seeded(1)): Promise<Rounds> {
  const results = new Map(variants.map(({ name }) => [name, [] as Slice[]]));
  for (let round = 0; round <= rounds; round += 1) {
    for (const variant of shuffled(variants, random)) {
      const slice = await variant.slice();
      if (round > 0) results.get(variant.name)?.push(slice);
    }
  }
  return results;
}

/** Operations a second of `one` over those of `other`, round by round. */
export function rateRatio(rounds: Rounds, one: string, other: string): Spread {
  return ratio(rounds, one, other, ({ operations, seconds }) => operations / seconds);
}

/** CPU an operation of `other` over that of `one`: above 1, `one` is the cheaper; nearly immune to stolen time. */
export function cpuRatio(rounds: Rounds, one: string, other: string): Spread {
  return ratio(rounds, other, one, cpuPerOperation);
}

export function cpuPerOperation({ cpuMicros = 0, operations }: Slice): number {
  return cpuMicros / Math.max(1, operations);
}

function ratio(rounds: Rounds, one: string, other: string, measure: (slice: Slice) => number): Spread {
  const others = slicesOf(rounds, other);
  return spread(
    slicesOf(rounds, one).map((slice, round) => measure(slice) / measure(others[round] as Slice)),
  );
}

export function slicesOf(rounds: Rounds, name: string): Slice[] {
  const slices = rounds.get(name);
  if (!slices) throw new Error(`no variant ${name}`);
  return slices;
}

const RESAMPLES = 2_000;

export function spread(values: number[], random = seeded(2)): Spread {
  const sorted = values.toSorted((a, b) => a - b);
  const medians = Array.from({ length: RESAMPLES }, () => {
    const drawn = values.map(() => values[Math.floor(random() * values.length)] as number);
    return quantile(
      drawn.toSorted((a, b) => a - b),
      0.5,
    );
  }).toSorted((a, b) => a - b);
  return {
    median: quantile(sorted, 0.5),
    q1: quantile(sorted, 0.25),
    q3: quantile(sorted, 0.75),
    low: quantile(medians, 0.025),
    high: quantile(medians, 0.975),
  };
}

/** Linear between the two nearest values. */
export function quantile(sorted: number[], share: number): number {
  const at = (sorted.length - 1) * share;
  const [below, above] = [sorted[Math.floor(at)] ?? NaN, sorted[Math.ceil(at)] ?? NaN];
  return below + (above - below) * (at - Math.floor(at));
}

/** A run whose peer differs from itself says nothing about anything (void, not failed). */
export function isValid(control: Spread): boolean {
  const { median, q1, q3 } = control;
  return median >= 0.95 && median <= 1.05 && q1 >= 0.9 && q3 <= 1.1;
}

export function print(spreadOf: Spread): string {
  const digits = (value: number): string => value.toFixed(3);
  const { median, low, high, q1, q3 } = spreadOf;
  return `${digits(median)}  95 % [${digits(low)}, ${digits(high)}]  IQR [${digits(q1)}, ${digits(q3)}]`;
}

/** The verdict on a goal: the lower bound of the interval must clear it. */
export function verdict(control: Spread, measured: Spread, goal: number): string {
  if (!isValid(control)) return `void (the control is ${print(control)})`;
  return `${judged(measured.low >= goal)} (goal ${goal})`;
}

/** Says whether a goal was reached; where it was not, the bench ends with exit code 1. */
export function judged(reached: boolean): string {
  if (!reached) process.exitCode = 1;
  return reached ? 'passed' : 'FAILED';
}

/** Above ordinary work, so that what else runs on the machine disturbs less. */
const PRIORITY = -15;

/**
 * Keeps a process, and what it starts later, on one core, before other work where that is allowed; false where the machine
 * cannot (then runs are noisier).
 */
export function pin(pid: number, core: number): boolean {
  for (const thread of readdirSync(`/proc/${pid}/task`)) {
    try {
      setPriority(Number(thread), PRIORITY);
    } catch {
      // Not allowed, or the thread has ended.
    }
  }
  return spawnSync('taskset', ['-acp', String(core), String(pid)]).status === 0;
}

const MICROS_PER_TICK = 10_000;

/** User and system time of a process so far, microseconds (Linux). @throws when it has ended */
export function cpuOf(pid: number): number {
  const { user, system } = statOf(pid);
  return (user + system) * MICROS_PER_TICK;
}

/** The same of it and all that came of it, also what has ended. */
export function cpuOfFamily(pid: number): number {
  return familyOf(pid).reduce((sum, one) => sum + cpuWithEnded(one), 0);
}

/** 0 when it has ended itself: its parent has its time. */
function cpuWithEnded(pid: number): number {
  try {
    const { user, system, endedUser, endedSystem } = statOf(pid);
    return (user + system + endedUser + endedSystem) * MICROS_PER_TICK;
  } catch {
    return 0;
  }
}

/** The process that started it. */
export function parentOf(pid: number): number {
  return statOf(pid).parent;
}

/** By proc_pid_stat(5), in ticks; the name before the fields may hold spaces. */
function statOf(pid: number) {
  const fields = (readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1) ?? '').split(' ').map(Number);
  const [user = 0, system = 0, endedUser = 0, endedSystem = 0] = fields.slice(11, 15);
  return { parent: fields[1] ?? 0, user, system, endedUser, endedSystem };
}

function shuffled<T>(items: T[], random: () => number): T[] {
  return items
    .map((item) => ({ item, at: random() }))
    .toSorted((a, b) => a.at - b.at)
    .map(({ item }) => item);
}
