import { NOTICE_EVENTS } from '#libs/bus';
import {
  add,
  creditNoteOf,
  formatRatio,
  newId,
  parseDecimal,
  ratioOf,
  type LedgerAccount,
  type NoticeType,
} from '#libs/domain';
import {
  findInvoice,
  insertInvoice,
  insertPayment,
  ledgerBalances,
  listEntries,
  listNotices,
  nextInvoiceNumber,
} from '#libs/store';
import type { UsedRevision } from '#libs/testing';
import { DECEMBER, InvoiceRig, NOVEMBER, OCTOBER } from '../rig/invoice.rig.js';

let rig: InvoiceRig;
beforeAll(async () => {
  rig = await InvoiceRig.start(9);
});
afterAll(() => rig.stop());
beforeEach(() => rig.clock.set(DECEMBER));

const balance = async (
  { organizationId }: UsedRevision,
  account: LedgerAccount = 'balance',
): Promise<string> => {
  const balances = await rig.database.db.inTenant(organizationId, (tx) => ledgerBalances(tx, organizationId));
  const amount = balances.get('USD')?.get(account);
  return amount === undefined ? '0' : formatRatio(amount);
};
const kinds = async ({ organizationId }: UsedRevision): Promise<string[]> => {
  const entries = await rig.database.db.inTenant(organizationId, (tx) =>
    listEntries(tx, organizationId, { limit: 100 }),
  );
  return entries
    .map(({ kind, sealNumber }) => (sealNumber === undefined ? `${kind} unsealed` : kind))
    .toSorted();
};
/** As the api records it: by the tenant's role. */
const pay = async ({ organizationId }: UsedRevision, amount: string): Promise<void> => {
  const now = rig.clock.now();
  const [invoice] = await rig.invoices({ organizationId } as UsedRevision);
  const invoiceId = invoice?.id ?? newId('ivc', now, rig.random);
  await rig.database.db.inTenant(organizationId, (tx) =>
    insertPayment(tx, organizationId, {
      ...{
        id: newId('pay', now, rig.random),
        invoiceId,
        amount: parseDecimal(amount),
        reference: `r${amount}`,
      },
      ...{ receivedAt: now, createdBy: 'key_1', createdAt: now },
    }),
  );
};
/** As the api takes an invoice back. */
const takeBack = async ({ organizationId }: UsedRevision): Promise<void> => {
  const [stored] = await rig.invoices({ organizationId } as UsedRevision);
  if (!stored) throw new Error('there is no invoice');
  await rig.database.db.inTenant(organizationId, async (tx) => {
    const number = await nextInvoiceNumber(tx, 'credit_note');
    const found = await findInvoice(tx, organizationId, stored.id);
    if (!found) throw new Error('it is gone');
    const issuedAt = new Date(rig.clock.now()).toISOString();
    const invoice = creditNoteOf(found.invoice, { number, issuedAt });
    await insertInvoice(tx, {
      id: newId('ivc', rig.clock.now(), rig.random),
      organizationId,
      voids: stored.id,
      invoice,
    });
  });
};

it('an invoice makes what is owed what is asked for, a payment takes it off, each once and sealed', async () => {
  const of = await rig.payer('10');
  await rig.use(of, NOVEMBER, 2);
  await rig.settle(of);
  // at list price, exact
  expect(await balance(of)).toBe('2.866');
  await rig.close(of, '2026-11');
  await rig.settle(of);
  await rig.settle(of);
  // 2.58 and a fifth of it
  expect(await balance(of)).toBe('3.1');
  expect(await kinds(of)).toEqual(['invoice', 'usage']);
  await pay(of, '3.10');
  await pay(of, '3.10');
  await rig.settle(of);
  await rig.settle(of);
  expect([await balance(of), await balance(of, 'payments')]).toEqual(['0', '3.1']);
  expect(await kinds(of)).toEqual(['invoice', 'payment', 'usage']);
  const notices = await rig.database.db.inTenant(of.organizationId, (tx) =>
    listNotices(tx, of.organizationId, { limit: 10 }),
  );
  const [invoice] = await rig.invoices(of);
  expect(notices.filter(({ type }) => type === 'payment.recorded').map(({ data }) => data)).toEqual([
    expect.objectContaining({ invoiceId: invoice?.id, amount: '3.1', currency: 'USD', reference: 'r3.10' }),
  ]);
  const sent = await rig.database.query<{ name: NoticeType; key: string; data: unknown }>(
    `SELECT name, key, data FROM outbox WHERE organization_id = $1 AND data IS NOT NULL ORDER BY name`,
    [of.organizationId],
  );
  expect(sent.map(({ name }) => name)).toEqual(['invoice.finalized', 'payment.recorded']);
  for (const { name, key, data } of sent)
    expect(NOTICE_EVENTS[name].parse(data)).toMatchObject({ noticeId: key, invoiceId: invoice?.id });
});

it('what comes late is owed, and asked for by the next invoice', async () => {
  const of = await rig.payer('0');
  await rig.use(of, OCTOBER, 1);
  await rig.settle(of);
  await rig.close(of, '2026-10');
  await rig.use(of, OCTOBER + 60_000, 1);
  await rig.use(of, NOVEMBER, 1);
  await rig.settle(of);
  await rig.close(of, '2026-11');
  await rig.settle(of);
  const asked = (await rig.invoices(of)).map(({ invoice }) => invoice.payable);
  expect(asked).toHaveLength(2);
  const sum = asked.map((text) => parseDecimal(text)).reduce((all, one) => add(all, one));
  expect(await balance(of)).toBe(formatRatio(ratioOf(sum)));
  expect(await kinds(of)).toEqual(['correction', 'invoice', 'invoice', 'usage', 'usage']);
});

it('an invoice that is taken back leaves nothing to pay', async () => {
  const of = await rig.payer('0');
  await rig.use(of, NOVEMBER, 3);
  await rig.settle(of);
  await rig.close(of, '2026-11');
  await rig.settle(of);
  await takeBack(of);
  await rig.settle(of);
  expect(await balance(of)).toBe('0');
  expect(await kinds(of)).toEqual(['credit_note', 'invoice', 'usage']);
});
