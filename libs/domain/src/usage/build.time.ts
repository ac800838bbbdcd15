import type { Interval } from './usage.types.js';

/** A build is billed for so long at most (ms), however long it took: what its commands may take. So its cost has a bound before it begins. */
export const LONGEST_BUILD_MS = 1_800_000;

/** How a build ended, as its agent says. */
export interface EndedBuild {
  phase: 'running' | 'succeeded' | 'failed';
  /** Why it failed. */
  code?: string | undefined;
  /** By the agent's clock, UTC ms: of the attempt that came to an end; absent from agents that do not say it. */
  startedAt?: number | undefined;
  endedAt?: number | undefined;
}

/**
 * What of a build is billable: from its beginning to its end, also when the source was at fault; nothing of one that failed on
 * our side, and nothing of attempts that were cut off. As long as by the agent's clock, but no longer than the hub knew of it nor than
 * LONGEST_BUILD_MS; where that clock is off, moved to between when the hub asked for it and when it heard of its end.
 * @param known by the hub's clock: when it was asked for, and when its end was heard of
 */
export function billableBuild(
  { phase, code, startedAt, endedAt }: EndedBuild,
  known: Interval,
): Interval | undefined {
  const isBillable = phase === 'succeeded' || (phase === 'failed' && code === 'BUILD_FAILED');
  if (!isBillable || startedAt === undefined || endedAt === undefined) return undefined;
  const lastMs = Math.max(known.startMs + 1, known.endMs);
  const tookMs = Math.min(Math.max(endedAt - startedAt, 1), lastMs - known.startMs, LONGEST_BUILD_MS);
  const startMs = Math.min(Math.max(startedAt, known.startMs), lastMs - tookMs);
  return { startMs, endMs: startMs + tookMs };
}
