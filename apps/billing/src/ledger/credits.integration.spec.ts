import {
  entryOfAdjustment,
  formatRatio,
  newId,
  parseDecimal,
  total,
  type Credit,
  type LedgerAccount,
} from '#libs/domain';
import {
  appendEntry,
  findInvoice,
  insertCredit,
  insertInvoice,
  ledgerBalances,
  listEntries,
  lockBilling,
  nextInvoiceNumber,
  postCredit,
  postLostCredits,
  revokeCredit,
  type EntryMaker,
  type Tx,
} from '#libs/store';
import { creditNoteOf } from '#libs/domain';
import type { UsedRevision } from '#libs/testing';
import { DECEMBER, InvoiceRig, NOVEMBER, OCTOBER } from '../rig/invoice.rig.js';

let rig: InvoiceRig;
beforeAll(async () => {
  rig = await InvoiceRig.start(13);
});
afterAll(() => rig.stop());
beforeEach(() => rig.clock.set(DECEMBER));

const inTenant = <T>({ organizationId }: UsedRevision, work: (tx: Tx) => Promise<T>): Promise<T> =>
  rig.database.db.inTenant(organizationId, work);

/** Balance and credits; all accounts sum to zero. */
async function books(of: UsedRevision): Promise<{ owed: string; credits: string }> {
  const found = await inTenant(of, (tx) => ledgerBalances(tx, of.organizationId));
  const balances = found.get('USD') ?? new Map<LedgerAccount, never>();
  expect(total(balances.values()).top).toBe(0n);
  const on = (account: LedgerAccount): string => {
    const amount = balances.get(account);
    return amount === undefined ? '0' : formatRatio(amount);
  };
  return { owed: on('balance'), credits: on('credits') };
}

const maker = ({ organizationId }: UsedRevision): EntryMaker => ({
  ...{ organizationId, actorId: 'key_1', nowMs: rig.clock.now(), random: rig.random },
});

/** As the api gives it; `isOld` is one of before the ledger had credits. */
async function give(
  of: UsedRevision,
  amount: string,
  { isOld = false, ...rest }: { isOld?: boolean; expiresAt?: number } = {},
): Promise<Credit> {
  const now = rig.clock.now();
  const { organizationId } = of;
  return inTenant(of, async (tx) => {
    const credit = await insertCredit(tx, {
      ...{
        id: newId('crd', now, rig.random),
        organizationId,
        name: 'Start',
        kind: 'prepaid',
        currency: 'USD',
      },
      ...{ amount: parseDecimal(amount), priority: 1, createdBy: 'key_1', createdAt: now, ...rest },
    });
    if (!isOld) await postCredit(tx, credit, maker(of));
    return credit;
  });
}

/** As the api takes it back. */
const revoke = (of: UsedRevision, { id }: Credit): Promise<void> =>
  inTenant(of, async (tx) => {
    await lockBilling(tx, of.organizationId);
    await revokeCredit(tx, { organizationId: of.organizationId, id, now: rig.clock.now() });
    await postLostCredits(tx, maker(of));
  });

/** As an operator does by the api: the same key again is nothing. */
const adjust = (of: UsedRevision, key: string, amount: string): Promise<unknown> =>
  inTenant(of, (tx) =>
    appendEntry(
      tx,
      {
        ...entryOfAdjustment(key, parseDecimal(amount), 'USD'),
        ...{ organizationId: of.organizationId, id: newId('ent', rig.clock.now(), rig.random) },
        ...{ actorId: 'key_1', createdAt: rig.clock.now() },
      },
      'An hour without service',
    ),
  );

/** As the api takes back the invoice of the month. */
const takeBack = (of: UsedRevision, month: string): Promise<void> =>
  inTenant(of, async (tx) => {
    const { organizationId } = of;
    const own = (await rig.invoices(of)).find(({ invoice }) => invoice.month === month);
    const found = own && (await findInvoice(tx, organizationId, own.id));
    if (!found) throw new Error('there is no invoice');
    await lockBilling(tx, organizationId);
    const number = await nextInvoiceNumber(tx, 'credit_note');
    const issuedAt = new Date(rig.clock.now()).toISOString();
    const invoice = creditNoteOf(found.invoice, { number, issuedAt });
    const id = newId('ivc', rig.clock.now(), rig.random);
    await insertInvoice(tx, { id, organizationId, voids: found.id, invoice });
    await postLostCredits(tx, maker(of));
  });

async function month(of: UsedRevision, which: string): Promise<void> {
  await rig.settle(of);
  await rig.close(of, which);
  await rig.settle(of);
}

it('a credit is owed to the organization from when it is given, and what is left of it until it is revoked', async () => {
  const of = await rig.payer('10');
  const credit = await give(of, '10');
  expect(await books(of)).toEqual({ owed: '-10', credits: '10' });
  await rig.use(of, OCTOBER, 2);
  await month(of, '2026-10');
  // 3.10 with its tax, all of it paid by the credit
  expect((await rig.invoices(of)).map(({ invoice }) => invoice.payable)).toEqual(['0.00']);
  expect(await books(of)).toEqual({ owed: '-6.9', credits: '10' });
  await revoke(of, credit);
  await revoke(of, credit);
  expect(await books(of)).toEqual({ owed: '0', credits: '3.1' });
  // nobody can use what the invoice gives back
  await takeBack(of, '2026-10');
  await rig.settle(of);
  expect(await books(of)).toEqual({ owed: '0', credits: '0' });
});

it('a credit that expired is lost with the last month that it could pay, not before', async () => {
  const of = await rig.payer('10');
  await give(of, '10', { expiresAt: Date.UTC(2026, 10, 1) });
  await give(of, '5', { expiresAt: Date.UTC(2026, 10, 1, 0, 0, 1) });
  await rig.use(of, NOVEMBER, 2);
  await month(of, '2026-10');
  // nothing was used in October: a note that it is over, and the first is lost; November is the other's last
  expect(await books(of)).toEqual({ owed: '-2.134', credits: '5' });
  await month(of, '2026-11');
  expect(await books(of)).toEqual({ owed: '0', credits: '3.1' });
});

it('a credit of before the ledger had any comes into it as it is used, and is never lost there', async () => {
  const of = await rig.payer('10');
  const credit = await give(of, '10', { isOld: true });
  await rig.use(of, OCTOBER, 2);
  await month(of, '2026-10');
  expect(await books(of)).toEqual({ owed: '0', credits: '3.1' });
  await revoke(of, credit);
  expect(await books(of)).toEqual({ owed: '0', credits: '3.1' });
  await rig.use(of, NOVEMBER, 2);
  await month(of, '2026-11');
  expect(await books(of)).toEqual({ owed: '3.1', credits: '3.1' });
});

it('an adjustment is owed at once, is on the next invoice and on no other, and is taken back with it', async () => {
  const of = await rig.payer('10');
  await rig.use(of, OCTOBER, 2);
  await rig.use(of, NOVEMBER, 2);
  for (const [key, amount] of [
    ['a', '5'],
    ['b', '-1.5'],
    ['a', '5'],
  ] as const)
    await adjust(of, key, amount);
  expect(await books(of)).toMatchObject({ owed: '3.5' });
  await month(of, '2026-10');
  await adjust(of, 'c', '-20');
  await month(of, '2026-11');
  const invoices = (await rig.invoices(of)).map(({ invoice }) => invoice);
  // 2.58 and 3.5, and a fifth; 2.58 less 20, and a fifth
  expect(invoices.map(({ payable }) => payable)).toEqual(['7.30', '-20.90']);
  // made in one millisecond: their order is that of their ids
  const charged = invoices.map(({ adjustments = [] }) => adjustments.map((one) => one.charged).toSorted());
  expect(charged).toEqual([['-1.50', '5.00'], ['-20.00']]);
  expect(await books(of)).toMatchObject({ owed: '-13.6' });
  await takeBack(of, '2026-11');
  await rig.settle(of);
  expect(await books(of)).toMatchObject({ owed: '7.3' });
  const entries = await inTenant(of, (tx) => listEntries(tx, of.organizationId, { limit: 50 }));
  expect(entries.filter(({ kind }) => kind === 'adjustment')).toHaveLength(3);
  expect(entries.every(({ sealNumber }) => sealNumber !== undefined)).toBe(true);
});

it('a month of nothing but an adjustment has an invoice; of nothing at all it has none', async () => {
  const of = await rig.payer('10');
  await month(of, '2026-10');
  await adjust(of, 'a', '5');
  await month(of, '2026-11');
  expect((await rig.invoices(of)).map(({ invoice }) => [invoice.month, invoice.gross])).toEqual([
    ['2026-11', '6.00'],
  ]);
  expect(await books(of)).toMatchObject({ owed: '6' });
});
