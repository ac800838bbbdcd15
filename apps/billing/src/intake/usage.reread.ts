import { restartBillingConsumer, type Bus } from '#libs/bus';
import type { Logger } from '#libs/process';
import { mustRereadUsage, underLease, usageIsReread, type Database, type Lease } from '#libs/store';

/**
 * After a restore the rows lack usage that was taken in and acknowledged since the copy. The stream holds a week of it:
 * all of it is delivered again, and what is there already changes nothing (producer and position).
 */
export class UsageReread {
  constructor(
    private readonly db: Database,
    private readonly bus: Bus,
    private readonly logger: Logger,
  ) {}

  /** The mark is cleared last: cut off anywhere, it happens again. */
  async ifAsked(lease: Lease): Promise<void> {
    try {
      if (!(await this.db.asSystem(mustRereadUsage))) return;
      await restartBillingConsumer(this.bus);
      await underLease(this.db, lease, usageIsReread);
      this.logger.warn('the rows were restored from a copy: usage of the last week is read again');
    } catch (error) {
      this.logger.warn({ err: error }, 'usage could not be read again; tried at the next change of leases');
    }
  }
}
