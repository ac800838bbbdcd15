import { createHash, randomInt } from 'node:crypto';
import { Api } from '../support/api.js';
import { rowsOf } from '../support/stores.js';
import { Tenant } from '../support/tenant.js';
import { until } from '../support/until.js';

const DAY_MS = 86_400_000;
/** Billing looks every few seconds, and a machine may be busy. */
const PATIENCE_MS = 120_000;

interface Invoices {
  items: { number: string; status: string; balance: string }[];
}
interface Notices {
  items: { type: string; data: { number?: string; amount?: string } }[];
}

describe('a debtor', () => {
  let tenant: Tenant;
  let operator: Api;
  let number: string;

  beforeAll(async () => {
    tenant = await Tenant.create('debtor');
    operator = new Api(tenant.platform.apiUrl, tenant.platform.operatorKey);
    await tenant.mustDeploy('shop');
  }, 120_000);

  const organization = (): string => `/v1/organizations/${tenant.organizationId}`;
  const invoices = async (): Promise<Invoices['items']> =>
    (await tenant.api.ok<Invoices>('GET', `${organization()}/invoices`)).items;
  const told = async (type: string): Promise<Notices['items']> =>
    (await tenant.api.ok<Notices>('GET', '/v1/notices')).items.filter((one) => one.type === type);
  const answers = (status: number): Promise<unknown> =>
    until(`${status} at the host`, PATIENCE_MS, async () => (await tenant.call('shop')).status === status);

  it('is told of what is past due, and its hosts answer 403', async () => {
    expect((await tenant.call('shop')).status).toBe(200);
    number = await plantInvoice(tenant);
    await answers(403);
    const own = await tenant.api.ok<{ status: string; statusReason: string }>('GET', organization());
    expect(own).toMatchObject({ status: 'suspended' });
    expect(await invoices()).toMatchObject([{ number, status: 'past_due', balance: '5.00' }]);
    expect(await told('invoice.overdue')).toMatchObject([{ data: { number } }]);
  }, 180_000);

  it('is served again when an operator records its payment, by the same revision', async () => {
    const payments = `${organization()}/invoices/${number}/payments`;
    const part = { amount: '2', currency: 'USD', reference: 'tr_1' };
    await operator.ok('POST', payments, part);
    await until('the part is told', PATIENCE_MS, async () => (await told('payment.recorded')).length === 1);
    expect((await tenant.call('shop')).status).toBe(403);
    await operator.ok('POST', payments, { ...part, amount: '3', reference: 'tr_2' });
    await answers(200);
    expect(await tenant.api.ok('GET', organization())).toMatchObject({ status: 'active' });
    expect(await invoices()).toMatchObject([{ number, status: 'paid', balance: '0.00' }]);
    expect((await tenant.revisions('shop')).map(({ name }) => name)).toEqual(['shop-00001']);
  }, 300_000);
});

/**
 * An invoice of the month before, past due since yesterday, written into the rows as billing writes one: the organization is some
 * seconds old, and no month of it ends while a story lasts.
 */
async function plantInvoice({ platform, organizationId }: Tenant): Promise<string> {
  const number = `INV-0-${String(randomInt(1_000_000)).padStart(6, '0')}`;
  const id = `ivc_${createHash('sha256').update(number).digest('hex').slice(0, 20)}`;
  const [issuedAt, dueAt] = [15 * DAY_MS, DAY_MS].map((ago) => new Date(Date.now() - ago).toISOString());
  const fee = { plan: 'builtin', version: 1, item: 'base', name: 'Base fee', unit: 'month', rate: '5' };
  const body = JSON.stringify({
    ...{ schemaVersion: 1, kind: 'invoice', number, organization: organizationId, month: '2026-10' },
    ...{ currency: 'USD', decimals: 2, issuedAt, dueAt },
    lines: [{ ...fee, quantity: '1', list: '5', adjustments: [], amount: '5', charged: '5.00' }],
    ...{ corrections: [], subtotal: '5.00', taxes: [], gross: '5.00', credits: [], payable: '5.00' },
  });
  await rowsOf(
    platform,
    `INSERT INTO invoices (organization_id, id, kind, number, month, currency, payable, body, digest, issued_at, due_at)
     VALUES ($1, $2, 'invoice', $3, '2026-10', 'USD', 5, $4, sha256(convert_to($4, 'UTF8')), $5, $6)`,
    [organizationId, id, number, body, issuedAt ?? '', dueAt ?? ''],
  );
  return number;
}
