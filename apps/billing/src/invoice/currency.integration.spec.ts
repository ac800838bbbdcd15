import { entryOfAdjustment, formatRatio, newId, parseDecimal, type Invoice } from '#libs/domain';
import { appendEntry, findMonthInvoice, ledgerBalances, underLease } from '#libs/store';
import type { UsedRevision } from '#libs/testing';
import { invoiceMonth } from './invoice.month.js';
import { InvoiceRig, NOVEMBER, OCTOBER } from '../rig/invoice.rig.js';

const NOVEMBER_BEGINS = Date.UTC(2026, 10, 1);

let rig: InvoiceRig;
beforeAll(async () => {
  rig = await InvoiceRig.start(15);
});
afterAll(() => rig.stop());

/** Billed in USD up to October and in EUR from November on; a record of October comes when that is invoiced. */
async function moved(): Promise<UsedRevision> {
  const of = await rig.payer('0');
  await rig.move(of, 'EUR', NOVEMBER_BEGINS);
  await rig.use(of, OCTOBER, 1);
  await rig.settle(of);
  await rig.close(of, '2026-10');
  await rig.use(of, OCTOBER + 60_000, 1);
  return of;
}
const asked = ({ month, currency, lines, corrections, payable }: Invoice): unknown[] => [
  ...[month, currency, payable],
  ...[lines.map(({ charged }) => charged), corrections.map((line) => [line.month, line.charged])],
];
/** What is owed in each currency by the ledger. */
const owed = async ({ organizationId }: UsedRevision): Promise<unknown[]> => {
  const balances = await rig.database.db.inTenant(organizationId, (tx) => ledgerBalances(tx, organizationId));
  return [...balances].map(([currency, accounts]) => {
    const balance = accounts.get('balance');
    return [currency, balance && formatRatio(balance)];
  });
};

it('corrects a month on an invoice in its own currency, beside that of the month that is closed', async () => {
  const of = await moved();
  await rig.use(of, NOVEMBER, 1);
  await rig.settle(of);
  const made = await rig.closeAll(of, '2026-11');
  // a request at 1.10 and a second at 0.333, with 20 % on top: 1.43, and by what is missing to two seconds' 0.67 1.44
  const corrected = [
    ['2026-10', '1.10'],
    ['2026-10', '0.34'],
  ];
  expect(made.map(asked)).toEqual([
    ['2026-11', 'EUR', '1.72', ['1.10', '0.33'], []],
    ['2026-11', 'USD', '1.73', [], corrected],
  ]);
  expect(await rig.closeAll(of, '2026-11')).toEqual([]);
  const found = await rig.database.db.inTenant(of.organizationId, (tx) =>
    findMonthInvoice(tx, of.organizationId, '2026-11'),
  );
  expect(found?.invoice).toEqual(made[0]);
  await rig.settle(of);
  // 1.72 of October and 1.73 of what came late
  expect(await owed(of)).toEqual([
    ['EUR', '1.72'],
    ['USD', '3.45'],
  ]);
});

it('asks for corrections alone in that currency, and for them once', async () => {
  const of = await moved();
  const [made, ...more] = await rig.closeAll(of, '2026-11');
  expect([made && asked(made).slice(0, 3), more]).toEqual([['2026-11', 'USD', '1.73'], []]);
  const found = await rig.database.db.inTenant(of.organizationId, (tx) =>
    findMonthInvoice(tx, of.organizationId, '2026-11'),
  );
  // its usage came to nothing
  expect(found).toBeUndefined();
  await rig.use(of, NOVEMBER, 1);
  await rig.settle(of);
  rig.clock.set(Date.UTC(2027, 0, 1, 2));
  const december = await rig.closeAll(of, '2026-12');
  expect(december.map(asked)).toEqual([
    [
      '2026-12',
      'EUR',
      '1.72',
      [],
      [
        ['2026-11', '1.10'],
        ['2026-11', '0.33'],
      ],
    ],
  ]);
});

/** An operator's adjustment, made now. */
const adjust = ({ organizationId }: UsedRevision, amount: string, currency: string): Promise<unknown> => {
  const id = newId('ent', rig.clock.now(), rig.random);
  const by = { id, organizationId, actorId: 'key_0', createdAt: rig.clock.now() };
  return rig.database.db.inTenant(organizationId, (tx) =>
    appendEntry(tx, { ...entryOfAdjustment(id, parseDecimal(amount), currency), ...by }, 'agreed'),
  );
};

it('asks for adjustments of a former currency on an invoice in it, once, and keeps it in the ledger', async () => {
  const of = await rig.payer('0');
  await adjust(of, '10', 'USD');
  await adjust(of, '-2.5', 'USD');
  // nothing was used yet, so it is billed in the other one from its beginning
  await rig.move(of, 'EUR', 0);
  await rig.use(of, OCTOBER, 1);
  await rig.settle(of);
  const made = await rig.closeAll(of, '2026-10');
  expect(
    made.map((one) => [...asked(one), one.adjustments?.map(({ charged }) => charged).toSorted()]),
  ).toEqual([
    ['2026-10', 'EUR', '1.72', ['1.10', '0.33'], [], undefined],
    ['2026-10', 'USD', '9.00', [], [], ['-2.50', '10.00']],
  ]);
  expect((await rig.closeAll(of, '2026-11')).map(asked)).toEqual([]);
  await rig.settle(of);
  expect(await owed(of)).toEqual([
    ['EUR', '1.72'],
    ['USD', '9'],
  ]);
});

it('lists the invoices of one closing in the order of their numbers', async () => {
  const of = await moved();
  await rig.use(of, NOVEMBER, 1);
  await rig.settle(of);
  // what is drawn first is last in the order of ids
  let drawn = 0;
  const random = (length: number): Uint8Array => {
    drawn += 1;
    return drawn === 1 ? new Uint8Array(length).fill(35) : new Uint8Array(length).fill(0).with(-1, drawn);
  };
  const { organizationId } = of;
  const options = { now: rig.clock.now(), dueMs: 86_400_000, random };
  const made = await underLease(rig.database.db, rig.lease, (tx) =>
    invoiceMonth(tx, { organizationId, month: '2026-11' }, options),
  );
  const listed = (await rig.listed(of)).map(({ invoice }) => invoice.number);
  expect(listed.slice(0, 2)).toEqual(made.map(({ number }) => number).reverse());
  expect(made).toHaveLength(2);
});
