import { LONGEST_COLD_MS, type ColdSpan } from '#libs/domain';
import type { InstanceState } from '../drivers/driver.js';

/** Remembers which revisions have a ready instance, and since when the others have none. */
export class Warmth {
  private warm: ReadonlySet<string> = new Set();
  /** When the last ready instance of a revision was gone. */
  private readonly coldSince = new Map<string, number>();
  /** Nothing is known of before. */
  private firstMs: number | undefined;

  /**
   * What is there now; of revisions that had nothing ready before, the span without, with the first that is ready. Nothing is told of
   * before `seenSinceMs`: since then every change was seen.
   */
  look(instances: readonly InstanceState[], now: number, seenSinceMs: number): Map<InstanceState, ColdSpan> {
    const first = firstReady(instances);
    const ended = new Map<InstanceState, ColdSpan>();
    for (const [revisionId, instance] of first) {
      const since = this.warm.has(revisionId) ? Infinity : this.sinceOf(revisionId);
      const span = spanOf(Math.max(since, seenSinceMs), Math.min(now, instance.readyAt));
      if (span !== undefined) ended.set(instance, span);
      this.coldSince.delete(revisionId);
    }
    this.cool(first, now);
    this.firstMs ??= now;
    return ended;
  }

  private sinceOf(revisionId: string): number {
    return this.coldSince.get(revisionId) ?? this.firstMs ?? Infinity;
  }

  private cool(first: ReadonlyMap<string, unknown>, now: number): void {
    for (const revisionId of this.warm) if (!first.has(revisionId)) this.coldSince.set(revisionId, now);
    this.warm = new Set(first.keys());
    for (const [revisionId, sinceMs] of this.coldSince)
      if (now - sinceMs > LONGEST_COLD_MS) this.coldSince.delete(revisionId);
  }
}

/** None where it would be empty. */
function spanOf(seenMs: number, readyMs: number): ColdSpan | undefined {
  const sinceMs = Math.max(seenMs, readyMs - LONGEST_COLD_MS);
  return sinceMs < readyMs ? { sinceMs, readyMs } : undefined;
}

type Ready = InstanceState & { readyAt: number };
const isReady = (one: InstanceState): one is Ready => one.readyAt !== undefined;

/** Of each revision that has one. */
function firstReady(instances: readonly InstanceState[]): Map<string, Ready> {
  const first = new Map<string, Ready>();
  for (const one of instances.filter(isReady)) {
    const { readyAt = Infinity } = first.get(one.revisionId) ?? {};
    if (one.readyAt < readyAt) first.set(one.revisionId, one);
  }
  return first;
}
