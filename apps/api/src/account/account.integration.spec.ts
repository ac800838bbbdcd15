import { BUILTIN_DOCUMENTS } from '#libs/domain';
import { ApiRig, type RigAnswer, type RigTenant } from '../api.rig.js';

let rig: ApiRig;
let operator: RigTenant;

const requests = { id: 'requests', name: 'Requests', measure: 'requests', unit: 'request', rate: '0.10' };
const egress = {
  id: 'egress',
  name: 'Egress',
  measure: 'egress_bytes',
  unit: 'GiB',
  rate: '0.10',
  per: '1 GiB',
};
const plan = (id: string, change: object = {}): object => ({
  ...BUILTIN_DOCUMENTS[0],
  ...{ id, items: [requests], effectiveFrom: '2020-01-01T00:00:00Z' },
  ...change,
});
const store = async (document: object): Promise<void> => {
  const made = await rig.call('POST', '/v1/price-plans', { key: operator.key, body: { document } });
  expect(made.status).toBe(201);
};

beforeAll(async () => {
  rig = await ApiRig.start();
  operator = await rig.tenant('operators', true);
  await store(plan('gold'));
  await store(plan('euro', { currency: 'EUR' }));
  await store(plan('classed', { multipliers: [{ class: 'fast', by: '2' }] }));
  await store(plan('by-disk', { items: [{ ...requests, times: 'disk_gib' }] }));
  await store(plan('by-bytes', { items: [egress] }));
  await store(plan('later', { effectiveFrom: '2100-01-01T00:00:00Z' }));
  await store(plan('fee', { fees: [{ id: 'base', name: 'Base fee', amount: '30', prorated: false }] }));
}, 60_000);
afterAll(() => rig.stop());

const at = ({ organizationId }: RigTenant, rest: string): string =>
  `/v1/organizations/${organizationId}/${rest}`;
const terms = (of: RigTenant, body: object, key = operator.key): Promise<RigAnswer> =>
  rig.call('PUT', at(of, 'billing-terms'), { key, body });
const credit = (of: RigTenant, body: object, key = operator.key): Promise<RigAnswer> =>
  rig.call('POST', at(of, 'credits'), { key, body: { name: 'Start', currency: 'USD', ...body } });
const rows = async (): Promise<unknown> => [
  await rig.database.query('SELECT * FROM billing_terms ORDER BY 1, 2'),
  await rig.database.query('SELECT * FROM credits ORDER BY 1, 2'),
];
const billOf = async (of: RigTenant, month: string): Promise<Record<string, unknown>> =>
  (await rig.call('GET', `/v1/bill?month=${month}`, { key: of.key })).json;

/** So many requests in a month long ago, before anything else of the spec. */
async function use(of: RigTenant, month: string, count: number): Promise<void> {
  const project = await rig.project(of.key);
  const made = await rig.service(of.key, project.id, 'web');
  const service = (made.json['service'] as { id: string }).id;
  await rig.database.query(
    `INSERT INTO billing_windows (organization_id, project_id, service_id, revision_id, price_zone, window_start_ms,
       requests, not_billable_requests, blocks, per_request_units, open_blocks, request_bytes, response_bytes, updated_at)
     VALUES ($1, $2, $3, '', 'default', $4, $5, 0, 0, 0, '[]', 0, 0, now())`,
    [of.organizationId, project.id, service, Date.parse(`${month}-10T00:00:00Z`), count],
  );
}

describe('terms', () => {
  it('of a new organization count from its beginning: plan, discount, taxes stand on its bill', async () => {
    const tenant = await rig.tenant('gold');
    const taxes = [
      { name: 'VAT', percent: '19' },
      { name: 'Levy', percent: '0.5' },
    ];
    const set = await terms(tenant, { plan: 'gold', discountPercent: '12.5', taxes });
    expect([set.status, set.json]).toMatchObject([
      200,
      { currency: 'USD', terms: [{ plan: 'gold', discountPercent: '12.5', taxes, inForce: true }] },
    ]);
    await use(tenant, '2026-10', 101);
    // 10.10 less an eighth is 8.8375: rounded once; taxes on 8.84, each rounded once
    expect(await billOf(tenant, '2026-10')).toMatchObject({
      plan: { id: 'gold', version: 1 },
      items: [
        {
          list: '10.1',
          amount: '8.8375',
          rounded: '8.84',
          adjustments: [{ kind: 'discount', id: 'discount', amount: '-1.2625' }],
        },
      ],
      due: '8.84',
      taxes: [
        { name: 'VAT', percent: '19', base: '8.84', amount: '1.68' },
        { name: 'Levy', percent: '0.5', base: '8.84', amount: '0.04' },
      ],
      gross: '10.56',
      credits: [],
      payable: '10.56',
    });
  });

  it('set after something was used count from the next minute on; what was used stays as it was', async () => {
    const tenant = await rig.tenant('changer');
    await use(tenant, '2026-10', 100);
    const before = await billOf(tenant, '2026-10');
    const set = await terms(tenant, { plan: 'gold', discountPercent: '50' });
    const [standard, next] = set.json['terms'] as {
      plan: string;
      inForce: boolean;
      effectiveFrom?: string;
    }[];
    expect([standard, next]).toMatchObject([
      { plan: 'builtin', inForce: true },
      { plan: 'gold', inForce: false },
    ]);
    expect(Date.parse(next?.effectiveFrom ?? '')).toBeGreaterThan(Date.now() - 1);
    expect(await billOf(tenant, '2026-10')).toEqual(before);
    const past = await terms(tenant, { plan: 'gold', effectiveFrom: '2026-10-01T00:00:00Z' });
    expect(past.json).toMatchObject({ code: 'INVALID_ARGUMENT', violations: [{ field: 'effectiveFrom' }] });
  });

  it('with fees owe them for each month since the organization was made', async () => {
    const tenant = await rig.tenant('subscriber');
    await terms(tenant, { plan: 'fee' });
    const month = new Date().toISOString().slice(0, 7);
    const { items, due } = await billOf(tenant, month);
    expect((items as object[]).at(-1)).toMatchObject({ item: 'base', quantity: '1', rounded: '30.00' });
    expect(due).toBe('30.00');
    expect(await billOf(tenant, '2020-01')).toMatchObject({ due: '0.00' });
    const close = `/v1/organizations/${tenant.organizationId}/close`;
    await rig.call('POST', close, { key: operator.key, body: {} });
    expect(await billOf(tenant, month)).toMatchObject({ due: '0.00' });
    // what the end of its hold does, in a later month
    await rig.database.query(
      `UPDATE organizations SET status = 'closed', status_changed_at = now() + interval '40 days' WHERE id = $1`,
      [tenant.organizationId],
    );
    expect(await billOf(tenant, month)).toMatchObject({ due: '0.00' });
  });

  it.each<[string, object, string, string]>([
    ['no plan of here', { plan: 'nothing' }, 'INVALID_ARGUMENT', 'plan'],
    ['a plan that is not in force', { plan: 'later' }, 'INVALID_ARGUMENT', 'plan'],
    [
      'a discount above all of it',
      { plan: 'gold', discountPercent: '100.5' },
      'INVALID_ARGUMENT',
      'discountPercent',
    ],
    ['a negative discount', { plan: 'gold', discountPercent: '-1' }, 'INVALID_ARGUMENT', 'discountPercent'],
    [
      'half a minute',
      { plan: 'gold', effectiveFrom: '2100-01-01T00:00:30Z' },
      'INVALID_ARGUMENT',
      'effectiveFrom',
    ],
    [
      'a tax without a name',
      { plan: 'gold', taxes: [{ name: '', percent: '1' }] },
      'INVALID_ARGUMENT',
      'taxes[0].name',
    ],
    [
      'two currencies in a month',
      { plan: 'euro', effectiveFrom: '2100-01-15T00:00:00Z' },
      'INVALID_ARGUMENT',
      'plan',
    ],
    ['classes, which nobody counts', { plan: 'classed' }, 'NOT_SUPPORTED', 'plan'],
    ['disks, which nobody counts', { plan: 'by-disk' }, 'NOT_SUPPORTED', 'plan'],
  ])('with %s are refused, and nothing is written', async (_what, body, code, field) => {
    const tenant = await rig.tenant('wrong');
    const before = await rows();
    const refused = await terms(tenant, body);
    expect(refused.json['code']).toBe(code);
    const [first] = (refused.json['violations'] ?? []) as { field: string }[];
    expect(first?.field ?? '').toBe(field);
    expect(await rows()).toEqual(before);
  });

  it.each<[string, object]>([
    ['has no bound for what a request costs', { plan: 'by-bytes' }],
    ['is in another currency', { plan: 'euro' }],
  ])('of an organization with a cap are refused where the plan %s', async (_what, body) => {
    const tenant = await rig.tenant('capped');
    const cap = (method: 'PUT' | 'DELETE'): Promise<RigAnswer> =>
      rig.call(method, '/v1/cap', {
        key: tenant.key,
        ...(method === 'PUT' ? { body: { amount: '5' } } : {}),
      });
    expect((await cap('PUT')).status).toBe(200);
    const before = await rows();
    const refused = await terms(tenant, body);
    expect(refused.json).toMatchObject({ code: 'FAILED_PRECONDITION', violations: [{ field: 'plan' }] });
    expect(await rows()).toEqual(before);
    expect((await terms(tenant, { plan: 'gold' })).status).toBe(200);
    expect((await cap('DELETE')).status).toBe(200);
    expect((await terms(tenant, body)).status).toBe(200);
  });

  it('change the currency with a month', async () => {
    const tenant = await rig.tenant('mover');
    expect((await terms(tenant, { plan: 'euro' })).json).toMatchObject({ currency: 'EUR' });
    const back = await terms(tenant, { plan: 'gold', effectiveFrom: '2100-02-01T00:00:00Z' });
    expect(back.json).toMatchObject({ currency: 'EUR', terms: [{ plan: 'euro' }, { plan: 'gold' }] });
  });
});

describe('credits', () => {
  it('pay by priority, then by expiry, what is left to be paid; never more than there is', async () => {
    const tenant = await rig.tenant('prepaid');
    await terms(tenant, { plan: 'gold' });
    await use(tenant, '2026-10', 100);
    const given = [
      { name: 'Last', amount: '100', priority: 200 },
      { name: 'Later', amount: '3', expiresAt: '2101-01-01T00:00:00Z' },
      { name: 'Soon', amount: '2.50', expiresAt: '2100-01-01T00:00:00Z' },
      { name: 'First', amount: '1', kind: 'promotional', priority: 1 },
    ];
    for (const body of given) expect((await credit(tenant, body)).status).toBe(201);
    expect(await billOf(tenant, '2026-10')).toMatchObject({
      gross: '10.00',
      credits: [
        { name: 'First', kind: 'promotional', amount: '1.00' },
        { name: 'Soon', amount: '2.50' },
        { name: 'Later', amount: '3.00' },
        { name: 'Last', amount: '3.50' },
      ],
      payable: '0.00',
    });
    // a month that begins after it has expired is not paid by it
    expect(await billOf(tenant, '2100-03')).toMatchObject({ credits: [] });
    const { json } = await rig.call('GET', at(tenant, 'credits'), { key: tenant.key });
    const items = json['items'] as { id: string; name: string; left: string }[];
    expect(items.map(({ name, left }) => [name, left])).toEqual(
      given.map(({ name, amount }) => [name, Number(amount) === 2.5 ? '2.5' : amount]),
    );
    const last = items[0]?.id ?? '';
    const revoke = at(tenant, `credits/${last}`);
    expect((await rig.call('DELETE', revoke, { key: operator.key })).json).toHaveProperty('revokedAt');
    expect(await billOf(tenant, '2026-10')).toMatchObject({ payable: '3.50' });
  });

  it.each<[string, object, string]>([
    ['of another currency', { amount: '1', currency: 'EUR' }, 'currency'],
    ['of nothing', { amount: '0' }, 'amount'],
    ['below nothing', { amount: '-5' }, 'amount'],
    ['out of range', { amount: '1000000000001' }, 'amount'],
    ['in more decimals than are kept', { amount: '0.0000001' }, 'amount'],
    ['that is no decimal', { amount: '1e3' }, 'amount'],
    ['that is over already', { amount: '1', expiresAt: '2020-01-01T00:00:00Z' }, 'expiresAt'],
  ])('%s are refused with the field, and nothing is written', async (_what, body, field) => {
    const tenant = await rig.tenant('wrong');
    const before = await rows();
    const refused = await credit(tenant, body);
    expect(refused.json).toMatchObject({ code: 'INVALID_ARGUMENT', violations: [{ field }] });
    expect(await rows()).toEqual(before);
  });
});

describe('the buyer', () => {
  const buyer = { name: 'Ann Example', address: ['1 Road', 'Town'], country: 'DE', taxId: 'DE1' };
  const update = (of: RigTenant, key: string, body: object = { buyer }): Promise<RigAnswer> =>
    rig.call('PATCH', at(of, 'billing-account'), { key, body });

  it('is said by owners, their billing people and operators; the audit does not say it', async () => {
    const tenant = await rig.tenant('buyer');
    const billing = await rig.key(tenant.key, 'billing');
    for (const key of [tenant.key, billing, operator.key])
      expect((await update(tenant, key)).json).toMatchObject({ buyer, organization: tenant.organizationId });
    for (const role of ['developer', 'viewer'] as const)
      expect((await update(tenant, await rig.key(tenant.key, role))).json['code']).toBe('PERMISSION_DENIED');
    expect((await rig.call('GET', '/v1/audit', { key: tenant.key })).text).not.toContain('Ann');
    const stale = await update(tenant, tenant.key, { buyer, version: '1' });
    expect(stale.json['code']).toBe('VERSION_CONFLICT');
  });

  it('is refused as a whole when a field is wrong', async () => {
    const tenant = await rig.tenant('buyer');
    const refused = await update(tenant, tenant.key, {
      buyer: { ...buyer, country: 'Germany', email: 'no' },
    });
    const named = (refused.json['violations'] as { field: string }[]).map(({ field }) => field);
    expect(named).toEqual(['buyer.country', 'buyer.email']);
    const { json } = await rig.call('GET', at(tenant, 'billing-account'), { key: tenant.key });
    expect(json).toMatchObject({ version: '0', terms: [{ plan: 'builtin', inForce: true }] });
    expect(json).not.toHaveProperty('buyer');
  });
});

it('owners read how they are billed and change no terms; strangers find nothing', async () => {
  const [tenant, other] = [await rig.tenant('one'), await rig.tenant('two')];
  expect((await terms(tenant, { plan: 'gold' }, tenant.key)).json['code']).toBe('PERMISSION_DENIED');
  expect((await credit(tenant, { amount: '1' }, tenant.key)).json['code']).toBe('PERMISSION_DENIED');
  for (const rest of ['billing-account', 'credits'])
    expect((await rig.call('GET', at(tenant, rest), { key: other.key })).json['code']).toBe('NOT_FOUND');
});

it('a preview says what a version would have made of a month, for every organization, and stores nothing', async () => {
  const [gold, plain] = [await rig.tenant('gold again'), await rig.tenant('plain')];
  await terms(gold, { plan: 'gold', discountPercent: '10' });
  await use(gold, '2026-09', 1_000);
  await use(plain, '2026-09', 2_000);
  const before = await rig.database.query('SELECT id FROM price_plan_versions');
  const document = plan('gold', {
    ...{ version: 2, effectiveFrom: '2100-01-01T00:00:00Z' },
    items: [{ ...requests, rate: '0.20' }],
  });
  const preview = async (more: object): Promise<Map<string, object>> => {
    const found = new Map<string, object>();
    for (let cursor: string | undefined; ;) {
      const body = {
        document,
        month: '2026-09',
        limit: 3,
        ...more,
        ...(cursor === undefined ? {} : { cursor }),
      };
      const { json } = await rig.call('POST', '/v1/price-plans/preview', { key: operator.key, body });
      for (const item of json['items'] as { id: string }[]) found.set(item.id, item);
      cursor = json['nextCursor'] as string | undefined;
      if (cursor === undefined) return found;
    }
  };
  const own = await preview({});
  const count = await rig.database.query('SELECT id FROM organizations');
  expect(own.size).toBe(count.length);
  expect(own.get(gold.organizationId)).toMatchObject({ plan: 'gold', before: '90.00', after: '180.00' });
  expect(own.get(plain.organizationId)).toMatchObject({ plan: 'builtin', before: '0.00', after: '0.00' });
  const all = await preview({ everybody: true });
  expect(all.get(plain.organizationId)).toMatchObject({ plan: 'builtin', before: '0.00', after: '400.00' });
  expect(await rig.database.query('SELECT id FROM price_plan_versions')).toEqual(before);
  const wrong = await rig.call('POST', '/v1/price-plans/preview', {
    key: operator.key,
    body: { document: plan('gold', { version: 2, effectiveFrom: '2020-01-01T00:00:00Z' }) },
  });
  expect(wrong.json).toMatchObject({ code: 'INVALID_ARGUMENT' });
});
