import { billOf, focusProblems, focusRows, newId, parseDecimal, type Bill, type Invoice } from '#libs/domain';
import {
  LeaseLost,
  askedBesides,
  findBillFacts,
  findInvoice,
  insertCredit,
  listNotices,
  saveBuyer,
} from '#libs/store';
import type { UsedRevision } from '#libs/testing';
import { DECEMBER, InvoiceRig, NOVEMBER, OCTOBER } from '../rig/invoice.rig.js';

let rig: InvoiceRig;
beforeAll(async () => {
  rig = await InvoiceRig.start(5);
});
afterAll(() => rig.stop());
beforeEach(() => rig.clock.set(DECEMBER));

const numberOf = ({ number = '' }: Partial<Invoice> = {}): number => Number(number.split('-')[2]);

it('closes each month once: an invoice where something is owed, a note where nothing is', async () => {
  const of = await rig.payer('10');
  await rig.use(of, NOVEMBER, 2);
  await rig.settle(of);
  expect(await rig.open(of, Date.UTC(2026, 10, 30))).toEqual(['2026-10']);
  expect(await rig.open(of)).toEqual(['2026-10', '2026-11']);
  expect(await rig.close(of, '2026-10')).toBeUndefined();
  const made = await rig.close(of, '2026-11');
  // 2.20 and 0.666 less a tenth, each rounded once; tax on 2.58
  expect(made).toMatchObject({
    month: '2026-11',
    lines: [
      { item: 'requests', amount: '1.98', charged: '1.98' },
      { item: 'time', amount: '0.5994', charged: '0.60' },
    ],
    subtotal: '2.58',
    taxes: [{ name: 'VAT', amount: '0.52' }],
    gross: '3.10',
    payable: '3.10',
    dueAt: new Date(rig.clock.now() + 86_400_000).toISOString(),
  });
  expect(await rig.close(of, '2026-11')).toBeUndefined();
  expect(await rig.open(of)).toEqual([]);
  const kept = await rig.invoices(of);
  expect(kept.map(({ invoice }) => invoice)).toEqual([made]);
  const notices = await rig.database.db.inTenant(of.organizationId, (tx) =>
    listNotices(tx, of.organizationId, { limit: 10 }),
  );
  const { number, currency, dueAt } = made as Invoice;
  const said = { invoiceId: kept[0]?.id, number, month: '2026-11', currency, payable: '3.10', dueAt };
  expect(notices.map(({ type, data }) => [type, data])).toEqual([['invoice.finalized', said]]);
  expect(focusRows(made as Invoice).flatMap(focusProblems)).toEqual([]);
});

it('waits for usage that is not folded, and for hours that are not closed', async () => {
  const of = await rig.payer();
  const records = await rig.take(of, NOVEMBER, 1);
  expect(await rig.open(of)).not.toContain('2026-11');
  await rig.fold(records);
  expect(await rig.open(of)).not.toContain('2026-11');
  await rig.settle(of);
  expect(await rig.open(of)).toContain('2026-11');
});

it('is noted on the hours that it carries, also on those it corrects', async () => {
  const of = await rig.payer('0');
  await rig.use(of, OCTOBER, 1);
  await rig.settle(of);
  await rig.close(of, '2026-10');
  await rig.use(of, OCTOBER + 1_000, 1);
  await rig.use(of, OCTOBER + 2 * 3_600_000, 1);
  await rig.use(of, NOVEMBER, 1);
  await rig.settle(of);
  await rig.close(of, '2026-11');
  const [october, november] = (await rig.invoices(of)).map(({ id }) => id);
  const hour = (ms: number): number => ms - (ms % 3_600_000);
  expect(await rig.hours(of)).toEqual([
    [hour(OCTOBER), 'invoiced', october],
    [hour(OCTOBER + 2 * 3_600_000), 'invoiced', november],
    [hour(NOVEMBER), 'invoiced', november],
  ]);
});

it('asks for what the live bill of the month said, with what came late for months before', async () => {
  const of = await rig.payer('10');
  const { organizationId } = of;
  await rig.use(of, OCTOBER, 1);
  await rig.settle(of);
  await rig.close(of, '2026-10');
  const draft = (): Promise<Bill> =>
    rig.database.db.inTenant(organizationId, async (tx) => {
      const month = '2026-11';
      const { parts, terms } = await findBillFacts(tx, organizationId, month);
      const besides = await askedBesides(tx, organizationId, { month, stored: undefined }, parts[0]?.plan);
      return billOf(month, parts, { ...terms, ...besides });
    });
  expect((await draft()).corrections).toEqual([]);
  await rig.use(of, OCTOBER + 3_600_000, 1);
  await rig.use(of, NOVEMBER, 1);
  const before = await draft();
  expect(before.corrections.map(({ month, charged }) => [month, charged])).toEqual([
    ['2026-10', '0.99'],
    ['2026-10', '0.30'],
  ]);
  await rig.settle(of);
  const { corrections, gross, payable } = await draft();
  expect([gross, payable]).toEqual([before.gross, before.payable]);
  expect(await rig.close(of, '2026-11')).toMatchObject({ corrections, gross, payable });
  expect((await draft()).corrections).toEqual([]);
});

it('corrects what a fold changed that was under way when the month was closed', async () => {
  const of = await rig.payer('0');
  await rig.use(of, OCTOBER, 1);
  await rig.close(of, '2026-10');
  // its transaction began before, by a clock that is behind, and committed after
  rig.clock.set(DECEMBER - 5_000);
  await rig.use(of, OCTOBER + 60_000, 1);
  rig.clock.set(DECEMBER);
  await rig.use(of, NOVEMBER, 1);
  const corrections = (await rig.close(of, '2026-11'))?.corrections ?? [];
  expect(corrections.map(({ item, charged }) => [item, charged])).toEqual([
    ['requests', '1.10'],
    ['time', '0.34'],
  ]);
});

it('numbers without gaps: two workers at once, one that dies before its commit, one that lost its lease', async () => {
  const payers = await Promise.all(Array.from({ length: 6 }, () => rig.payer('0')));
  for (const one of payers) {
    await rig.use(one, OCTOBER, 1);
  }
  await expect(rig.closeAndDie(payers[0] as UsedRevision, '2026-10')).rejects.toThrow('killed');
  // each month from two sides
  await Promise.all([...payers, ...payers.toReversed()].map((of) => rig.close(of, '2026-10')));
  const stale = { ...rig.lease, epoch: rig.lease.epoch - 1 };
  await expect(rig.close(await rig.payer(), '2026-10', stale)).rejects.toBeInstanceOf(LeaseLost);
  const rows = await rig.database.query<{ number: string; n: number }>(
    `SELECT number, count(*) OVER (PARTITION BY organization_id, month) AS n FROM invoices ORDER BY number`,
  );
  expect(rows.map(({ n }) => n)).toEqual(rows.map(() => 1));
  const numbers = rows.map(({ number }) => numberOf({ number }));
  expect(numbers).toEqual(Array.from({ length: rows.length }, (_, i) => i + 1));
  console.log(`${rows.length} invoices, numbered 1 to ${numbers.at(-1)}`);
});

it('begins a new series after a restore, so that no number is given twice', async () => {
  const [before, after] = [await rig.payer('0'), await rig.payer('0')];
  for (const one of [before, after]) {
    await rig.use(one, OCTOBER, 1);
  }
  const first = await rig.close(before, '2026-10');
  // what a restore does in its transaction
  await rig.database.query('UPDATE hub SET epoch = epoch + 1');
  const second = await rig.close(after, '2026-10');
  expect(first?.number.split('-')[1]).not.toBe(second?.number.split('-')[1]);
  expect(numberOf(second)).toBe(1);
});

it('a late record changes no old invoice: the next one corrects it, naming the month, once', async () => {
  const of = await rig.payer('0');
  await rig.use(of, OCTOBER, 2);
  rig.clock.set(Date.UTC(2026, 10, 1, 2));
  const october = await rig.close(of, '2026-10');
  rig.clock.set(Date.UTC(2026, 10, 20));
  await rig.use(of, OCTOBER + 60_000, 1);
  await rig.use(of, NOVEMBER, 1);
  rig.clock.set(DECEMBER);
  const november = await rig.close(of, '2026-11');
  expect((await rig.invoices(of))[0]?.invoice).toEqual(october);
  expect(november?.corrections.map(({ month, item, charged }) => [month, item, charged])).toEqual([
    ['2026-10', 'requests', '1.10'],
    // 0.666 was 0.67; 0.999 is 1.00
    ['2026-10', 'time', '0.33'],
  ]);
  expect(november?.subtotal).toBe('2.86');
  rig.clock.set(Date.UTC(2027, 0, 1, 2));
  await rig.use(of, Date.UTC(2026, 11, 10), 1);
  expect((await rig.close(of, '2026-12'))?.corrections).toEqual([]);
  rig.clock.set(DECEMBER);
});

it('a correction names the hours whose usage changed since the invoice before, and no others', async () => {
  const of = await rig.payer('0');
  const hour = (n: number): string => new Date(OCTOBER + n * 3_600_000).toISOString();
  const hours = (made: Invoice | undefined): unknown =>
    made?.corrections.map((one) => [one.month, one.item, one.hours]);
  await rig.use(of, OCTOBER, 2);
  await rig.use(of, OCTOBER + 3 * 3_600_000, 1);
  await rig.settle(of);
  await rig.close(of, '2026-10');
  await rig.use(of, OCTOBER + 60_000, 1);
  await rig.use(of, OCTOBER + 5 * 3_600_000, 1);
  await rig.use(of, NOVEMBER, 1);
  await rig.settle(of);
  expect(hours(await rig.close(of, '2026-11'))).toEqual([
    ['2026-10', 'requests', [hour(0), hour(5)]],
    ['2026-10', 'time', [hour(0), hour(5)]],
  ]);
  rig.clock.set(Date.UTC(2027, 0, 1, 2));
  await rig.use(of, OCTOBER + 7 * 3_600_000, 1);
  await rig.settle(of);
  expect(hours(await rig.close(of, '2026-12'))).toEqual([
    ['2026-10', 'requests', [hour(7)]],
    ['2026-10', 'time', [hour(7)]],
  ]);
  rig.clock.set(DECEMBER);
});

it('takes of credits what it says, keeps the buyer beside, and is never changed', async () => {
  const of = await rig.payer('0');
  const { organizationId } = of;
  const made = { createdAt: rig.clock.now(), createdBy: 'key_0', currency: 'USD', priority: 1 };
  const id = newId('crd', rig.clock.now(), rig.random);
  const buyer = { name: 'Ann', address: ['1 Road'], country: 'DE' };
  await rig.database.db.inTenant(organizationId, async (tx) => {
    const credit = { ...made, id, organizationId, name: 'Start', kind: 'prepaid' as const };
    await insertCredit(tx, { ...credit, amount: parseDecimal('2') });
    await saveBuyer(tx, organizationId, buyer, rig.clock.now());
  });
  await rig.use(of, OCTOBER, 1);
  await rig.use(of, NOVEMBER, 1);
  // 1.10 and 0.33 and a fifth: 1.72 of the 2
  expect(await rig.close(of, '2026-10')).toMatchObject({
    credits: [{ id, amount: '1.72' }],
    payable: '0.00',
  });
  const second = await rig.close(of, '2026-11');
  expect(second).toMatchObject({ credits: [{ id, amount: '0.28' }], payable: '1.44' });
  const stored = await rig.database.db.inTenant(organizationId, (tx) =>
    findInvoice(tx, organizationId, second?.number ?? ''),
  );
  expect(stored?.buyer).toEqual(buyer);
  expect(JSON.stringify(stored?.invoice)).not.toContain('Ann');
  for (const table of ['invoices', 'invoiced_months', 'credit_uses']) {
    for (const sql of [`UPDATE ${table} SET organization_id = organization_id`, `DELETE FROM ${table}`]) {
      await expect(rig.database.query(sql)).rejects.toThrow('never changed');
      const asSystem = rig.database.db.asSystem((tx) => tx.client.query(sql));
      await expect(asSystem).rejects.toMatchObject({ code: '42501' });
    }
  }
  const forged = rig.database.db.inTenant(organizationId, (tx) =>
    tx.client.query(`INSERT INTO invoices SELECT * FROM invoices WHERE kind = 'invoice' LIMIT 1`),
  );
  await expect(forged).rejects.toMatchObject({ code: '42501' });
});
