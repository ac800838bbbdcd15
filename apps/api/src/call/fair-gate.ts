import { FairLine, TowpathError, type FairLimits } from '#libs/domain';
import type { Metrics } from '#libs/process';

/** Seconds after which a refused caller may try again: by then its line has moved. */
const RETRY_AFTER_SECONDS = 1;

/**
 * Where the organizations share the database: so many transactions at a time, so many of one organization, and turns among
 * those that wait. One that sends more than its line holds is refused; nobody else waits longer because of it.
 */
export class FairGate {
  private readonly line: FairLine<() => void>;
  private readonly refused;
  private readonly waiting;

  constructor(
    private readonly limits: FairLimits & { waiting: number },
    metrics: Metrics,
  ) {
    this.line = new FairLine(limits);
    this.refused = metrics.counter(
      'towpath_api_refused_total',
      'Requests refused because too many of the organization waited',
    );
    this.waiting = metrics.gauge('towpath_api_waiting', 'Transactions that wait for their turn');
  }

  /**
   * Runs the work when it is the organization's turn.
   * @throws TowpathError RATE_LIMITED when too much of the organization waits already
   */
  async run<T>(organizationId: string, work: () => Promise<T>): Promise<T> {
    await this.turn(organizationId);
    try {
      return await work();
    } finally {
      this.line.done(organizationId);
      this.pump();
    }
  }

  private turn(organizationId: string): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.line.join(organizationId, resolve)) this.pump();
      else reject(this.tooMuch());
    });
  }

  private pump(): void {
    for (let next = this.line.next(); next; next = this.line.next()) next.item();
    this.waiting.set(this.line.waiting);
  }

  private tooMuch(): TowpathError {
    this.refused.inc();
    const message = `Your organization has ${this.limits.waiting} requests waiting already.`;
    return new TowpathError('RATE_LIMITED', message, {
      nextStep: 'Send fewer at a time, or try again.',
      retryAfterSeconds: RETRY_AFTER_SECONDS,
    });
  }
}
