import type { Id, InstanceInterval } from '#libs/domain';
import type { InstanceState } from '../drivers/driver.js';
import { Warmth } from './warmth.js';

const FIRST_MS = 1_000;
/** An instance that runs is told again at least so often: what a crash of the agent can cost of each. */
export const LONGEST_SILENCE_MS = 60_000;
/** Ended instances that are kept while they cannot be told. */
export const KEPT = 50_000;

/** Ended ones that are kept, of those that were told, until the clock is measured: with some hubs it never is. */
const UNMEASURED = 1_000;

interface Running {
  interval: InstanceInterval;
  /** Up to when it was told. */
  toldMs: number;
  /** Whether the cold start that it ended was told with an offset, if it ended one. */
  toldCold: boolean;
}

export interface TrackerParts {
  clusterId: Id<'cls'>;
  /** Undefined while nobody knows. */
  ownerOf: (serviceId: Id<'svc'>) => Id<'org'> | undefined;
  /** By how much the agent's clock is ahead of the hub's, ms; undefined while it is not measured. */
  offsetMs: () => number | undefined;
  /** One that ended was dropped: too many wait. */
  onDropped: () => void;
}

/**
 * Remembers of each instance how long it was seen to run, until that is told. What is told grows and never shrinks, so the
 * same may be told again.
 */
export class InstanceTracker {
  private readonly running = new Map<string, Running>();
  private readonly over = new Map<string, InstanceInterval>();
  /** Ended and told, but for the offset of their cold starts. */
  private readonly unmeasured = new Map<string, InstanceInterval>();
  private readonly warmth = new Warmth();

  constructor(private readonly parts: TrackerParts) {}

  /**
   * What runs now; what ran before and is not among it has ended. Every change since `seenSinceMs` (UTC ms) was seen.
   * @returns whether a cold start has ended
   */
  look(instances: readonly InstanceState[], now: number, seenSinceMs: number): boolean {
    const seen = new Set<string>();
    const cold = this.warmth.look(instances, now, seenSinceMs);
    for (const instance of instances) {
      const key = keyOf(instance.uid, instance.startedAt);
      const known = this.running.get(key) ?? this.begin(key, instance);
      if (known === undefined) continue;
      seen.add(key);
      known.interval.untilMs = Math.max(known.interval.untilMs, now);
      const span = cold.get(instance);
      if (span !== undefined) known.interval.cold ??= span;
    }
    for (const [key, { interval }] of this.running) {
      if (seen.has(key)) continue;
      this.running.delete(key);
      this.keep({ ...interval, untilMs: Math.max(interval.untilMs, now), ended: true });
    }
    return cold.size > 0;
  }

  /** What is to be told: what ended, and what runs and was not told for a second, two, four …, at last a minute. */
  due(): InstanceInterval[] {
    this.measure();
    const due = [...this.running.values()].filter(({ interval, toldMs, toldCold }) => {
      const { startMs, untilMs, cold } = interval;
      if (cold?.offsetMs !== undefined && !toldCold) return true;
      const silence = Math.min(LONGEST_SILENCE_MS, Math.max(FIRST_MS, toldMs - startMs));
      return untilMs - toldMs >= silence;
    });
    return [...this.over.values(), ...due.map(({ interval }) => ({ ...interval }))];
  }

  /** The hub has it. */
  told(intervals: readonly InstanceInterval[]): void {
    for (const { instanceId, startMs, untilMs, cold } of intervals) {
      const key = keyOf(instanceId, startMs);
      const over = this.over.get(key);
      if (over !== undefined && over.untilMs <= untilMs) {
        this.over.delete(key);
        if (isUnmeasured(over)) this.await(key, over);
      }
      const running = this.running.get(key);
      if (running === undefined) continue;
      running.toldMs = Math.max(running.toldMs, untilMs);
      running.toldCold ||= cold?.offsetMs !== undefined;
    }
  }

  /** Everything that the hub may not have. */
  untold(): InstanceInterval[] {
    this.measure();
    const growing = [...this.running.values()].filter(
      ({ interval, toldMs, toldCold }) =>
        interval.untilMs > toldMs || (interval.cold !== undefined && !toldCold),
    );
    return [
      ...this.over.values(),
      ...this.unmeasured.values(),
      ...growing.map(({ interval }) => ({ ...interval })),
    ];
  }

  /** Tells these too: a former run of the agent could not. */
  restore(intervals: readonly InstanceInterval[]): void {
    for (const interval of intervals) this.keep(interval);
  }

  private begin(key: string, instance: InstanceState): Running | undefined {
    const { serviceId, revisionId, uid: instanceId, startedAt } = instance;
    const organizationId = this.parts.ownerOf(serviceId);
    if (organizationId === undefined) return undefined;
    const { clusterId } = this.parts;
    const of = { clusterId, organizationId, serviceId, revisionId, instanceId };
    const running = {
      interval: { ...of, startMs: startedAt, untilMs: startedAt, ended: false },
      toldMs: startedAt,
      toldCold: false,
    };
    this.running.set(key, running);
    return running;
  }

  /** Says of spans that could not be compared with the hub's clock how far it is off, as soon as that is known. */
  private measure(): void {
    const offsetMs = this.parts.offsetMs();
    if (offsetMs === undefined) return;
    for (const [key, interval] of this.unmeasured) this.over.set(key, interval);
    this.unmeasured.clear();
    for (const [key, interval] of this.over) this.over.set(key, withOffset(interval, offsetMs));
    for (const running of this.running.values()) running.interval = withOffset(running.interval, offsetMs);
  }

  private await(key: string, interval: InstanceInterval): void {
    this.unmeasured.set(key, interval);
    const [oldest] = this.unmeasured.keys();
    if (this.unmeasured.size > UNMEASURED && oldest !== undefined) this.unmeasured.delete(oldest);
  }

  private keep(interval: InstanceInterval): void {
    this.over.set(keyOf(interval.instanceId, interval.startMs), interval);
    if (this.over.size <= KEPT) return;
    for (const [oldest] of this.over) {
      this.over.delete(oldest);
      this.parts.onDropped();
      return;
    }
  }
}

const isUnmeasured = ({ cold }: InstanceInterval): boolean =>
  cold !== undefined && cold.offsetMs === undefined;

function withOffset(interval: InstanceInterval, offsetMs: number): InstanceInterval {
  const { cold } = interval;
  return cold === undefined || cold.offsetMs !== undefined
    ? interval
    : { ...interval, cold: { ...cold, offsetMs } };
}

const keyOf = (instanceId: string, startMs: number): string => `${startMs} ${instanceId}`;
