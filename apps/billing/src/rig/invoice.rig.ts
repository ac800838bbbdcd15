import { newId, parseDecimal, type Invoice, type Random } from '#libs/domain';
import {
  findOpenMonths,
  listInvoices,
  listLedgerWindows,
  saveTerms,
  underLease,
  type Lease,
  type StoredInvoice,
} from '#libs/store';
import {
  SteppedClock,
  makeUsedRevision,
  seededRandom,
  testDatabase,
  usageOf,
  type TestDatabase,
  type UsedRevision,
} from '#libs/testing';
import type { IntakeResult } from '../intake/intake.worker.js';
import { invoiceMonth } from '../invoice/invoice.month.js';
import { ledgerSigner } from '../ledger/ledger.signer.js';
import { closableBefore } from '../ledger/closing.watch.js';
import { settleOrganization } from '../ledger/settlement.js';
import { BillingRig } from './billing.rig.js';

export const OCTOBER = Date.UTC(2026, 9, 10);
export const NOVEMBER = Date.UTC(2026, 10, 10);
/** When November can be invoiced. */
export const DECEMBER = Date.UTC(2026, 11, 1, 2);
const GRACE_MS = 3_600_000;

/** Months of organizations, closed step by step, by a clock that stands at the first of December 2026. */
export class InvoiceRig {
  readonly clock = new SteppedClock(DECEMBER);
  private position = 0;

  private constructor(
    readonly database: TestDatabase,
    public lease: Lease,
    readonly random: Random,
  ) {}

  static async start(seed: number): Promise<InvoiceRig> {
    const database = await testDatabase();
    await database.query(`UPDATE invoicing SET since = '2026-10'`);
    const billing = new BillingRig(database.db, new SteppedClock(DECEMBER));
    const lease = await billing.lease('invoices', 'me', 10_000_000_000);
    return new InvoiceRig(database, lease as Lease, seededRandom(seed));
  }

  /** A new life of billing: what the former held is not its own any more. */
  async again(): Promise<void> {
    this.lease = (await this.billing().lease('invoices', 'me again', 10_000_000_000)) as Lease;
  }

  stop(): Promise<void> {
    return this.database.drop();
  }

  /** An organization that was made in September; with a discount it has prices at which some seconds come to money. */
  async payer(discount?: string): Promise<UsedRevision> {
    const shape = { concurrency: 1, maxInstances: 10, timeoutSeconds: 300 };
    const of = await makeUsedRevision((sql, values) => this.database.query(sql, values), this.random, shape);
    const id = of.organizationId;
    await this.database.query(`UPDATE organizations SET created_at = '2026-09-01' WHERE id = $1`, [id]);
    if (discount !== undefined) await this.price(of, discount, { currency: 'USD', fromMs: 0 });
    return of;
  }

  /** From then on it is billed in another currency, at the same prices. */
  move(of: UsedRevision, currency: string, fromMs: number): Promise<void> {
    return this.price(of, '0', { currency, fromMs });
  }

  /** So many requests of a second, two seconds apart: taken in and folded. */
  async use(of: UsedRevision, fromMs: number, requests: number): Promise<void> {
    await this.fold(await this.take(of, fromMs, requests));
  }

  async take(of: UsedRevision, fromMs: number, requests: number): Promise<ReturnType<typeof usageOf>[]> {
    const records = Array.from({ length: requests }, (_, i) => {
      const startMs = fromMs + i * 2_000;
      return usageOf(of, (this.position += 1), { startMs, endMs: startMs + 1_000 });
    });
    await this.billing().take(this.lease, of.gatewayId, records);
    return records;
  }

  /** As the stream delivers it again. */
  takeAgain(of: UsedRevision, records: readonly ReturnType<typeof usageOf>[]): Promise<IntakeResult> {
    return this.billing().take(this.lease, of.gatewayId, records);
  }

  async fold(records: readonly ReturnType<typeof usageOf>[]): Promise<void> {
    await this.billing().fold(this.lease, records);
  }

  /** Closes its hours in the ledger, as the ledger's worker does. */
  async settle({ organizationId }: UsedRevision): Promise<void> {
    const { clock, random, lease, database } = this;
    const nowMs = clock.now();
    const at = { nowMs, graceMs: GRACE_MS, patienceMs: 24 * GRACE_MS, takenInToMs: nowMs, producers: [] };
    const parts = { signer: await ledgerSigner(database.db, clock, Buffer.alloc(32, 7)), random };
    await underLease(database.db, lease, (tx) =>
      settleOrganization(tx, organizationId, closableBefore(at), at, parts),
    );
  }

  /** Closes a month, as the worker does: its own invoice, or the first that was made. */
  async close(of: UsedRevision, month: string, by = this.lease): Promise<Invoice | undefined> {
    return (await this.closeAll(of, month, by))[0];
  }

  closeAll({ organizationId }: UsedRevision, month: string, by = this.lease): Promise<Invoice[]> {
    const options = { now: this.clock.now(), dueMs: 86_400_000, random: this.random };
    return underLease(this.database.db, by, (tx) => invoiceMonth(tx, { organizationId, month }, options));
  }

  /** Dies between the invoice and its commit. */
  closeAndDie({ organizationId }: UsedRevision, month: string): Promise<never> {
    const options = { now: this.clock.now(), dueMs: 0, random: this.random };
    return underLease(this.database.db, this.lease, async (tx) => {
      await invoiceMonth(tx, { organizationId, month }, options);
      throw new Error('killed before commit');
    });
  }

  /** Its months that wait for their invoice. */
  async open({ organizationId }: UsedRevision, beforeMs = this.clock.now() - GRACE_MS): Promise<string[]> {
    const all = await this.database.db.asSystem((tx) => findOpenMonths(tx, beforeMs, 10_000));
    return all.filter((one) => one.organizationId === organizationId).map(({ month }) => month);
  }

  /** Newest first, as they are listed. */
  listed({ organizationId }: UsedRevision): Promise<StoredInvoice[]> {
    return this.database.db.inTenant(organizationId, (tx) =>
      listInvoices(tx, organizationId, { limit: 100 }),
    );
  }

  /** By month. */
  async invoices(of: UsedRevision): Promise<StoredInvoice[]> {
    return (await this.listed(of)).sort((a, b) => a.invoice.month.localeCompare(b.invoice.month));
  }

  /** Its hours in the ledger: start, state, invoice. */
  async hours({ organizationId }: UsedRevision): Promise<[number, string, string | undefined][]> {
    const all = { organizationId, fromMs: 0, toMs: this.clock.now(), nowMs: this.clock.now() };
    const seen = await this.database.db.inTenant(organizationId, (tx) =>
      listLedgerWindows(tx, all, { limit: 100 }),
    );
    return seen.map(({ startMs, state, invoiceId }) => [startMs, state, invoiceId]);
  }

  private billing(): BillingRig {
    return new BillingRig(this.database.db, this.clock);
  }

  private async price(
    { organizationId }: UsedRevision,
    discount: string,
    { currency, fromMs }: { currency: string; fromMs: number },
  ): Promise<void> {
    const id = `plan-${organizationId.slice(-8)}-${currency.toLowerCase()}`;
    const document = {
      ...{ id, version: 1, name: 'Dear', currency, decimals: 2 },
      effectiveFrom: '2020-01-01T00:00:00Z',
      items: [
        { id: 'requests', name: 'Requests', measure: 'requests', rate: '1.10', unit: 'request' },
        { id: 'time', name: 'Time', measure: 'request_time', rate: '0.333', per: '1 s', unit: 's' },
      ],
    };
    await this.database.query(
      `INSERT INTO price_plan_versions (id, plan_id, version, effective_from, document, created_by, created_at)
       VALUES ($1, $2, 1, '2020-01-01', $3, 'key_0', now())`,
      [newId('ppv', this.clock.now(), this.random), document.id, JSON.stringify(document)],
    );
    const terms = {
      ...{ effectiveFromMs: fromMs, plan: document.id, discountPercent: parseDecimal(discount) },
      taxes: [{ name: 'VAT', percent: parseDecimal('20') }],
    };
    await this.database.db.inTenant(organizationId, (tx) =>
      saveTerms(tx, organizationId, terms, { by: 'key_0', now: this.clock.now() }),
    );
  }
}
