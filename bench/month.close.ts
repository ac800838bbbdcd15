import type { Id, Random } from '#libs/domain';
import { systemClock } from '#libs/process';
import { findOpenMonths, findUnsettled, underLease } from '#libs/store';
import { seededRandom } from '#libs/testing';
import { invoiceMonth } from '../apps/billing/src/invoice/invoice.month.js';
import { ledgerSigner } from '../apps/billing/src/ledger/ledger.signer.js';
import { closableBefore } from '../apps/billing/src/ledger/closing.watch.js';
import { settleOrganization } from '../apps/billing/src/ledger/settlement.js';
import type { BillingBed } from './billing.bed.js';

/** October 2026 is over, and so is the grace after it. */
const NOW = Date.UTC(2026, 10, 1, 2);
const GRACE_MS = 3_600_000;
const DUE_MS = 14 * 86_400_000;
/** As many as billing looks for at once. */
const MOST = 200;

/** Closes October as billing does, of all organizations. */
export class MonthClose {
  private readonly random: Random = seededRandom(1);

  constructor(private readonly bed: BillingBed) {}

  /** Closes their hours in the ledger; gives of how many organizations. */
  async settle(): Promise<number> {
    const { database, lease } = this.bed;
    const { random } = this;
    const at = { nowMs: NOW, graceMs: GRACE_MS, patienceMs: 0, takenInToMs: NOW, producers: [] };
    const beforeMs = closableBefore(at);
    const signer = await ledgerSigner(database.db, systemClock, Buffer.alloc(32, 7));
    const unsettled = await database.db.asSystem((tx) => findUnsettled(tx, beforeMs));
    for (const id of unsettled)
      await underLease(database.db, lease, (tx) =>
        settleOrganization(tx, id, beforeMs, at, { signer, random }),
      );
    return unsettled.length;
  }

  /** Makes their invoices; gives how many. */
  async invoice(): Promise<number> {
    let made = 0;
    for (let open = await this.open(); open.length > 0; open = await this.open())
      for (const one of open) made += (await this.close(one)) ? 1 : 0;
    return made;
  }

  private open(): Promise<{ organizationId: Id<'org'>; month: string }[]> {
    return this.bed.database.db.asSystem((tx) => findOpenMonths(tx, NOW - GRACE_MS, MOST));
  }

  private async close(one: { organizationId: Id<'org'>; month: string }): Promise<boolean> {
    const { database, lease } = this.bed;
    const options = { now: NOW, dueMs: DUE_MS, random: this.random };
    return (await underLease(database.db, lease, (tx) => invoiceMonth(tx, one, options))).length > 0;
  }
}

/** Nobody is invoiced for months before October, and everybody was there in September. */
export async function beginInOctober({ database }: BillingBed): Promise<void> {
  await database.query(`UPDATE organizations SET created_at = '2026-09-01'`);
  await database.query(`UPDATE invoicing SET since = '2026-10'`);
}
