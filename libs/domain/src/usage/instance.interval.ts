import type { Id } from '../id.js';
import { MAX_CLOCK_OFFSET_MS } from './cold.start.js';
import { MAX_AHEAD_MS, MAX_RECORD_MS, type QuarantineReason, type UsageContext } from './usage.validation.js';

/**
 * How long one instance has run, as far as its agent has seen. Identity is (cluster, instance, start); of several with one
 * identity the longest is true, so they may come in any order, any number of times.
 */
export interface InstanceInterval {
  clusterId: Id<'cls'>;
  organizationId: Id<'org'>;
  serviceId: Id<'svc'>;
  revisionId: Id<'rev'>;
  /** Unique in its cluster, and names nobody: it is kept after an erasure. */
  instanceId: string;
  /** [startMs, untilMs) by the agent's clock; may be empty. */
  startMs: number;
  untilMs: number;
  /** Whether its end was seen; else it was last seen at `untilMs`. */
  ended: boolean;
  /** Of the first that was ready after its revision had none in the cluster. */
  cold?: ColdSpan;
}

/** A span in which a revision had no ready instance in a cluster, as far as its agent saw, by the agent's clock. */
export interface ColdSpan {
  sinceMs: number;
  readyMs: number;
  /** By how much that clock is ahead of the hub's, as measured; absent: it was not. */
  offsetMs?: number;
}

/** No request waits longer: what an agent tells of a cold start begins at most so long before its end. */
export const LONGEST_COLD_MS = MAX_RECORD_MS;

/** The same span by the hub's clock; undefined where the clocks are too far apart to tell. */
export function coldByHub({ cold }: InstanceInterval): Pick<ColdSpan, 'sinceMs' | 'readyMs'> | undefined {
  if (cold?.offsetMs === undefined || Math.abs(cold.offsetMs) >= MAX_CLOCK_OFFSET_MS) return undefined;
  return { sinceMs: cold.sinceMs - cold.offsetMs, readyMs: cold.readyMs - cold.offsetMs };
}

/** What says that it ran longer has a wrong clock, unless an operator says otherwise. */
export const MAX_INSTANCE_MS = 1_000 * 86_400_000;

/** Whether a cluster was asked to hold a service; `removedMs`: it said by then that nothing of it is left. */
export interface HeldUntil {
  removedMs?: number | undefined;
}

/**
 * Checks an interval against what is known; `held` absent: the cluster was never asked to hold the service. `sender` is the cluster that sent it, as the bus's permissions prove; absent when
 * an operator released it, whose word that is then, and how long it ran.
 * @returns undefined when it may be stored, else the first reason to quarantine it
 */
export function intervalQuarantineReason(
  interval: InstanceInterval,
  context: Pick<UsageContext, 'revision' | 'nowMs'> & {
    hasService: boolean;
    sender: string | undefined;
    held: HeldUntil | undefined;
  },
): QuarantineReason | undefined {
  const { clusterId, instanceId, serviceId } = interval;
  if (!/^[\x20-\x7e]{1,200}$/.test(instanceId)) return 'malformed';
  if (context.sender !== undefined && context.sender !== clusterId) return 'foreign_sender';
  if (!context.hasService) return 'unknown_service';
  if (context.revision?.serviceId !== serviceId) return 'unknown_revision';
  if (context.sender !== undefined && !mayHaveRun(interval, context.held)) return 'foreign_sender';
  const longestMs = context.sender === undefined ? Infinity : MAX_INSTANCE_MS;
  return wrongTime(interval, context.nowMs, longestMs);
}

/** Nothing begins where nothing is held any more, by a clock that may be as far off as records may lie ahead. */
function mayHaveRun({ startMs }: InstanceInterval, held: HeldUntil | undefined): boolean {
  return held !== undefined && startMs <= (held.removedMs ?? Infinity) + MAX_AHEAD_MS;
}

function wrongTime(
  { startMs, untilMs, cold }: InstanceInterval,
  nowMs: number,
  longestMs: number,
): QuarantineReason | undefined {
  if (untilMs < startMs) return 'not_positive';
  if (cold !== undefined && (cold.readyMs <= cold.sinceMs || cold.readyMs > untilMs)) return 'not_positive';
  if (cold !== undefined && cold.readyMs - cold.sinceMs > LONGEST_COLD_MS) return 'too_long';
  if (untilMs > nowMs + MAX_AHEAD_MS) return 'from_the_future';
  return untilMs - startMs > longestMs ? 'too_long' : undefined;
}
