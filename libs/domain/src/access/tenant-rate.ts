import { judgeRate, type Rate, type RateVerdict } from './rate.rules.js';

const MAX_KNOWN = 10_000;

/** One rate for each organization, in the memory of one process. Times in UTC ms. */
export class TenantRate {
  /** When nothing of an organization's past counts any more. */
  private readonly emptyAt = new Map<string, number>();

  constructor(private readonly rate: Rate) {}

  /** What one more use by the organization would come to; counts nothing. */
  judge(organizationId: string, now: number): RateVerdict {
    return judgeRate(this.rate, this.emptyAt.get(organizationId) ?? 0, now);
  }

  /** Counts one more use, also one that has to wait for its time. */
  use(organizationId: string, now: number): void {
    if (this.emptyAt.size >= MAX_KNOWN) this.forget(now);
    const emptyAt = Math.max(this.emptyAt.get(organizationId) ?? 0, now);
    this.emptyAt.set(organizationId, emptyAt + this.rate.everyMs);
  }

  /** Of whom nothing counts any more nothing needs to be known. */
  private forget(now: number): void {
    for (const [organizationId, at] of this.emptyAt) if (at <= now) this.emptyAt.delete(organizationId);
  }
}
