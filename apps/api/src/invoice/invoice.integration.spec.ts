import { createHash } from 'node:crypto';
import { STANDARD_TERMS, billOf, invoiceOf, newId, parseDecimal, parsePricePlan } from '#libs/domain';
import { systemRandom } from '#libs/process';
import { insertCredit, insertInvoice, nextInvoiceNumber } from '#libs/store';
import { ApiRig, type RigAnswer, type RigTenant } from '../api.rig.js';

let rig: ApiRig;
let operator: RigTenant;
let tenant: RigTenant;
let number: string;
let creditId: string;

const plan = parsePricePlan({
  ...{
    id: 'gold',
    version: 1,
    name: 'Gold',
    currency: 'USD',
    decimals: 2,
    effectiveFrom: '2020-01-01T00:00:00Z',
  },
  items: [{ id: 'requests', name: 'Requests', measure: 'requests', rate: '0.5', unit: 'request' }],
});
const days = [
  {
    ...{ projectId: 'prj_1', project: 'shop', serviceId: 'svc_1', service: 'web', priceZone: 'default' },
    ...{ day: '2026-10-10', requests: 24n, notBillableRequests: 0n, blocks: 0n, perRequestUnits: 0n },
    ...{ requestBytes: 0n, responseBytes: 0n, cpuMillis: 0, memoryMiB: 0 },
  },
];

/** An invoice of 12.00, of which a credit pays 2, as billing makes them. */
async function invoice(of: RigTenant, month = '2026-10', dueInMs = 86_400_000): Promise<string> {
  const { organizationId } = of;
  const now = Date.now();
  const id = newId('crd', now, systemRandom);
  const money = {
    currency: 'USD',
    amount: parseDecimal('2'),
    priority: 1,
    createdAt: now,
    createdBy: 'key_0',
  };
  const credit = await rig.parts.db.inTenant(organizationId, (tx) =>
    insertCredit(tx, { ...money, id, organizationId, name: 'Start', kind: 'prepaid' }),
  );
  creditId = id;
  return rig.database.db.asSystem(async (tx) => {
    const made = await nextInvoiceNumber(tx, 'invoice');
    const [issuedAt, dueAt] = [now, now + dueInMs].map((ms) => new Date(ms).toISOString()) as [
      string,
      string,
    ];
    const facts = { decimals: 2, taxes: STANDARD_TERMS.taxes, credits: [credit], corrections: [] };
    const document = invoiceOf(
      billOf(month, [{ plan, days }]),
      { number: made, organization: organizationId, issuedAt, dueAt },
      facts,
    );
    await insertInvoice(tx, { id: newId('ivc', now, systemRandom), organizationId, invoice: document });
    return made;
  });
}

beforeAll(async () => {
  rig = await ApiRig.start();
  operator = await rig.tenant('operators', true);
  tenant = await rig.tenant('payer');
  number = await invoice(tenant);
}, 60_000);
afterAll(() => rig.stop());

const at = (rest: string, of = tenant): string => `/v1/organizations/${of.organizationId}/invoices${rest}`;
const get = (rest: string, key = tenant.key, of = tenant): Promise<RigAnswer> =>
  rig.call('GET', at(rest, of), { key });
const pay = (body: object, key = operator.key, of = tenant, what = number): Promise<RigAnswer> =>
  rig.call('POST', at(`/${what}/payments`, of), { key, body: { currency: 'USD', ...body } });

describe('invoices', () => {
  it('are listed and shown to their organization and to operators, to nobody else', async () => {
    for (const key of [tenant.key, operator.key, await rig.key(tenant.key, 'billing')]) {
      expect((await get('', key)).json['items']).toMatchObject([
        { number, month: '2026-10', gross: '12.00', payable: '10.00', balance: '10.00', status: 'open' },
      ]);
      expect((await get(`/${number}`, key)).json).toMatchObject({
        invoice: { number },
        document: { lines: [{ item: 'requests', charged: '12.00' }], credits: [{ amount: '2.00' }] },
        payments: [],
      });
    }
    expect((await get('', await rig.key(tenant.key, 'viewer'))).json['code']).toBe('PERMISSION_DENIED');
    const stranger = await rig.tenant('stranger');
    expect((await get(`/${number}`, stranger.key)).json['code']).toBe('NOT_FOUND');
    expect((await get(`/${number}`, stranger.key, stranger)).json['code']).toBe('NOT_FOUND');
  });

  it('can be had as a file; of JSON the digest is shown', async () => {
    const { json } = await get(`/${number}`);
    const { digest } = json['invoice'] as { digest: string };
    const file = await get(`/${number}/document?format=json`);
    expect(createHash('sha256').update(file.text).digest('hex')).toBe(digest);
    expect(file.headers['content-disposition']).toBe(`attachment; filename="${number}.json"`);
    expect((await get(`/${number}/document?format=csv`)).text).toContain('payable');
    expect((await get(`/${number}/document?format=html`)).text).toContain(`<h1>Invoice ${number}</h1>`);
    expect((await get(`/${number}/document?format=focus`)).text).toContain('ChargeCategory');
    const pdf = await get(`/${number}/document?format=pdf`);
    expect(pdf.text).toMatch(/^%PDF-1\.4\n[^]*\(12\.00\) Tj[^]*\n%%EOF\n$/);
    expect((await get(`/${number}/document?format=pdf`)).text).toBe(pdf.text);
    expect((await get(`/${number}/document?format=doc`)).json['code']).toBe('INVALID_ARGUMENT');
  });
});

describe('payments', () => {
  it.each<[string, object, string]>([
    ['in another currency', { amount: '1', currency: 'EUR' }, 'currency'],
    ['of nothing', { amount: '0' }, 'amount'],
    ['in parts of a cent', { amount: '0.001' }, 'amount'],
    ['out of range', { amount: '1000000000001' }, 'amount'],
    ['that are no decimal', { amount: '1e3' }, 'amount'],
    ['of a reference with words', { amount: '1', reference: 'Ann Example' }, 'reference'],
  ])('%s are refused with the field, and nothing is written', async (_what, body, field) => {
    const refused = await pay(body);
    expect(refused.json).toMatchObject({ code: 'INVALID_ARGUMENT', violations: [{ field }] });
    expect(await rig.database.query('SELECT 1 FROM payments')).toEqual([]);
  });

  it('lower the balance, the same reference once, until the invoice is paid', async () => {
    const first = await pay({ amount: '4', reference: 'pi_1' });
    expect([first.status, first.json['invoice']]).toMatchObject([
      201,
      { paid: '4.00', balance: '6.00', status: 'open' },
    ]);
    expect((await pay({ amount: '4.00', reference: 'pi_1' })).json).toEqual(first.json);
    expect((await pay({ amount: '5', reference: 'pi_1' })).json['code']).toBe('ALREADY_EXISTS');
    expect((await pay({ amount: '6' })).json['invoice']).toMatchObject({ balance: '0.00', status: 'paid' });
    expect((await pay({ amount: '-1', reference: 'refund' })).json['invoice']).toMatchObject({
      balance: '1.00',
    });
    expect((await pay({ amount: '1' }, tenant.key)).json['code']).toBe('PERMISSION_DENIED');
    const { json } = await get(`/${number}`);
    expect((json['payments'] as { amount: string }[]).map(({ amount }) => amount)).toEqual([
      '4.00',
      '6.00',
      '-1.00',
    ]);
  });

  it('that do not come leave it past due', async () => {
    const late = await rig.tenant('late');
    const due = await invoice(late, '2026-09', -1);
    expect((await get(`/${due}`, late.key, late)).json['invoice']).toMatchObject({ status: 'past_due' });
  });
});

describe('taking an invoice back', () => {
  it('makes a credit note with a number of its own, once; the credit has its money again', async () => {
    const other = await rig.tenant('other');
    const wrong = await invoice(other);
    const credits = (): Promise<RigAnswer> =>
      rig.call('GET', `/v1/organizations/${other.organizationId}/credits`, { key: other.key });
    expect((await credits()).json['items']).toMatchObject([{ id: creditId, left: '0' }]);
    const void_ = (key = operator.key): Promise<RigAnswer> =>
      rig.call('POST', at(`/${wrong}/void`, other), { key, body: {} });
    expect((await void_(other.key)).json['code']).toBe('PERMISSION_DENIED');
    const before = await get(`/${wrong}/document?format=json`, other.key, other);
    const made = await void_();
    expect(made.json['invoice']).toMatchObject({ status: 'void', balance: '0.00', voidedBy: 'CRN-1-000001' });
    expect((await void_()).json).toEqual(made.json);
    const { json } = await get('', other.key, other);
    expect(json['items']).toMatchObject([
      { number: 'CRN-1-000001', kind: 'credit_note', voids: wrong, gross: '-12.00', payable: '-10.00' },
      { number: wrong },
    ]);
    expect((await get(`/${wrong}/document?format=json`, other.key, other)).text).toBe(before.text);
    expect((await credits()).json['items']).toMatchObject([{ left: '2' }]);
    const again = await rig.call('POST', at('/CRN-1-000001/void', other), { key: operator.key, body: {} });
    expect(again.json['code']).toBe('FAILED_PRECONDITION');
  });
});
