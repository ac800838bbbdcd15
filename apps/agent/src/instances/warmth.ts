import { LONGEST_COLD_MS, type ColdSpan } from '#libs/domain';
import type { InstanceState } from '../drivers/driver.js';

/** Remembers which revisions have a ready instance, and since when the others have none. */
export class Warmth {
  private warm: ReadonlySet<string> = new Set();
  /** When the last ready instance of a revision was gone. */
  private readonly coldSince = new Map<string, number>();
  /** Nothing is known of before. */
  private firstMs: number | undefined;

  /** What is there now; of revisions that had nothing ready before, the span without, with the first that is ready. */
  look(instances: readonly InstanceState[], now: number): Map<InstanceState, ColdSpan> {
    const first = firstReady(instances);
    const ended = new Map<InstanceState, ColdSpan>();
    for (const [revisionId, instance] of first) {
      const span = this.warm.has(revisionId) ? undefined : this.spanOf(revisionId, now);
      if (span !== undefined) ended.set(instance, span);
      this.coldSince.delete(revisionId);
    }
    this.cool(first, now);
    this.firstMs ??= now;
    return ended;
  }

  private cool(first: ReadonlyMap<string, unknown>, now: number): void {
    for (const revisionId of this.warm) if (!first.has(revisionId)) this.coldSince.set(revisionId, now);
    this.warm = new Set(first.keys());
    for (const [revisionId, sinceMs] of this.coldSince)
      if (now - sinceMs > LONGEST_COLD_MS) this.coldSince.delete(revisionId);
  }

  private spanOf(revisionId: string, readyMs: number): ColdSpan | undefined {
    if (this.firstMs === undefined) return undefined;
    const since = this.coldSince.get(revisionId) ?? this.firstMs;
    const sinceMs = Math.max(since, readyMs - LONGEST_COLD_MS);
    return sinceMs < readyMs ? { sinceMs, readyMs } : undefined;
  }
}

/** Of each revision that has one. */
function firstReady(instances: readonly InstanceState[]): Map<string, InstanceState> {
  const first = new Map<string, InstanceState>();
  for (const one of instances) if (one.isReady && !first.has(one.revisionId)) first.set(one.revisionId, one);
  return first;
}
