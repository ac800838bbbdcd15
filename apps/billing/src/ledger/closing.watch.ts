import { LEDGER_WINDOW_MS, closingOf, ledgerWindowOf, type Clock, type ClosingTime } from '#libs/domain';
import { findProducers, type Database } from '#libs/store';

/** How long windows wait: for late records, and for gateways that say nothing. */
export interface ClosingTimes {
  graceMs: number;
  patienceMs: number;
}

/** Tells by what hours close: how far what was taken in has come, and each gateway's reports. */
export class ClosingWatch {
  constructor(
    private readonly db: Database,
    private readonly takenIn: { look(): Promise<number> },
    private readonly times: ClosingTimes,
    private readonly clock: Clock,
  ) {}

  async look(): Promise<ClosingTime> {
    const { db, takenIn, times, clock } = this;
    const takenInToMs = await takenIn.look();
    const producers = await db.asSystem(findProducers);
    const { graceMs, patienceMs } = times;
    return { graceMs, patienceMs, nowMs: clock.now(), takenInToMs, producers };
  }
}

/** Every window that begins before then may close; what may not is waited for in the order of time. */
export function closableBefore(at: ClosingTime): number {
  let endMs = ledgerWindowOf(at.nowMs - at.graceMs);
  // Beyond the patience nothing is waited for, and what was silent longer is not: this ends.
  const never = endMs - at.patienceMs - 2 * LEDGER_WINDOW_MS;
  while (endMs > never && !closingOf(endMs - LEDGER_WINDOW_MS, at).closes) endMs -= LEDGER_WINDOW_MS;
  return endMs > never ? endMs : 0;
}
