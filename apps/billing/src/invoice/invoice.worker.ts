import type { Clock, Id, Random } from '#libs/domain';
import { Loop, crashPoint, type Health, type Logger } from '#libs/process';
import { findOpenMonths, whileHeld, type Database, type Lease, type LeaseKeeper } from '#libs/store';
import type { BillingMetrics } from '../billing.metrics.js';
import { closableBefore, type ClosingWatch } from '../ledger/closing.watch.js';
import { invoiceMonth } from './invoice.month.js';

export const INVOICE_LEASE = 'billing-invoices';
const LOOK_MS = 5_000;
/** After a look of d ms it rests this many times d. */
const REST = 4;
/** When there was nothing to do: months do not end often, and every organization is looked at. */
const IDLE_MS = 60_000;
/** Months in one look. */
const MOST = 200;

export interface InvoiceTerms {
  /** How long after its end a month takes in late records before it is invoiced. */
  graceMs: number;
  /** How long after it is issued an invoice is past due. */
  dueMs: number;
  /** How long after that its organization is suspended; absent: never. */
  suspendAfterMs?: number | undefined;
  /** The name of who sells, on invoices and in FOCUS; absent: none. */
  seller?: string | undefined;
}

/** What it works with. */
export interface InvoiceParts {
  db: Database;
  leases: Pick<LeaseKeeper, 'holding' | 'lost'>;
  closing: ClosingWatch;
  metrics: BillingMetrics;
  health: Health;
  clock: Clock;
  random: Random;
  logger: Logger;
}

/** Makes the invoices of months that are over, while this process holds their lease. */
export class InvoiceWorker {
  private readonly loop: Loop;
  private restUntil = 0;

  constructor(
    private readonly parts: InvoiceParts,
    private readonly terms: InvoiceTerms,
  ) {
    this.loop = new Loop('invoices', LOOK_MS, (signal) => this.look(signal), parts.logger);
  }

  start(): void {
    this.loop.start();
  }

  /** Looks at once, however long it meant to rest. */
  wake(): void {
    this.restUntil = 0;
    this.loop.wake();
  }

  stop(): Promise<void> {
    return this.loop.stop();
  }

  /** Closes what may be closed, unless it is to rest. */
  async look(signal: AbortSignal): Promise<void> {
    const lease = this.parts.leases.holding(INVOICE_LEASE);
    const began = this.parts.clock.now();
    // whoever holds it now says how it is
    if (!lease) return this.parts.health.set('invoices', true);
    if (began < this.restUntil) return;
    // Hours of which nothing came yet have no row that waits: a month is whole when every hour of it, used or not, may close.
    const closable = closableBefore(await this.parts.closing.look());
    const beforeMs = Math.min(began - this.terms.graceMs, closable);
    const open = await this.parts.db.asSystem((tx) => findOpenMonths(tx, beforeMs, MOST));
    const failures: unknown[] = [];
    for (const one of open) {
      if (signal.aborted || !this.parts.leases.holding(INVOICE_LEASE)) return;
      // One organization's trouble keeps no other from its invoice.
      await this.close(lease, one).catch((error: unknown) => failures.push(error));
    }
    const ended = this.parts.clock.now();
    this.restUntil = ended + (open.length === 0 ? IDLE_MS : REST * (ended - began));
    const fine = failures.length === 0;
    this.parts.health.set('invoices', fine, fine ? '' : 'a month cannot be invoiced');
    if (!fine) throw failures[0];
  }

  private async close(lease: Lease, of: { organizationId: Id<'org'>; month: string }): Promise<void> {
    const { dueMs, seller } = this.terms;
    const { db, clock, random, metrics } = this.parts;
    const invoices = await whileHeld(this.parts, lease, async (tx) => {
      const made = await invoiceMonth(tx, of, { now: clock.now(), dueMs, seller, random });
      if (made.length > 0) crashPoint('billing.invoiced');
      return made;
    });
    if (invoices === undefined || invoices.length === 0) return;
    crashPoint('billing.finalized');
    metrics.madeInvoices(invoices.length);
    await db.notify('outbox');
  }
}
