import { extraMeters, formatRatio, parsePricePlan, parseRatio, total, type UsageRecord } from '#libs/domain';
import { usageOf } from '#libs/testing';
import { ApiRig, type RigTenant } from '../api.rig.js';
import { invoiceOfMonth, takeIn, usedRevision } from './used.rig.js';

const T = Date.parse('2026-10-20T12:00:00Z');
/** Since when the organization is there: 12 of the 31 days. */
const MADE = '2026-10-20T00:00:00.000Z';
const DOCUMENT = {
  ...{ id: 'steps', version: 1, name: 'Steps', currency: 'USD', decimals: 2 },
  effectiveFrom: '1970-01-01T00:00:00Z',
  items: [
    {
      ...{ id: 'cpu', name: 'CPU', measure: 'request_time', per: '1 s', unit: 's', times: 'vcpu' },
      tiers: [{ upTo: '0.5', rate: '0.111' }, { rate: '0.0777' }],
    },
    { id: 'requests', name: 'Requests', measure: 'requests', rate: '0.0123', per: '1', unit: 'request' },
  ],
  grants: [
    { id: 'first', name: 'First', items: ['cpu'], quantity: '0.1' },
    { id: 'start', name: 'Start', items: ['requests'], money: '0.02' },
  ],
  fees: [{ id: 'base', name: 'Base', amount: '31' }],
};

interface Amounts {
  amount: string;
}
interface Line {
  charged: string;
  charges: { list: string; adjustments: Amounts[]; amount: string; rounded: string }[];
  fee?: unknown;
}
interface Cost {
  lines: (Amounts & { item: string })[];
  adjustments: (Amounts & { item: string; kind: string; id: string })[];
}

let rig: ApiRig;
let tenant: RigTenant;
let records: UsageRecord[];
beforeAll(async () => {
  rig = await ApiRig.start();
  const operator = await rig.tenant('operators', true);
  await rig.call('POST', '/v1/price-plans', { key: operator.key, body: { document: DOCUMENT } });
  tenant = await rig.tenant('steps');
  await rig.call('PUT', `/v1/organizations/${tenant.organizationId}/billing-terms`, {
    key: operator.key,
    body: { plan: 'steps', discountPercent: '15' },
  });
  const of = await usedRevision(rig, tenant);
  records = Array.from({ length: 9 }, (_one, n) =>
    usageOf(of, n, { startMs: T + n * 1_000, endMs: T + n * 1_000 + 30 + n * 40 }),
  );
  const meters = extraMeters(parsePricePlan(DOCUMENT));
  await takeIn(rig, of, { fresh: records, all: records, position: 1 }, { meters });
  await rig.database.query(`UPDATE organizations SET created_at = $2 WHERE id = $1`, [
    tenant.organizationId,
    MADE,
  ]);
}, 60_000);
afterAll(() => rig.stop());

const get = async <T>(path: string): Promise<T> =>
  (await rig.call('GET', path, { key: tenant.key })).json as T;
const lineOf = (item: string, of = 'month=2026-10'): Promise<Line> =>
  get<Line>(`/v1/bill/line?line=${item}&${of}`);
const sumOf = (list: readonly Amounts[]): string =>
  formatRatio(total(list.map(({ amount }) => parseRatio(amount))));
const same = (text: string): string => formatRatio(parseRatio(text));

const FEE = {
  ...{ amount: '31', prorated: true, held: [{ from: MADE, to: '2026-11-01T00:00:00.000Z' }] },
  ...{ heldMs: String(12 * 86_400_000), monthMs: String(31 * 86_400_000) },
  formula: `31 × ${12 * 86_400_000} ms ÷ ${31 * 86_400_000} ms`,
};

it('what all requests cost, with the adjustments that their cost names, is what the lines ask for', async () => {
  const costs = await Promise.all(
    records.map(({ streamId }) => get<Cost>(`/v1/bill/requests/${streamId}?at=${new Date(T).toISOString()}`)),
  );
  const named = costs[0]?.adjustments ?? [];
  expect(named.map(({ item, kind, id }) => [item, kind, id])).toEqual([
    ...[
      ['cpu', 'grant', 'first'],
      ['cpu', 'tiers', 'cpu'],
      ['cpu', 'discount', 'discount'],
      ['cpu', 'rounding', 'rounding'],
    ],
    ...[
      ['requests', 'grant', 'start'],
      ['requests', 'discount', 'discount'],
      ['requests', 'rounding', 'rounding'],
    ],
  ]);
  for (const cost of costs) expect(cost.adjustments).toEqual(named);
  for (const item of ['cpu', 'requests']) {
    const parts = [...costs.flatMap(({ lines }) => lines), ...named].filter((one) => one.item === item);
    expect([item, sumOf(parts)]).toEqual([item, same((await lineOf(item)).charged)]);
  }
});

it('a line leads from list price to what is asked for, step by step', async () => {
  for (const item of ['cpu', 'requests', 'base']) {
    const { charged, charges } = await lineOf(item);
    const [only] = charges;
    expect(charges).toHaveLength(1);
    const steps = [{ amount: only?.list ?? '' }, ...(only?.adjustments ?? [])];
    expect(sumOf(steps)).toBe(only?.amount);
    expect(charged).toBe(only?.rounded);
  }
});

it('a fee is explained by when it was held, of the bill and of its invoice', async () => {
  const line = await lineOf('base');
  expect(line).toMatchObject({ fee: FEE, charged: '10.20', charges: [{ list: '12', amount: '10.2' }] });
  expect((await lineOf('cpu')).fee).toBeUndefined();
  const { number } = await invoiceOfMonth(rig, tenant.organizationId, '2026-10', 1);
  expect(await lineOf('base', `invoice=${number}`)).toEqual(line);
  expect(await get<Line>('/v1/bill/windows?month=2026-10&line=base')).toEqual({ items: [] });
});

it('a fee of a month in which the organization was not there is not owed', async () => {
  expect(await lineOf('base', 'month=2026-09')).toMatchObject({
    ...{ charges: [], charged: '0.00' },
    fee: { held: [], formula: '0' },
  });
});

it('a line that says its month is that of the month, also without an invoice', async () => {
  expect(await lineOf('2026-10/steps/1/cpu', '')).toEqual(await lineOf('cpu'));
  const refused = await rig.call('GET', '/v1/bill/line?line=2026-10/steps/1/cpu&month=2026-09', {
    key: tenant.key,
  });
  expect([refused.status, refused.json['code']]).toEqual([400, 'INVALID_ARGUMENT']);
});
