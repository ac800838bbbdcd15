import { Health, Metrics, createLogger } from '#libs/process';
import type { Lease } from '#libs/store';
import type { UsedRevision } from '#libs/testing';
import { BillingMetrics } from '../billing.metrics.js';
import { DECEMBER, InvoiceRig, OCTOBER } from '../rig/invoice.rig.js';
import { ClosingWatch } from '../ledger/closing.watch.js';
import { InvoiceWorker } from './invoice.worker.js';

const TERMS = { graceMs: 3_600_000, dueMs: 86_400_000, seller: 'Harbour Hosting' };
const CLOSING = { graceMs: 3_600_000, patienceMs: 86_400_000 };

let rig: InvoiceRig;
beforeEach(async () => {
  rig = await InvoiceRig.start(7);
});
afterEach(() => rig.stop());

/** A worker that holds the lease as far as it knows. */
class Replica {
  readonly health = new Health();
  readonly lost: Lease[] = [];
  private readonly metrics = new Metrics();
  private readonly worker: InvoiceWorker;

  constructor(
    private lease: Lease | undefined,
    takenInToMs = Infinity,
  ) {
    const leases = {
      holding: () => this.lease,
      lost: (gone: Lease) => {
        this.lost.push(gone);
        this.lease = undefined;
      },
    };
    const { clock, random } = rig;
    const { health, metrics } = this;
    const logger = createLogger('billing', 'silent');
    this.worker = new InvoiceWorker(
      {
        ...{
          db: rig.database.db,
          leases,
          closing: new ClosingWatch(
            rig.database.db,
            { look: () => Promise.resolve(takenInToMs) },
            CLOSING,
            clock,
          ),
          metrics: new BillingMetrics(metrics),
          health,
          clock,
          random,
          logger,
        },
      },
      TERMS,
    );
  }

  /** Another process holds the lease. */
  leave(): void {
    this.lease = undefined;
  }

  look(): Promise<void> {
    return this.worker.look(new AbortController().signal);
  }

  async made(): Promise<number> {
    const text = await this.metrics.registry.metrics();
    return Number(/^towpath_billing_invoices_total (\d+)$/m.exec(text)?.[1]);
  }
}

/** Owes something of October, and nothing of November. */
async function payers(count: number): Promise<UsedRevision[]> {
  const made = [];
  for (let i = 0; i < count; i += 1) {
    const of = await rig.payer('0');
    await rig.use(of, OCTOBER, 1);
    await rig.settle(of);
    made.push(of);
  }
  return made;
}
const numbers = async (): Promise<number[]> => {
  const rows = await rig.database.query<{ number: string }>('SELECT number FROM invoices ORDER BY number');
  return rows.map(({ number }) => Number(number.split('-')[2]));
};
const notes = async (): Promise<number> =>
  (await rig.database.query('SELECT 1 FROM invoiced_months WHERE invoice_id IS NULL')).length;

it('makes each invoice once, beside another worker of its lease and one that has lost it', async () => {
  const all = await payers(5);
  const former = new Replica({ ...rig.lease, epoch: rig.lease.epoch - 1 });
  const present = [new Replica(rig.lease), new Replica(rig.lease)];
  await Promise.all([former, ...present].map((one) => one.look()));
  expect(await numbers()).toEqual([1, 2, 3, 4, 5]);
  const made = await Promise.all(present.map((one) => one.made()));
  expect(made.reduce((sum, one) => sum + one, 0)).toBe(all.length);
  expect([await former.made(), former.lost.length]).toEqual([0, 1]);
  for (const of of all) expect(await rig.open(of)).toEqual([]);
  const sellers = await rig.database.query(`SELECT DISTINCT body::json->>'seller' AS seller FROM invoices`);
  expect(sellers).toEqual([{ seller: TERMS.seller }]);
});

it('does nothing before the grace is over, then closes both months, and rests when there is nothing', async () => {
  await payers(1);
  const worker = new Replica(rig.lease);
  rig.clock.set(Date.UTC(2026, 10, 1, 0, 59));
  await worker.look();
  expect(await numbers()).toEqual([]);
  rig.clock.set(DECEMBER);
  await worker.look();
  expect([await numbers(), await notes()]).toEqual([[1], 1]);
  rig.clock.step(5_000);
  await worker.look();
  await payers(1);
  // it looks at all organizations, so not often
  rig.clock.step(30_000);
  await worker.look();
  expect(await numbers()).toEqual([1]);
  rig.clock.step(30_000);
  await worker.look();
  expect(await numbers()).toEqual([1, 2]);
});

it('makes none while it is not known that all usage was taken in, as when it is read again after a restore', async () => {
  const [of] = await payers(1);
  const graceIsOver = Date.UTC(2026, 11, 1, 1);
  await new Replica(rig.lease, 0).look();
  expect(await numbers()).toEqual([]);
  await new Replica(rig.lease, graceIsOver - 1).look();
  expect([await numbers(), await rig.open(of as UsedRevision)]).toEqual([[1], ['2026-11']]);
  await new Replica(rig.lease, graceIsOver).look();
  expect(await rig.open(of as UsedRevision)).toEqual([]);
});

it('waits for a gateway that lost the hub in the last hour, also where nothing of that hour came yet', async () => {
  const all = await payers(2);
  const says = (seenAt: number): Promise<unknown> =>
    rig.database.query('UPDATE gateways SET last_seen_at = $1', [new Date(seenAt)]);
  await rig.database.query(
    `INSERT INTO gateways (id, region, joined_at) VALUES ('gw_00000000000000000009', 'r', '2026-10-01')`,
  );
  await says(Date.UTC(2026, 10, 30, 22, 58));
  const openOf = async (): Promise<string[][]> => Promise.all(all.map((of) => rig.open(of)));
  await new Replica(rig.lease).look();
  expect([await numbers(), await openOf()]).toEqual([
    [1, 2],
    [['2026-11'], ['2026-11']],
  ]);
  // it is there again, and has nothing left of that hour
  await says(rig.clock.now());
  await new Replica(rig.lease).look();
  expect(await openOf()).toEqual([[], []]);
});

it('waits for a silent gateway no longer than the patience', async () => {
  const [of] = await payers(1);
  const silentSince = Date.UTC(2026, 10, 30, 22, 58);
  await rig.database.query(
    `INSERT INTO gateways (id, region, joined_at, last_seen_at) VALUES ('gw_00000000000000000009', 'r', '2026-10-01', $1)`,
    [new Date(silentSince)],
  );
  rig.clock.set(silentSince + CLOSING.patienceMs - 1);
  await new Replica(rig.lease).look();
  expect(await rig.open(of as UsedRevision)).toEqual(['2026-11']);
  rig.clock.set(silentSince + CLOSING.patienceMs);
  await new Replica(rig.lease).look();
  expect(await rig.open(of as UsedRevision)).toEqual([]);
});

it("goes on past one organization's trouble, says so, and makes its invoice when it is over", async () => {
  const [broken] = await payers(3);
  const id = (broken as UsedRevision).organizationId;
  const use = (plan: string): Promise<unknown> =>
    rig.database.query('UPDATE billing_terms SET plan_id = $2 WHERE organization_id = $1', [id, plan]);
  const [{ plan } = { plan: '' }] = await rig.database.query<{ plan: string }>(
    'SELECT plan_id AS plan FROM billing_terms WHERE organization_id = $1',
    [id],
  );
  await use('gone');
  const worker = new Replica(rig.lease);
  await expect(worker.look()).rejects.toThrow();
  expect(await numbers()).toEqual([1, 2]);
  expect(worker.health.report()).toMatchObject({
    ok: false,
    parts: { invoices: { message: 'a month cannot be invoiced' } },
  });
  const former = new Replica(rig.lease);
  await expect(former.look()).rejects.toThrow();
  former.leave();
  await former.look();
  // it is whoever holds the lease now that says so
  expect(former.health.report().ok).toBe(true);
  await use(plan);
  rig.clock.step(600_000);
  await worker.look();
  expect(await numbers()).toEqual([1, 2, 3]);
  expect(worker.health.report().ok).toBe(true);
});
