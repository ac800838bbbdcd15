import { BUILTIN_DOCUMENTS, monthOf } from '#libs/domain';
import { ApiRig, type RigAnswer, type RigTenant } from '../api.rig.js';

let rig: ApiRig;
let operator: RigTenant;

beforeAll(async () => {
  rig = await ApiRig.start();
  operator = await rig.tenant('operators', true);
}, 60_000);
afterAll(() => rig.stop());

const soon = (minutes: number): string =>
  new Date(Math.ceil(Date.now() / 60_000) * 60_000 + minutes * 60_000).toISOString();
const document = (change: object = {}): object => ({
  ...BUILTIN_DOCUMENTS[0],
  id: 'gold',
  effectiveFrom: '2020-01-01T00:00:00Z',
  ...change,
});
const store = (of: object, key = operator.key): Promise<RigAnswer> =>
  rig.call('POST', '/v1/price-plans', { key, body: { document: of } });
const stored = (): Promise<{ plan_id: string; version: number }[]> =>
  rig.database.query('SELECT plan_id, version FROM price_plan_versions ORDER BY plan_id, version');

describe('a price plan', () => {
  it('is stored, listed beside others, and given back as it was', async () => {
    const made = await store(document());
    expect([made.status, made.json['version']]).toMatchObject([
      201,
      {
        plan: 'gold',
        version: 1,
        currency: 'USD',
        builtIn: false,
        effectiveFrom: '2020-01-01T00:00:00.000Z',
      },
    ]);
    expect((await store(document({ id: 'silver', currency: 'EUR' }))).status).toBe(201);
    expect((await store(document({ version: 2, effectiveFrom: soon(60) }))).status).toBe(201);
    const { json } = await rig.call('GET', '/v1/price-plans', { key: operator.key });
    const items = json['items'] as { plan: string; version: number; builtIn: boolean }[];
    expect(items.map(({ plan, version, builtIn }) => [plan, version, builtIn])).toEqual([
      ['builtin', 1, true],
      ['memory-ticks', 1, true],
      ['gold', 1, false],
      ['silver', 1, false],
      ['gold', 2, false],
    ]);
    const inForce = await rig.call('GET', '/v1/price-plans/gold', { key: operator.key });
    expect(inForce.json).toEqual(made.json);
    const later = await rig.call('GET', '/v1/price-plans/gold?version=2', { key: operator.key });
    expect(later.json).toMatchObject({ version: { version: 2 }, document: { version: 2 } });
    const none = await rig.call('GET', '/v1/price-plans/gold?version=3', { key: operator.key });
    expect(none.json['code']).toBe('NOT_FOUND');
  });

  it('in pages leaves nothing out', async () => {
    const seen: string[] = [];
    for (let cursor = ''; ;) {
      const url = `/v1/price-plans?limit=1${cursor === '' ? '' : `&cursor=${cursor}`}`;
      const { json } = await rig.call('GET', url, { key: operator.key });
      seen.push(...(json['items'] as { plan: string }[]).map(({ plan }) => plan));
      cursor = (json['nextCursor'] as string | undefined) ?? '';
      if (cursor === '') break;
    }
    expect(seen).toEqual(['builtin', 'memory-ticks', 'gold', 'silver', 'gold']);
  });

  it('is the same when it is stored again, and refused with other content', async () => {
    const again = await store(document());
    expect(again.status).toBe(201);
    const other = await store(document({ name: 'Other' }));
    expect(other.json).toMatchObject({
      code: 'ALREADY_EXISTS',
      violations: [{ field: 'document.version' }],
    });
  });

  it.each<[string, object, string[]]>([
    ['a number for money', { items: [{ ...item(), rate: 0.4 }] }, ['document.items[0].rate']],
    [
      'a negative rate and an unknown measure',
      { items: [{ ...item(), rate: '-1', measure: 'luck' }] },
      ['document.items[0].measure', 'document.items[0].rate'],
    ],
    [
      'tiers that overlap',
      {
        items: [
          {
            ...item(),
            rate: undefined,
            tiers: [{ upTo: '5', rate: '1' }, { upTo: '3', rate: '1' }, { rate: '1' }],
          },
        ],
      },
      ['document.items[0].tiers[1].upTo'],
    ],
    [
      'two currencies',
      { fees: [{ id: 'base', name: 'Base', amount: '1', currency: 'EUR' }] },
      ['document.fees[0].currency'],
    ],
    [
      'too many decimals',
      { items: [{ ...item(), rate: `0.${'0'.repeat(18)}1` }] },
      ['document.items[0].rate'],
    ],
    [
      'a price from the past',
      { version: 3, effectiveFrom: '2026-01-01T00:00:00Z' },
      ['document.effectiveFrom', 'document.effectiveFrom'],
    ],
    ['a version out of turn', { version: 3, effectiveFrom: soon(10) }, ['document.effectiveFrom']],
    [
      'another currency than before',
      { version: 3, currency: 'EUR', effectiveFrom: soon(90) },
      ['document.currency'],
    ],
    ['no plan at all', { items: undefined, id: 7 }, ['document.id', 'document.items']],
  ])('with %s is refused with the field, and nothing is written', async (_what, change, fields) => {
    const before = await stored();
    const refused = await store(document({ version: 9, ...change }));
    expect(refused.json['code']).toBe('INVALID_ARGUMENT');
    const named = (refused.json['violations'] as { field: string }[]).map(({ field }) => field);
    expect(named.sort()).toEqual(fields.sort());
    expect(await stored()).toEqual(before);
  });

  it('is of platform operators only', async () => {
    const { key } = await rig.tenant();
    for (const answer of [
      await store(document({ id: 'mine' }), key),
      await rig.call('GET', '/v1/price-plans', { key }),
      await rig.call('GET', '/v1/price-plans/gold', { key }),
    ])
      expect(answer.json['code']).toBe('PERMISSION_DENIED');
  });

  it('never changes: by privilege, and for its owner by a trigger', async () => {
    const update = `UPDATE price_plan_versions SET document = '{}'`;
    for (const sql of [update, 'DELETE FROM price_plan_versions']) {
      await expect(rig.database.query(sql)).rejects.toThrow('never changed');
      const inRoles = [
        () => rig.parts.db.asApi((tx) => tx.client.query(sql)),
        () => rig.database.db.asSystem((tx) => tx.client.query(sql)),
      ];
      for (const change of inRoles) await expect(change()).rejects.toMatchObject({ code: '42501' });
    }
  });
});

function item(): object {
  return { id: 'requests', name: 'Requests', measure: 'requests', rate: '1', unit: 'request' };
}

it('the bill of a month in which prices change is rated by the version in force when each window began', async () => {
  const tenant = await rig.tenant('payer');
  const project = await rig.project(tenant.key);
  const made = await rig.service(tenant.key, project.id, 'web');
  const service = (made.json['service'] as { id: string }).id;
  // all windows in one month, also at its end
  const monthAt = (text: string, ms: number): string => monthOf(Date.parse(text) + ms);
  const from = monthAt(soon(1), -60_000) === monthAt(soon(1), 60_000) ? soon(1) : soon(3);
  const change = Date.parse(from);
  const items = [{ ...item(), id: 'requests', per: '1000000', rate: '0.80', unit: '1,000,000 requests' }];
  expect((await store({ ...BUILTIN_DOCUMENTS[0], version: 2, effectiveFrom: from, items })).status).toBe(201);
  // two windows on either side of the change, in one month
  for (const at of [change - 60_000, change, change + 60_000])
    await rig.database.query(
      `INSERT INTO billing_windows (organization_id, project_id, service_id, revision_id, price_zone, window_start_ms,
         requests, not_billable_requests, blocks, per_request_units, open_blocks, request_bytes, response_bytes, updated_at)
       VALUES ($1, $2, $3, '', 'default', $4, 1000000, 0, 0, 0, '[]', 0, 0, now())`,
      [tenant.organizationId, project.id, service, at],
    );
  const month = from.slice(0, 7);
  const { json } = await rig.call('GET', `/v1/bill?month=${month}`, { key: tenant.key });
  const lines = (json['lines'] as { version: number; quantity: string; amount: string }[]).map(
    ({ version, quantity, amount }) => [version, quantity, amount],
  );
  expect(lines).toEqual([
    [1, '1', '0.4'],
    [2, '2', '1.6'],
  ]);
  expect(json).toMatchObject({ total: '2', due: '2.00', plan: { id: 'builtin', version: 2 } });
});
