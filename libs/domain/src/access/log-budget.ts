import { judgeRate, type Rate } from './rate.rules.js';

/** Lines that may come at once, in seconds' worth of the rate. */
const BURST_SECONDS = 10;
const MAX_KNOWN = 10_000;

/**
 * How much one organization may write into its logs: so many lines a second, and ten seconds' worth at once. What is above
 * is dropped where it comes in, before it costs anybody else a place.
 */
export class LogBudget {
  private readonly emptyAt = new Map<string, number>();
  private readonly rate: Rate;

  constructor(readonly linesPerSecond: number) {
    this.rate = { burst: linesPerSecond * BURST_SECONDS, everyMs: 1_000 / linesPerSecond };
  }

  /** Whether one more line of the organization fits; `now` in UTC ms. A line that does not costs nothing. */
  take(organizationId: string, now: number): boolean {
    const verdict = judgeRate(this.rate, this.emptyAt.get(organizationId) ?? 0, now);
    if (!verdict.allowed) return false;
    if (this.emptyAt.size >= MAX_KNOWN) this.forget(now);
    this.emptyAt.set(organizationId, verdict.emptyAt);
    return true;
  }

  /** What a reader of the log is told in place of the lines. */
  note(dropped: number): string {
    const lines = dropped === 1 ? '1 line was' : `${dropped} lines were`;
    return `${lines} dropped here: an organization may write ${this.linesPerSecond} lines a second.`;
  }

  /** Of whom nothing counts any more nothing needs to be known. */
  private forget(now: number): void {
    for (const [organizationId, at] of this.emptyAt) if (at <= now) this.emptyAt.delete(organizationId);
  }
}
