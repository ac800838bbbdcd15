import { whyNotBillable } from '../usage/billable.js';
import { withoutColdStart, type Readiness } from '../usage/cold.start.js';
import { unionOf } from '../usage/interval.js';
import type { Interval } from '../usage/usage.types.js';
import { MAX_RECORD_MS } from '../usage/usage.validation.js';
import { ActiveSweep } from './active.sweep.js';
import type { Capacity } from './block.sweep.js';
import { aloneMs, type Meter } from './meters.js';
import type { Period, Periods } from './periods.js';
import type { Size } from './pricing.js';
import { Tally } from './tally.js';
import {
  isPart,
  type BuildEntry,
  type CountEntry,
  type InstanceEntry,
  type RequestEntry,
} from './usage.entry.js';

/** What uses: a revision, or an organization for what belongs to no revision. */
export interface Source {
  organizationId: string;
  serviceId: string | undefined;
  revisionId: string | undefined;
  class: string | undefined;
  size: Size;
  capacity: Capacity;
}

/** A stream of which parts came, and what it counted for so far. */
interface Stream {
  endMs: number;
  lengthMs: number;
  /** Where it began: what is rounded alone belongs whole to that period and price zone. */
  period: Period;
  tally: Tally;
}

/** What a source's series share: streams and instances go on in other price zones. */
export class Followed {
  /** By their id. */
  readonly streams = new Map<string, Stream>();
  /** Until when an instance is covered, by instance and lane. */
  readonly covered = new Map<string, number>();
}

/** Entries are forgotten when so many came since they were last looked through, or twice as many as stayed. */
const SWEEP_OUT = 4_096;

/**
 * Usage of one source in one price zone, entry by entry, ascending by their start. Holds what is active, the blocks that
 * are open, the streams and instances of the last hours, and the sums.
 */
export class Series {
  readonly tally = new Tally();
  private period: Period;
  private readonly sweeps = new Map<string, ActiveSweep>();
  private room = SWEEP_OUT;
  private nowMs: number;

  constructor(
    readonly source: Source,
    readonly zone: string,
    private readonly periods: Periods,
    private readonly followed: Followed,
    startMs: number,
  ) {
    this.period = periods.at(startMs);
    this.nowMs = startMs;
  }

  /** @returns whether the request costs anything, and whether time of it was left out */
  addRequest(entry: RequestEntry): { isBillable: boolean; waited: boolean } {
    this.goTo(entry.startMs);
    if (whyNotBillable(entry) !== undefined) return { isBillable: false, waited: false };
    const stream = isPart(entry) ? this.streamOf(entry) : undefined;
    const ready = readinessOf(entry);
    const timed = { ...entry, ...billableTime(entry, stream?.period ?? this.period, ready) };
    this.addTime(timed, this.activeTime(entry, ready), stream);
    this.addCounts(entry);
    if (stream !== undefined) this.extend(stream, timed);
    return { isBillable: true, waited: timed.startMs > entry.startMs };
  }

  addInstance(entry: InstanceEntry): void {
    this.goTo(entry.startMs);
    const lanes = new Set(this.lanesOf(entry));
    for (const lane of lanes) this.cover(lane, entry);
    if (this.followed.covered.size > this.room) this.forget(entry.startMs);
  }

  addBuild({ startMs, endMs, repeat }: BuildEntry): void {
    this.goTo(startMs);
    for (const meter of this.period.meters) {
      if (meter.measure === 'build_time')
        this.tally.add(this.period, meter.lane, aloneMs(meter, endMs - startMs) * BigInt(repeat));
    }
  }

  addCount({ startMs, counter, quantity }: CountEntry): void {
    this.goTo(startMs);
    for (const { measure, lane } of this.period.meters) {
      if (measure === counter || lane === `counter/${counter}#0`) this.tally.add(this.period, lane, quantity);
    }
  }

  /** Follows what is still active to its end. */
  finish(): void {
    while ([...this.sweeps.values()].some((sweep) => !sweep.isQuiet)) this.nextPeriod();
    this.cut(this.period.endMs);
  }

  private goTo(atMs: number): void {
    this.nowMs = atMs;
    while (atMs >= this.period.endMs) {
      if ([...this.sweeps.values()].every((sweep) => sweep.isQuiet)) this.jumpTo(atMs);
      else this.nextPeriod();
    }
  }

  /** Nothing is active: the periods between stay empty. */
  private jumpTo(atMs: number): void {
    this.cut(this.period.endMs);
    this.enter(this.periods.at(atMs));
  }

  private nextPeriod(): void {
    this.cut(this.period.endMs);
    this.enter(this.periods.at(this.period.endMs));
  }

  private enter(period: Period): void {
    this.period = period;
    for (const { lane, quantumMs } of period.meters) this.sweeps.get(lane)?.resize(quantumMs);
  }

  private cut(atMs: number): void {
    const { period } = this;
    for (const [lane, sweep] of this.sweeps) {
      const opened = BigInt(sweep.cutAt(atMs));
      const quantum = period.meters.find((meter) => meter.lane === lane)?.quantumMs;
      if (quantum !== undefined) this.tally.add(period, lane, opened * BigInt(quantum));
    }
  }

  /** @param active when it is active; `entry` is as long as it counts alone */
  private addTime(entry: RequestEntry, active: readonly Interval[], stream: Stream | undefined): void {
    for (const meter of this.period.meters) {
      if (meter.measure !== 'request_time') continue;
      if (meter.model === 'per_request' || entry.repeat > 1) this.addAlone(meter, entry, stream);
      else this.addActive(meter, active, stream);
    }
  }

  private addCounts({ part, repeat, responseBytes }: RequestEntry): void {
    const { period } = this;
    for (const { measure, lane } of period.meters) {
      if (measure === 'requests' && part === 0) this.tally.add(period, lane, BigInt(repeat));
      else if (measure === 'egress_bytes')
        this.tally.add(period, lane, BigInt(responseBytes) * BigInt(repeat));
    }
  }

  /** When a request is active, by the plans in force meanwhile: waiting for a first instance is left out where one says so. */
  private activeTime(entry: RequestEntry, ready: Readiness | undefined): Interval[] {
    if (ready === undefined) return [entry];
    const { startMs, endMs } = withoutColdStart(entry, ready);
    const waited: Interval[] = [];
    for (let at = entry.startMs; at < startMs;) {
      const period = this.periods.at(at);
      const stop = Math.min(startMs, period.endMs);
      if (period.plan.coldStart === 'billed') waited.push({ startMs: at, endMs: stop });
      at = stop;
    }
    return unionOf([...waited, { startMs, endMs }]);
  }

  /** Under concurrency: what its blocks cover. */
  private addActive(meter: Meter, active: readonly Interval[], stream: Stream | undefined): void {
    for (const { startMs, endMs } of active) {
      const from = Math.max(startMs, stream?.endMs ?? startMs);
      if (from < endMs) this.sweepOf(meter).add(from, endMs, this.nowMs);
    }
  }

  private sweepOf(meter: Meter): ActiveSweep {
    let sweep = this.sweeps.get(meter.lane);
    if (sweep === undefined) {
      sweep = new ActiveSweep(this.source.capacity, this.period.startMs, meter.quantumMs);
      this.sweeps.set(meter.lane, sweep);
    }
    return sweep;
  }

  /** Each request alone, rounded up; a part adds what the whole stream's rounding grows by. */
  private addAlone(meter: Meter, entry: RequestEntry, stream: Stream | undefined): void {
    const { startMs, endMs, repeat } = entry;
    if (stream === undefined) {
      this.tally.add(this.period, meter.lane, aloneMs(meter, endMs - startMs) * BigInt(repeat));
      return;
    }
    const of = stream.period.meters.find(({ lane }) => lane === meter.lane) ?? meter;
    const before = stream.lengthMs === 0 ? 0n : aloneMs(of, stream.lengthMs);
    const longer = stream.lengthMs + Math.max(0, endMs - Math.max(startMs, stream.endMs));
    stream.tally.add(stream.period, meter.lane, aloneMs(of, longer) - before);
  }

  private streamOf({ streamId = '', startMs }: RequestEntry): Stream {
    const known = this.followed.streams.get(streamId);
    // reports come each minute: after two hours it is another stream
    if (known !== undefined && startMs - known.endMs <= MAX_RECORD_MS) return known;
    const stream = { endMs: startMs, lengthMs: 0, period: this.period, tally: this.tally };
    this.followed.streams.set(streamId, stream);
    if (this.followed.streams.size > this.room) this.forget(startMs);
    return stream;
  }

  private extend(stream: Stream, { startMs, endMs }: RequestEntry): void {
    stream.lengthMs += Math.max(0, endMs - Math.max(startMs, stream.endMs));
    stream.endMs = Math.max(stream.endMs, endMs);
  }

  private lanesOf({ startMs, endMs, begunMs = startMs, state }: InstanceEntry): string[] {
    const lanes: string[] = [];
    for (let at = startMs; at < Math.max(endMs, begunMs + 1); at = this.periods.at(at).endMs) {
      for (const { measure, states, lane } of this.periods.at(at).meters)
        if (OF_INSTANCES.has(measure) && states.includes(state)) lanes.push(lane);
    }
    return lanes;
  }

  /**
   * Blocks of one instance: each opens at the first ms in use that no block of it covers. What is used before the minimum
   * is over counts to its end by the price of where it opens.
   */
  private cover(lane: string, entry: InstanceEntry): void {
    const { instanceId, startMs, endMs, repeat } = entry;
    const key = `${instanceId} ${lane}`;
    let from = Math.max(startMs, repeat > 1 ? 0 : (this.followed.covered.get(key) ?? 0));
    const least = this.minimumEnd(lane, entry);
    const end = Math.max(endMs, least);
    while (from < end) {
      const period = this.periods.at(from);
      const quantum = period.meters.find((meter) => meter.lane === lane)?.quantumMs;
      const stop = Math.min(end, quantum === undefined ? period.endMs : Math.max(period.endMs, least));
      const blocks = quantum === undefined ? 0 : Math.ceil((stop - from) / quantum);
      this.tally.add(period, lane, BigInt(blocks) * BigInt(quantum ?? 0) * BigInt(repeat));
      from = quantum === undefined ? stop : from + blocks * quantum;
    }
    if (repeat === 1) this.followed.covered.set(key, from);
  }

  /** A start counts at least as long as the minimum, from when it began. */
  private minimumEnd(lane: string, { startMs, begunMs = startMs }: InstanceEntry): number {
    const meter = this.periods.at(begunMs).meters.find((one) => one.lane === lane);
    return begunMs + (meter?.minimumMs ?? 0);
  }

  /** Lets go of what can not matter any more. */
  private forget(nowMs: number): void {
    for (const [key, untilMs] of this.followed.covered)
      if (untilMs <= nowMs) this.followed.covered.delete(key);
    for (const [key, { endMs }] of this.followed.streams)
      if (nowMs - endMs > MAX_RECORD_MS) this.followed.streams.delete(key);
    this.room = Math.max(SWEEP_OUT, 2 * Math.max(this.followed.covered.size, this.followed.streams.size));
  }
}

function readinessOf({ readyMs: atMs, readyOffsetMs: offsetMs }: RequestEntry): Readiness | undefined {
  return atMs === undefined || offsetMs === undefined ? undefined : { atMs, offsetMs };
}

/** What counts of a request alone: by the plan that is in force where it begins. */
function billableTime(request: Interval, { plan }: Period, ready: Readiness | undefined): Interval {
  return withoutColdStart(request, plan.coldStart === 'free' ? ready : undefined);
}

const OF_INSTANCES: ReadonlySet<string> = new Set(['instance_time', 'gpu_time']);
