import type { Clock } from '#libs/domain';

/** Even a request too short for the clock is demand. */
const TRACE_OF_DEMAND = 0.01;

/** Measures the mean number of requests in flight or waiting, weighted by time. */
export class DemandMeter {
  private inFlight = 0;
  private area = 0;
  private arrivals = 0;
  private since: number;
  private changedAt: number;

  constructor(private readonly clock: Clock) {
    this.since = this.changedAt = clock.now();
  }

  get current(): number {
    return this.inFlight;
  }

  begin(): void {
    this.settle(this.clock.now());
    this.inFlight += 1;
    this.arrivals += 1;
  }

  end(): void {
    this.settle(this.clock.now());
    this.inFlight -= 1;
  }

  /** The mean since the last call. */
  take(): number {
    const now = this.clock.now();
    this.settle(now);
    const span = now - this.since;
    const mean = span > 0 ? this.area / span : this.inFlight;
    const trace = this.arrivals > 0 ? TRACE_OF_DEMAND : 0;
    this.area = 0;
    this.arrivals = 0;
    this.since = now;
    return Math.max(mean, trace);
  }

  private settle(now: number): void {
    this.area += this.inFlight * Math.max(0, now - this.changedAt);
    this.changedAt = now;
  }
}
