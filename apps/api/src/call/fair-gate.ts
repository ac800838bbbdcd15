import { FairLine, TowpathError, type Clock, type FairLimits } from '#libs/domain';
import type { Metrics } from '#libs/process';
import { Pace } from './pace.js';

/** What one organization may ask of one api process, and what all may together. */
export interface GateLimits extends FairLimits {
  waiting: number;
  /** Transactions a second of one organization; two seconds' worth may come at once. */
  perSecond: number;
  /** Deploys a minute of one organization; one at a time, and ten seconds' worth wait. */
  deploysPerMinute: number;
}

const BURST_SECONDS = 2;
/** Seconds after which a refused caller may try again: by then its line has moved. */
const RETRY_AFTER_SECONDS = 1;
/** One after the other: a burst of deploys is what the next one of somebody else waits behind. */
const DEPLOY_BURST = 1;
/** As long as one may be held back before it is refused. */
const DEPLOY_WAIT_SECONDS = 10;
/** Refusals of one organization: a caller that tries again at once would take the processor from all others. */
const REFUSALS = { burst: 20, everyMs: 100 };

/**
 * Where the organizations share the database, this process and what works for deploys behind it: so many transactions
 * a second of one organization, so many at a time, so many deploys a minute, and turns among those that wait. What
 * comes faster waits; what its line does not hold is refused, and who is refused often waits for that too; nobody else
 * waits longer because of it.
 */
export class FairGate {
  private readonly line: FairLine<() => void>;
  private readonly transactions: Pace;
  private readonly deploys: Pace;
  private readonly refusals: Pace;
  private readonly refused;
  private readonly waiting;

  constructor(
    private readonly limits: GateLimits,
    clock: Clock,
    metrics: Metrics,
  ) {
    this.line = new FairLine(limits);
    const { perSecond, waiting, deploysPerMinute } = limits;
    const rate = { burst: perSecond * BURST_SECONDS, everyMs: 1_000 / perSecond };
    this.transactions = new Pace(rate, waiting, clock);
    const deploys = { burst: DEPLOY_BURST, everyMs: 60_000 / deploysPerMinute };
    this.deploys = new Pace(deploys, Math.ceil((deploysPerMinute * DEPLOY_WAIT_SECONDS) / 60), clock);
    this.refusals = new Pace(REFUSALS, waiting, clock);
    this.refused = metrics.counter(
      'towpath_api_refused_total',
      'Requests refused because too many of the organization waited',
    );
    this.waiting = metrics.gauge('towpath_api_waiting', 'Transactions that wait for their turn');
  }

  /**
   * Runs the work when it is the organization's turn.
   * @param isDeploy whether it begins an operation: what that costs behind the API is far more than its transaction
   * @throws TowpathError RATE_LIMITED when too much of the organization waits already
   */
  async run<T>(organizationId: string, work: () => Promise<T>, isDeploy = false): Promise<T> {
    if (!(await this.transactions.keep(organizationId))) await this.refuse(organizationId, this.tooMuch());
    if (isDeploy && !(await this.deploys.keep(organizationId)))
      await this.refuse(organizationId, this.tooManyDeploys());
    if (!(await this.turn(organizationId))) await this.refuse(organizationId, this.tooMuch());
    try {
      return await work();
    } finally {
      this.line.done(organizationId);
      this.pump();
    }
  }

  /** Resolves when it is the organization's turn: true; false at once when its line is full. */
  private turn(organizationId: string): Promise<boolean> {
    return new Promise((resolve) => {
      if (this.line.join(organizationId, () => resolve(true))) this.pump();
      else resolve(false);
    });
  }

  private async refuse(organizationId: string, error: TowpathError): Promise<never> {
    this.refused.inc();
    await this.refusals.keep(organizationId);
    throw error;
  }

  private pump(): void {
    for (let next = this.line.next(); next; next = this.line.next()) next.item();
    this.waiting.set(this.line.waiting);
  }

  private tooManyDeploys(): TowpathError {
    const message = `Your organization may begin ${this.limits.deploysPerMinute} deploys and other changes of services a minute.`;
    return new TowpathError('RATE_LIMITED', message, {
      nextStep: 'Put several changes into one, or try again.',
      retryAfterSeconds: DEPLOY_WAIT_SECONDS,
    });
  }

  private tooMuch(): TowpathError {
    const message = `Your organization has ${this.limits.waiting} requests waiting already.`;
    return new TowpathError('RATE_LIMITED', message, {
      nextStep: 'Send fewer at a time, or try again.',
      retryAfterSeconds: RETRY_AFTER_SECONDS,
    });
  }
}
