import type { Quantities } from './meters.js';
import type { Period } from './periods.js';

/** What was used so far, by period and lane: exact integers. */
export class Tally {
  private readonly byPeriod = new Map<Period, Map<string, bigint>>();
  private period: Period | undefined;
  private lanes = new Map<string, bigint>();

  add(period: Period, lane: string, quantity: bigint): void {
    if (!period.asked || quantity === 0n) return;
    if (period !== this.period) this.open(period);
    this.lanes.set(lane, (this.lanes.get(lane) ?? 0n) + quantity);
  }

  *entries(): Iterable<[Period, Quantities]> {
    yield* this.byPeriod;
  }

  private open(period: Period): void {
    this.period = period;
    this.lanes = this.byPeriod.get(period) ?? new Map<string, bigint>();
    this.byPeriod.set(period, this.lanes);
  }
}
