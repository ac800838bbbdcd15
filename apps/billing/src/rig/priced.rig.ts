import { formatRatio, linesOf, monthOf, parseRatio, total, type Bill, type Id } from '#libs/domain';
import {
  findPlansInForce,
  markUncounted,
  underLease,
  usedInWindows,
  type Lease,
  type LeasedTx,
} from '#libs/store';
import {
  SteppedClock,
  seededRandom,
  testDatabase,
  type RevisionShape,
  type TestDatabase,
  type UsedRevision,
} from '#libs/testing';
import { BillingRig } from './billing.rig.js';
import { billOfMonth, customerOf, storePlans } from './customer.rig.js';
import { makeHolder } from './holder.rig.js';

/** The hour in which everything is used begins here. */
export const T0 = Date.UTC(2026, 10, 21, 12);
export const MINUTE_MS = 60_000;

/** An installation with price plans an hour after T0, its usage taken in and folded step by step, and what that comes to. */
export class PricedRig {
  private constructor(
    readonly database: TestDatabase,
    readonly clock: SteppedClock,
    readonly lease: Lease,
    private readonly random: ReturnType<typeof seededRandom>,
  ) {}

  static async start(seed: number, documents: readonly Record<string, unknown>[]): Promise<PricedRig> {
    const database = await testDatabase();
    const clock = new SteppedClock(T0 + 3_600_000);
    const lease = (await new BillingRig(database.db, clock).lease('priced', 'me')) as Lease;
    await storePlans(database, documents);
    return new PricedRig(database, clock, lease, seededRandom(seed));
  }

  stop(): Promise<void> {
    return this.database.drop();
  }

  /** A whole number from 0. */
  whole(below: number): number {
    return Buffer.from(this.random(4)).readUInt32BE() % below;
  }

  /** A life of billing. */
  billing(): BillingRig {
    return new BillingRig(this.database.db, this.clock);
  }

  underLease<T>(work: (tx: LeasedTx) => Promise<T>): Promise<T> {
    return underLease(this.database.db, this.lease, work);
  }

  customer(plan: string, shape: Omit<RevisionShape, 'timeoutSeconds'>): Promise<UsedRevision> {
    return customerOf(this.database, this.random, plan, shape);
  }

  /** A cluster that is asked to hold the customer's service. */
  async holder(of: UsedRevision, region?: string): Promise<Id<'cls'>> {
    const clusterId = await makeHolder(this.database, this.random, of);
    if (region !== undefined)
      await this.database.query('UPDATE clusters SET region = $2 WHERE id = $1', [clusterId, region]);
    return clusterId;
  }

  bill({ organizationId }: UsedRevision): Promise<Bill> {
    return billOfMonth(this.database, organizationId, monthOf(T0));
  }

  /** What the ledger would be brought to in the hour, at list price. */
  async owed({ organizationId }: UsedRevision): Promise<string> {
    const lines = await this.database.db.asSystem(async (tx) => {
      const plans = await findPlansInForce(tx, organizationId, [T0]);
      return linesOf(plans, await usedInWindows(tx, organizationId, [T0], plans));
    });
    return formatRatio(total(lines.map(({ amount }) => amount)));
  }

  /** Marks its minutes of the hour that were counted for another plan than the one in force; returns how many. */
  uncounted({ organizationId }: UsedRevision): Promise<number> {
    return this.underLease(async (tx) =>
      markUncounted(tx, organizationId, [T0], await findPlansInForce(tx, organizationId, [T0])),
    );
  }

  /** Its windows as a release counted them that knew nothing but the built-in plan. */
  async forgetMeters({ organizationId }: UsedRevision): Promise<void> {
    await this.database.query('UPDATE billing_windows SET meters = NULL WHERE organization_id = $1', [
      organizationId,
    ]);
  }
}

/** What is compared of charges, live and offline. */
export const chargesOf = (
  list: readonly { item: string; version: number; quantity: string; list: string; amount: string }[],
) =>
  list.map(({ item, version, quantity, list: atList, amount }) => [version, item, quantity, atList, amount]);

/** What a bill comes to at list price. */
export const listPriceOf = ({ items }: Bill): string =>
  formatRatio(total(items.map(({ list }) => parseRatio(list))));
