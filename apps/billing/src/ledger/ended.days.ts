import { dayOfInstant } from '#libs/domain';
import { daysToClose, type Tx } from '#libs/store';

/** Organizations whose day is ended at a look beside the others: at midnight it is everybody's. */
const DAYS_AT_ONCE = 500;
/** By then what was sealed before midnight has been committed. */
const COMMITTED_MS = 10 * 60_000;

/** Knows when the days before today have ended for everybody, so that it is not asked at every look. */
export class EndedDays {
  /** The day before which all days of everybody have ended. */
  private before = '';

  /** Organizations with a day that is over and has not ended. As the system. */
  async due(tx: Tx, nowMs: number): Promise<string[]> {
    const today = dayOfInstant(nowMs);
    if (today <= this.before) return [];
    const due = await daysToClose(tx, today, DAYS_AT_ONCE);
    if (due.length === 0 && dayOfInstant(nowMs - COMMITTED_MS) === today) this.before = today;
    return due;
  }
}
