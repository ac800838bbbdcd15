import { setTimeout as pause } from 'node:timers/promises';
import { judgeRate, type Clock, type Rate } from '#libs/domain';

const MAX_KNOWN = 10_000;

/** A rate of each organization at one process: what comes faster waits for its time, and only so many wait. */
export class Pace {
  /** When nothing of an organization's past counts any more, UTC ms. */
  private readonly emptyAt = new Map<string, number>();
  private readonly held = new Map<string, number>();

  constructor(
    private readonly rate: Rate,
    private readonly waiting: number,
    private readonly clock: Clock,
  ) {}

  /** Resolves when one more of the organization may go on: true; false at once when too many wait. */
  async keep(organizationId: string): Promise<boolean> {
    const now = this.clock.now();
    const emptyAt = this.emptyAt.get(organizationId) ?? 0;
    const verdict = judgeRate(this.rate, emptyAt, now);
    const held = this.held.get(organizationId) ?? 0;
    if (!verdict.allowed && held >= this.waiting) return false;
    if (this.emptyAt.size >= MAX_KNOWN) this.forget(now);
    this.emptyAt.set(organizationId, Math.max(emptyAt, now) + this.rate.everyMs);
    if (verdict.allowed) return true;
    this.held.set(organizationId, held + 1);
    try {
      await pause(verdict.retryAfterMs);
    } finally {
      const left = (this.held.get(organizationId) ?? 1) - 1;
      if (left > 0) this.held.set(organizationId, left);
      else this.held.delete(organizationId);
    }
    return true;
  }

  private forget(now: number): void {
    for (const [organizationId, at] of this.emptyAt) if (at <= now) this.emptyAt.delete(organizationId);
  }
}
