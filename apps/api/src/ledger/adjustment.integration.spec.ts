import { ApiRig, type RigAnswer, type RigTenant } from '../api.rig.js';

let rig: ApiRig;
let operator: RigTenant;
let tenant: RigTenant;

beforeAll(async () => {
  rig = await ApiRig.start();
  operator = await rig.tenant('operators', true);
  tenant = await rig.tenant('adjusted');
}, 60_000);
afterAll(() => rig.stop());

const address = ({ organizationId }: RigTenant): string => `/v1/organizations/${organizationId}/adjustments`;
const adjust = (body: object, key = operator.key, of = tenant): Promise<RigAnswer> =>
  rig.call('POST', address(of), {
    key,
    body: { amount: '-1.50', currency: 'USD', reason: 'An hour without service', ...body },
  });
const list = async (key: string, of = tenant): Promise<Record<string, unknown>[]> =>
  (await rig.call('GET', address(of), { key })).json['items'] as Record<string, unknown>[];
const written = (): Promise<unknown[]> => rig.database.query('SELECT 1 FROM ledger_entries');

describe('adjustments', () => {
  it.each<[string, object, string]>([
    ['of another currency', { currency: 'EUR' }, 'currency'],
    ['of nothing', { amount: '0' }, 'amount'],
    ['in parts of a cent', { amount: '0.001' }, 'amount'],
    ['out of range', { amount: '-1000000000001' }, 'amount'],
    ['that are no decimal', { amount: '1e3' }, 'amount'],
    ['without a reason', { reason: ' ' }, 'reason'],
    ['of a reference with words', { reference: 'Ann Example' }, 'reference'],
  ])('%s are refused with the field, and nothing is written', async (_what, body, field) => {
    expect((await adjust(body)).json).toMatchObject({ code: 'INVALID_ARGUMENT', violations: [{ field }] });
    expect(await written()).toEqual([]);
  });

  it('are made by operators alone', async () => {
    expect((await adjust({}, tenant.key)).json['code']).toBe('PERMISSION_DENIED');
    expect((await adjust({}, tenant.key, operator)).status).toBeGreaterThanOrEqual(403);
    const gone = { ...tenant, organizationId: 'org_00000000000000000000' };
    expect((await adjust({}, operator.key, gone as RigTenant)).json['code']).toBe('NOT_FOUND');
    expect(await written()).toEqual([]);
  });

  it('are owed at once, with who and why, and the same reference is one', async () => {
    const first = await adjust({ reference: 'ticket-7' });
    expect([first.status, first.json]).toMatchObject([
      201,
      { amount: '-1.5', currency: 'USD', reason: 'An hour without service', reference: 'ticket-7' },
    ]);
    expect((await adjust({ reference: 'ticket-7', reason: 'Again' })).json).toEqual(first.json);
    const other = await adjust({ reference: 'ticket-7', amount: '1.50' });
    expect(other.json).toMatchObject({ code: 'ALREADY_EXISTS', violations: [{ field: 'reference' }] });
    expect((await adjust({ amount: '5' })).json).not.toHaveProperty('reference');
    expect((await list(tenant.key)).map(({ amount }) => amount)).toEqual(['5', '-1.5']);
    const { json } = await rig.call('GET', '/v1/ledger', { key: tenant.key });
    expect(json['accounts']).toEqual([
      { account: 'adjustments', amount: '-3.5', currency: 'USD' },
      { account: 'balance', amount: '3.5', currency: 'USD' },
    ]);
    const entries = await rig.call('GET', '/v1/ledger/entries', { key: tenant.key });
    expect((entries.json['items'] as unknown[]).at(-1)).toMatchObject({
      ...{ id: first.json['id'], kind: 'adjustment', note: 'An hour without service' },
      actor: first.json['createdBy'],
    });
    expect(await list((await rig.tenant('stranger')).key, tenant)).toBeUndefined();
  });

  it('stand on the bill of the month that is invoiced next, which replay counts too', async () => {
    await rig.database.query(`UPDATE invoicing SET since = to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM')`);
    const bill = await rig.call('GET', '/v1/bill', { key: tenant.key });
    expect(bill.json).toMatchObject({
      adjustments: [{ charged: '-1.50' }, { charged: '5.00' }],
      ...{ due: '0.00', gross: '3.50', payable: '3.50' },
    });
    const former = await rig.call('GET', '/v1/bill?month=2020-01', { key: tenant.key });
    expect(former.json).toMatchObject({ adjustments: [], payable: '0.00' });
    const replayed = await rig.call('GET', '/v1/bill/replay', { key: tenant.key });
    expect(replayed.json).toMatchObject({ equal: true, payable: '3.50' });
  });
});

it('an adjustment is not made again by a reference whose invoice was voided, nor for an organization that is closed', async () => {
  const of = await rig.tenant('voided');
  const { json } = await adjust({ reference: 'ticket-8' }, operator.key, of);
  await rig.database.query(
    `INSERT INTO invoices (organization_id, id, kind, number, month, currency, payable, body, digest, issued_at, due_at, voids)
     SELECT $1, id, kind, number, '2026-10', 'USD', 0, '{}', sha256('{}'), now(), now(), voids FROM (VALUES
       ('ivc_00000000000000000001', 'invoice', 'INV-0-000001', NULL),
       ('ivc_00000000000000000002', 'credit_note', 'INV-0-000002', 'ivc_00000000000000000001')) AS v (id, kind, number, voids)`,
    [of.organizationId],
  );
  await rig.database.query(`INSERT INTO invoice_adjustments VALUES ($1, $2, 'ivc_00000000000000000001')`, [
    of.organizationId,
    json['id'],
  ]);
  expect(await list(of.key, of)).toMatchObject([{ invoice: 'INV-0-000001', takenBack: 'INV-0-000002' }]);
  const again = await adjust({ reference: 'ticket-8' }, operator.key, of);
  expect(again.json).toMatchObject({
    code: 'FAILED_PRECONDITION',
    detail: expect.stringContaining('INV-0-000002') as string,
  });
  await rig.database.query(`UPDATE organizations SET status = 'closed' WHERE id = $1`, [of.organizationId]);
  const closed = await adjust({ reference: 'ticket-9' }, operator.key, of);
  expect(closed.json['code']).toBe('FAILED_PRECONDITION');
  expect(
    await rig.database.query(`SELECT 1 FROM ledger_entries WHERE organization_id = $1`, [of.organizationId]),
  ).toHaveLength(1);
});

it('a credit is in the ledger when it is given, and when what is left of it is taken back', async () => {
  const of = await rig.tenant('credited');
  const credits = `/v1/organizations/${of.organizationId}/credits`;
  const body = { name: 'Start', amount: '25', currency: 'USD' };
  const { json } = await rig.call('POST', credits, { key: operator.key, body });
  const accounts = async (): Promise<unknown> =>
    (await rig.call('GET', '/v1/ledger', { key: of.key })).json['accounts'];
  expect(await accounts()).toEqual([
    { account: 'balance', amount: '-25', currency: 'USD' },
    { account: 'credits', amount: '25', currency: 'USD' },
  ]);
  for (let times = 0; times < 2; times += 1)
    await rig.call('DELETE', `${credits}/${String(json['id'])}`, { key: operator.key });
  expect(await accounts()).toEqual([]);
  const entries = await rig.call('GET', '/v1/ledger/entries', { key: of.key });
  expect(entries.json['items']).toMatchObject([{ kind: 'credit' }, { kind: 'credit' }]);
});
