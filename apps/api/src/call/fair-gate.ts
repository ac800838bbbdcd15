import { setTimeout as pause } from 'node:timers/promises';
import { FairLine, TowpathError, judgeRate, type Clock, type FairLimits, type Rate } from '#libs/domain';
import type { Metrics } from '#libs/process';

/** What one organization may ask of one api process, and what all may together. */
export interface GateLimits extends FairLimits {
  waiting: number;
  /** Transactions a second of one organization; two seconds' worth may come at once. */
  perSecond: number;
}

const BURST_SECONDS = 2;
/** Seconds after which a refused caller may try again: by then its line has moved. */
const RETRY_AFTER_SECONDS = 1;
const MAX_KNOWN = 10_000;

/**
 * Where the organizations share the database and this process: so many transactions a second of one organization, so many at
 * a time, and turns among those that wait. What comes faster waits; what its line does not hold is refused; nobody else
 * waits longer because of it.
 */
export class FairGate {
  private readonly line: FairLine<() => void>;
  private readonly rate: Rate;
  /** When nothing of an organization's past counts any more, UTC ms. */
  private readonly emptyAt = new Map<string, number>();
  private readonly held = new Map<string, number>();
  private readonly refused;
  private readonly waiting;

  constructor(
    private readonly limits: GateLimits,
    private readonly clock: Clock,
    metrics: Metrics,
  ) {
    this.line = new FairLine(limits);
    const { perSecond } = limits;
    this.rate = { burst: perSecond * BURST_SECONDS, everyMs: 1_000 / perSecond };
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
    await this.pace(organizationId);
    await this.turn(organizationId);
    try {
      return await work();
    } finally {
      this.line.done(organizationId);
      this.pump();
    }
  }

  /** Holds back what comes faster than the organization's rate. */
  private async pace(organizationId: string): Promise<void> {
    const now = this.clock.now();
    const emptyAt = this.emptyAt.get(organizationId) ?? 0;
    const verdict = judgeRate(this.rate, emptyAt, now);
    const held = this.held.get(organizationId) ?? 0;
    if (!verdict.allowed && held >= this.limits.waiting) throw this.tooMuch();
    if (this.emptyAt.size >= MAX_KNOWN) this.forget(now);
    this.emptyAt.set(organizationId, Math.max(emptyAt, now) + this.rate.everyMs);
    if (verdict.allowed) return;
    this.held.set(organizationId, held + 1);
    try {
      await pause(verdict.retryAfterMs);
    } finally {
      const left = (this.held.get(organizationId) ?? 1) - 1;
      if (left > 0) this.held.set(organizationId, left);
      else this.held.delete(organizationId);
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

  private forget(now: number): void {
    for (const [organizationId, at] of this.emptyAt) if (at <= now) this.emptyAt.delete(organizationId);
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
