import { TenantRate } from './tenant-rate.js';

/** Lines that may come at once, in seconds' worth of the rate. */
const BURST_SECONDS = 10;

/**
 * How much one organization may write into its logs: so many lines a second, and ten seconds' worth at once. What is above
 * is dropped where it comes in, before it costs anybody else a place.
 */
export class LogBudget {
  private readonly rate: TenantRate;

  constructor(readonly linesPerSecond: number) {
    this.rate = new TenantRate({ burst: linesPerSecond * BURST_SECONDS, everyMs: 1_000 / linesPerSecond });
  }

  /** Whether one more line of the organization fits; `now` in UTC ms. A line that does not costs nothing. */
  take(organizationId: string, now: number): boolean {
    if (!this.rate.judge(organizationId, now).allowed) return false;
    this.rate.use(organizationId, now);
    return true;
  }

  /** What a reader of the log is told in place of the lines. */
  note(dropped: number): string {
    const lines = dropped === 1 ? '1 line was' : `${dropped} lines were`;
    return `${lines} dropped here: an organization may write ${this.linesPerSecond} lines a second.`;
  }
}
