import { mayRemoveDerived, type Clock, type Id } from '#libs/domain';

/** What to do with a tombstone that Towpath derived itself. */
export type RemovalVerdict = 'go' | 'wait' | 'held';

/** Removals this close together count as one wave. */
const WAVE_MS = 10 * 60_000;

/**
 * The agent's own look at derived removals (design D2). A derived tombstone first waits until no other has come for a
 * while, so that a wave is seen whole; a wave of more than a fifth and at least ten services is held until a
 * customer's or operator's tombstone comes, or the target comes back.
 */
export class RemovalGuard {
  private readonly pending = new Map<Id<'svc'>, number>();
  private readonly held = new Set<Id<'svc'>>();
  private readonly asked = new Map<Id<'svc'>, number>();
  private done: number[] = [];

  constructor(
    private readonly clock: Clock,
    readonly settleMs: number,
  ) {}

  /** A derived tombstone came in for the service. */
  note(serviceId: Id<'svc'>): void {
    if (!this.pending.has(serviceId)) this.pending.set(serviceId, this.clock.now());
  }

  /**
   * How long an operator's removal still waits: the service is served elsewhere by then, and a request that a gateway had
   * sent here before it knew has its answer.
   */
  graceOf(serviceId: Id<'svc'>): number {
    const now = this.clock.now();
    const since = this.asked.get(serviceId) ?? now;
    this.asked.set(serviceId, since);
    return Math.max(0, since + this.settleMs - now);
  }

  /** The service was removed, or is wanted again. */
  settle(serviceId: Id<'svc'>, removed: boolean): void {
    this.held.delete(serviceId);
    this.asked.delete(serviceId);
    if (this.pending.delete(serviceId) && removed) this.done.push(this.clock.now());
  }

  /** @param services how many services this cluster holds now, those with a tombstone included */
  verdict(serviceId: Id<'svc'>, services: number): RemovalVerdict {
    const now = this.clock.now();
    this.done = this.done.filter((time) => now - time < WAVE_MS);
    if (this.held.has(serviceId)) return 'held';
    if (now - Math.max(0, ...this.pending.values()) < this.settleMs) return 'wait';
    if (mayRemoveDerived(services + this.done.length, this.pending.size + this.done.length)) return 'go';
    // The whole wave stays held: it must not slip through when a few of it are settled otherwise.
    for (const id of this.pending.keys()) this.held.add(id);
    return 'held';
  }

  get heldCount(): number {
    return this.held.size;
  }
}
