import { setTimeout as pause } from 'node:timers/promises';
import { TenantRate, type Clock, type Rate } from '#libs/domain';

/** A rate of each organization at one process: what comes faster waits for its time, and only so many wait. */
export class Pace {
  private readonly rate: TenantRate;
  private readonly held = new Map<string, number>();

  constructor(
    rate: Rate,
    private readonly waiting: number,
    private readonly clock: Clock,
  ) {
    this.rate = new TenantRate(rate);
  }

  /** Resolves when one more of the organization may go on: true; false at once when too many wait. */
  async keep(organizationId: string): Promise<boolean> {
    const now = this.clock.now();
    const verdict = this.rate.judge(organizationId, now);
    const held = this.held.get(organizationId) ?? 0;
    if (!verdict.allowed && held >= this.waiting) return false;
    this.rate.use(organizationId, now);
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
}
