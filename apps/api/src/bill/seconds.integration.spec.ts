import {
  extraMeters,
  formatRatio,
  parsePricePlan,
  parseRatio,
  total,
  type Id,
  type Running,
  type UsageRecord,
} from '#libs/domain';
import { usageOf, type UsedRevision } from '#libs/testing';
import { ApiRig, type RigTenant } from '../api.rig.js';
import { CLUSTER, invoiceOfMonth, takeIn, usedRevision } from './used.rig.js';

const T = Date.parse('2026-10-10T12:00:00Z');
const time = { measure: 'request_time', rate: '0.001', per: '1 s', unit: 's' };
/** Blocks of a second, of 70 ms, and each request at least half a second. */
const DOCUMENT = {
  ...{ id: 'seconds', version: 1, name: 'Seconds', currency: 'USD', decimals: 6 },
  effectiveFrom: '1970-01-01T00:00:00Z',
  items: [
    { ...time, id: 'cpu', name: 'CPU', model: 'concurrency', quantum: '1 s', times: 'vcpu' },
    { ...time, id: 'memory', name: 'Memory', model: 'concurrency', quantum: '70 ms', times: 'gib' },
    { ...time, id: 'each', name: 'Each', model: 'per_request', quantum: '1 ms', minimum: '500 ms' },
    { id: 'requests', name: 'Requests', measure: 'requests', rate: '0.01', per: '1', unit: 'request' },
  ],
};
const plan = parsePricePlan(DOCUMENT);

let rig: ApiRig;
let operator: RigTenant;
beforeAll(async () => {
  rig = await ApiRig.start();
  operator = await rig.tenant('operators', true);
  for (const document of [DOCUMENT, INSTANCES, ZONED, APART])
    await rig.call('POST', '/v1/price-plans', { key: operator.key, body: { document } });
  await clusterIn(CLUSTER, 'mars');
  await storeMoving();
}, 60_000);
afterAll(() => rig.stop());

const ofInstances = { measure: 'instance_time', rate: '0.001', per: '1 s', unit: 's' };
const INSTANCES = {
  ...{ id: 'instances', version: 1, name: 'Instances', currency: 'USD', decimals: 6 },
  effectiveFrom: '1970-01-01T00:00:00Z',
  items: [
    { ...ofInstances, id: 'active', name: 'Active', states: ['active'], quantum: '1 s', times: 'vcpu' },
    { ...ofInstances, id: 'idle', name: 'Idle', states: ['idle'], quantum: '1 s', times: 'vcpu' },
    { ...ofInstances, id: 'l4', name: 'L4', measure: 'gpu_time', gpuClass: 'l4', quantum: '1 s' },
    { id: 'requests', name: 'Requests', measure: 'requests', rate: '0.01', per: '1', unit: 'request' },
  ],
};

/** Twice as dear on the moon. */
const ZONED = {
  ...{ ...DOCUMENT, id: 'zoned', zones: [{ name: 'far', regions: ['moon'] }] },
  multipliers: [{ zone: 'far', by: '2' }],
};
/** Requests by an item for each zone. */
const APART = {
  ...{ ...ZONED, id: 'apart', multipliers: undefined },
  items: ['far', 'default'].map((zone) => ({
    ...{ id: `in-${zone}`, name: zone, measure: 'requests', zones: [zone] },
    ...{ rate: '0.01', per: '1', unit: 'request' },
  })),
};
const MOVING_ITEMS = [
  ...INSTANCES.items,
  { ...ofInstances, id: 'kept', name: 'Kept', quantum: '1 s', minimum: '2 min' },
  { ...ofInstances, id: 'held', name: 'Held', quantum: '1 s', minimum: '90 s' },
];
/** A plan that puts mars into a zone of its own, twice as dear, from a minute on. */
async function storeMoving(): Promise<void> {
  for (const [version, from, zones] of [
    [1, 0, []],
    [2, T + 60_000, [{ name: 'far', regions: ['mars'] }]],
  ] as const) {
    const multipliers = zones.map(({ name }) => ({ zone: name, by: '2' }));
    const effectiveFrom = new Date(from).toISOString();
    const document = {
      ...{ ...INSTANCES, id: 'moving', version, effectiveFrom, zones },
      ...{ multipliers, items: MOVING_ITEMS },
    };
    await rig.database.query(
      `INSERT INTO price_plan_versions (id, plan_id, version, effective_from, document, created_by, created_at)
       VALUES ($1, 'moving', $2, $3, $4, 'me', now())`,
      [`ppv_${String(version).repeat(20)}`, version, effectiveFrom, JSON.stringify(document)],
    );
  }
}

const MOON: Id<'cls'> = 'cls_0000000000000000moon';

const recordsOf = (of: UsedRevision): UsageRecord[] => {
  const at = (position: number, from: number, to: number, change: Partial<UsageRecord> = {}): UsageRecord =>
    usageOf(of, position, { startMs: T + from, endMs: T + to }, change);
  return [
    at(0, 0, 100),
    at(1, 900, 1_100),
    at(2, 59_950, 60_030, { streamId: 'long', last: false }),
    at(3, 60_030, 61_010, { streamId: 'long', part: 1 }),
    at(4, 60_500, 60_600),
  ];
};

interface Priced {
  id: string;
  amount: string;
  opened?: string[];
}
interface Borne extends Priced {
  stretch: { from: string; to: string; state: string; ms: string };
}
const iso = (ms: number): string => new Date(ms).toISOString();
interface Bill {
  items: { item: string; quantity: string; list: string }[];
}
const sumOf = (list: readonly { amount: string }[]): string =>
  formatRatio(total(list.map(({ amount }) => parseRatio(amount))));

const clusterIn = (id: Id<'cls'>, region: string): Promise<unknown> =>
  rig.database.query(
    `INSERT INTO clusters (id, name, provider, region, zone, runtime, created_at)
     VALUES ($1, $2, 'own', $2, 'a', 'local', now())`,
    [id, region],
  );

/** What a next version of a plan would make of the month of an organization. */
async function previewed(of: object, organizationId: string): Promise<string | undefined> {
  const document = { ...of, version: 2, effectiveFrom: '2100-01-01T00:00:00Z' };
  const { json } = await rig.call('POST', '/v1/price-plans/preview', {
    key: operator.key,
    body: { document, month: '2026-10', everybody: true },
  });
  return (json['items'] as { id: string; after: string }[]).find(({ id }) => id === organizationId)?.after;
}

it('a bill by other blocks than 100 ms is explained, replayed, and what the requests cost', async () => {
  const tenant = await rig.tenant('by-the-second');
  const set = await rig.call('PUT', `/v1/organizations/${tenant.organizationId}/billing-terms`, {
    key: operator.key,
    body: { plan: 'seconds' },
  });
  expect(set.json).toMatchObject({ terms: [{ plan: 'seconds', inForce: true }] });
  const of = await usedRevision(rig, tenant);
  const records = recordsOf(of);
  await takeIn(rig, of, { fresh: records, all: records, position: 1 }, { meters: extraMeters(plan) });
  const get = async <T>(path: string): Promise<T> =>
    (await rig.call('GET', path, { key: tenant.key })).json as T;
  const bill = await get<Bill>('/v1/bill?month=2026-10');
  // one block covers the first second, one each is opened at 1.0 s, at 59.95 s and at 60.95 s
  expect(bill.items.map(({ item, quantity }) => [item, quantity])).toEqual([
    ['cpu', '4'],
    ['memory', '0.735'],
    ['each', '2.56'],
    ['requests', '4'],
  ]);
  const opened: Record<string, number> = {};
  for (const { item, list } of bill.items) {
    const windows = await get<{ items: Priced[] }>(`/v1/bill/windows?month=2026-10&line=${item}`);
    const requests = await Promise.all(
      windows.items.map(({ id }) => get<{ items: Priced[] }>(`/v1/bill/windows/${id}/requests?line=${item}`)),
    );
    const bearers = requests.flatMap(({ items }) => items);
    expect([item, sumOf(windows.items), sumOf(bearers)]).toEqual([item, list, list]);
    opened[item] = bearers.reduce((sum, { opened: at = [] }) => sum + at.length, 0);
  }
  expect(opened['cpu']).toBe(4);
  const ids = [...new Set(records.map(({ streamId }) => streamId))];
  const costs = await Promise.all(
    ids.map((id) =>
      get<{ totals: Priced[] }>(`/v1/bill/requests/${id}?at=${new Date(T + 60_000).toISOString()}`),
    ),
  );
  expect(sumOf(costs.flatMap(({ totals }) => totals))).toBe(
    sumOf(bill.items.map(({ list }) => ({ amount: list }))),
  );
  expect(await get('/v1/bill/replay?month=2026-10')).toMatchObject({ equal: true, windows: 2 });
});

it('what a month would have cost by blocks of a second is counted from its records', async () => {
  const tenant = await rig.tenant('curious');
  const of = await usedRevision(rig, tenant);
  const records = recordsOf(of);
  await takeIn(rig, of, { fresh: records, all: records, position: 1 });
  const ask = { key: tenant.key };
  const { json } = await rig.call('GET', '/v1/bill/replay?month=2026-10&plan=seconds', ask);
  const lines = json['lines'] as { item: string; quantity: string }[];
  expect(lines.map(({ item, quantity }) => [item, quantity])).toEqual([
    ['cpu', '4'],
    ['memory', '0.735'],
    ['each', '2.56'],
    ['requests', '4'],
  ]);
  expect(await previewed(DOCUMENT, tenant.organizationId)).toBe(json['subtotal']);
});

it('a month is counted again in the price zones of another plan, by where its requests ran', async () => {
  const tenant = await rig.tenant('abroad');
  const of = await usedRevision(rig, tenant);
  await clusterIn(MOON, 'moon');
  const at = (position: number, change: Partial<UsageRecord>): UsageRecord =>
    usageOf(of, position, { startMs: T + 20, endMs: T + 30 }, change);
  const home = { region: 'local' };
  const records = [at(0, home), at(1, { ...home, clusterId: MOON }), at(2, { region: 'moon' })];
  await takeIn(rig, of, { fresh: records, all: records, position: 1 });
  const { json } = await rig.call('GET', '/v1/bill/replay?month=2026-10&plan=zoned', { key: tenant.key });
  const lines = json['lines'] as { item: string; quantity: string; list: string }[];
  // one block of a second in each of the two zones; each request alone counts half a second
  expect(lines.map(({ item, quantity, list }) => [item, quantity, list])).toEqual([
    ['cpu', '2', '0.003'],
    ['memory', '0.07', '0.000105'],
    ['each', '1.5', '0.0025'],
    ['requests', '3', '0.05'],
  ]);
  expect(await previewed(ZONED, tenant.organizationId)).toBe(json['subtotal']);
});

it('the line of a price item for some price zones leads to minutes of these alone', async () => {
  const tenant = await rig.tenant('apart');
  await rig.call('PUT', `/v1/organizations/${tenant.organizationId}/billing-terms`, {
    key: operator.key,
    body: { plan: 'apart' },
  });
  const of = await usedRevision(rig, tenant);
  const at = (position: number): UsageRecord => usageOf(of, position, { startMs: T, endMs: T + 10 });
  const [near, far] = [[at(0)], [at(1), at(2)]];
  await takeIn(rig, of, { fresh: near, all: near, position: 1 });
  await takeIn(rig, of, { fresh: far, all: far, position: 2 }, { zone: 'far' });
  for (const [item, amount] of [
    ['in-default', '0.01'],
    ['in-far', '0.02'],
  ] as const) {
    const ask = { key: tenant.key };
    const { json } = await rig.call('GET', `/v1/bill/windows?month=2026-10&line=${item}`, ask);
    expect((json['items'] as Priced[]).map((window) => window.amount)).toEqual([amount]);
  }
});

it('a bill by time of instances is explained and replayed, also as its invoice was before a late word', async () => {
  const tenant = await rig.tenant('by-instance');
  const set = await rig.call('PUT', `/v1/organizations/${tenant.organizationId}/billing-terms`, {
    key: operator.key,
    body: { plan: 'instances' },
  });
  expect(set.json).toMatchObject({ terms: [{ plan: 'instances', inForce: true }] });
  const of = await usedRevision(rig, tenant, { gpus: 2, gpuClass: 'l4' });
  const meters = extraMeters(parsePricePlan(INSTANCES));
  const records = recordsOf(of);
  const pod = (ms: number): Running => ({ id: 'pod', begunMs: T, startMs: T, endMs: T + ms });
  await takeIn(rig, of, { fresh: records, all: records, position: 5 }, { meters, running: [pod(150_000)] });
  const get = async <A>(path: string): Promise<A> =>
    (await rig.call('GET', path, { key: tenant.key })).json as A;
  const { items } = await get<Bill>('/v1/bill?month=2026-10');
  // seconds begin where the instance became active or idle: at 0, 0.9, 59.95 and 60.95 s, and where nothing was covered
  expect(items.map(({ item, quantity }) => [item, quantity])).toEqual([
    ['active', '4'],
    ['idle', '149'],
    ['l4', '300'],
    ['requests', '4'],
  ]);
  const explained = await get<{ items: Priced[] }>('/v1/bill/windows?month=2026-10&line=idle');
  expect([explained.items.length, sumOf(explained.items)]).toEqual([3, items[1]?.list]);
  const [of0 = '', of1 = ''] = explained.items.map(({ id }) => id);
  const bearersOf = async (window: string, line: string, more = ''): Promise<Borne[]> =>
    (await get<{ items: Borne[] }>(`/v1/bill/windows/${window}/requests?line=${line}${more}`)).items;
  const stretch = (state: string, from: number, to: number, ms: number): object => ({
    request: 'pod',
    stretch: { from: iso(T + from), to: iso(T + to), state, ms: String(ms) },
  });
  const idle = await bearersOf(of0, 'idle');
  expect(idle).toMatchObject([stretch('idle', 100, 900, 1_000), stretch('idle', 1_100, 59_950, 59_000)]);
  const borne = await Promise.all(explained.items.map(({ id }) => bearersOf(id, 'idle')));
  expect(sumOf(borne.flat())).toBe(items[1]?.list);
  const { items: firsts, nextCursor } = await get<{ items: Borne[]; nextCursor: string }>(
    `/v1/bill/windows/${of0}/requests?line=idle&limit=1`,
  );
  expect(firsts).toEqual(idle.slice(0, 1));
  expect(await bearersOf(of0, 'idle', `&limit=1&cursor=${nextCursor}`)).toEqual(idle.slice(1));
  const gpus = await Promise.all(explained.items.map(({ id }) => bearersOf(id, 'l4')));
  expect(sumOf(gpus.flat())).toBe(items[2]?.list);
  const replay = (): Promise<Record<string, unknown>> => get('/v1/bill/replay?month=2026-10');
  expect(await replay()).toMatchObject({ equal: true, windows: 3 });
  const made = await invoiceOfMonth(rig, tenant.organizationId, '2026-10', 5);
  const before = await replay();
  expect(before).toMatchObject({ equal: true, invoice: made.number, windows: 3 });
  await takeIn(rig, of, { fresh: [], all: records, position: 6 }, { meters, running: [pod(190_000)] });
  expect(await replay()).toEqual(before);
  // as the invoice counted it, and now
  const last = explained.items[2]?.id ?? '';
  const [then, now] = [await bearersOf(last, 'l4', `&invoice=${made.number}`), await bearersOf(last, 'l4')];
  expect([then, now].map((list) => list.map(({ stretch: { to } }) => to))).toEqual([
    [iso(T + 150_000)],
    [iso(T + 180_000)],
  ]);
  expect((await bearersOf(of1, 'l4')).length).toBeGreaterThan(0);
  const later = await get<Bill>('/v1/bill?month=2026-10');
  expect(later.items.slice(1, 3).map(({ quantity }) => quantity)).toEqual(['189', '380']);
});

it('a price of GPU time is explained by minutes of instances with those GPUs, now and as an invoice counted them', async () => {
  const tenant = await rig.tenant('with-gpus');
  await rig.call('PUT', `/v1/organizations/${tenant.organizationId}/billing-terms`, {
    key: operator.key,
    body: { plan: 'instances' },
  });
  const meters = extraMeters(parsePricePlan(INSTANCES));
  const of = await usedRevision(rig, tenant, { gpus: 2, gpuClass: 'l4' });
  const others = [
    await usedRevision(rig, tenant),
    await usedRevision(rig, tenant, { gpus: 1, gpuClass: 'h100' }),
  ];
  const run = (one: UsedRevision, ms: number, position: number): Promise<void> => {
    const pod: Running = { id: `pod-${one.revisionId}`, begunMs: T, startMs: T, endMs: T + ms };
    return takeIn(rig, one, { fresh: [], all: [], position }, { meters, running: [pod] });
  };
  for (const one of [of, ...others]) await run(one, 90_000, 5);
  const explained = async (line: string, more = ''): Promise<string[]> => {
    const path = `/v1/bill/windows?${more === '' ? 'month=2026-10' : more}&line=${line}`;
    const { json } = await rig.call('GET', path, { key: tenant.key });
    return (json['items'] as { quantity: string }[]).map(({ quantity }) => quantity);
  };
  expect(await explained('l4')).toEqual(['120', '60']);
  expect(await explained('idle')).toHaveLength(6);
  const { number } = await invoiceOfMonth(rig, tenant.organizationId, '2026-10', 5);
  for (const one of [of, ...others]) await run(one, 150_000, 6);
  expect(await explained('l4')).toEqual(['120', '120', '60']);
  expect(await explained('l4', `invoice=${number}`)).toEqual(['120', '60']);
});

it('time of instances is counted again minute by minute in the price zones of a plan that changes them', async () => {
  const tenant = await rig.tenant('moved');
  const of = await usedRevision(rig, tenant);
  await rig.database.query('UPDATE organizations SET created_at = to_timestamp(0) WHERE id = $1', [
    tenant.organizationId,
  ]);
  for (const [from, planId] of [
    [0, 'instances'],
    [T + 60_000, 'seconds'],
  ] as const)
    await rig.database.query(
      `INSERT INTO billing_terms (organization_id, effective_from, plan_id, discount_percent, taxes, created_by, created_at)
       VALUES ($1, $2, $3, 0, '[]', 'me', now())`,
      [tenant.organizationId, new Date(from), planId],
    );
  const pod: Running = { id: 'moved', begunMs: T, startMs: T, endMs: T + 150_000 };
  await takeIn(rig, of, { fresh: [], all: [], position: 1 }, { running: [pod] });
  const { json } = await rig.call('GET', '/v1/bill/replay?month=2026-10&plan=moving', { key: tenant.key });
  const lines = json['lines'] as { item: string; version: number; quantity: string; list: string }[];
  const linesOf = (id: string): unknown[] =>
    lines.filter(({ item }) => item === id).map(({ version, quantity, list }) => [version, quantity, list]);
  expect(linesOf('idle')).toEqual([
    [1, '60', '0.06'],
    [2, '90', '0.18'],
  ]);
  // its minimum is counted once, where it began
  expect(linesOf('kept')).toEqual([
    [1, '120', '0.12'],
    [2, '30', '0.06'],
  ]);
});

it('what instances bear of a minute is what it counts, also where it begins another price zone', async () => {
  const tenant = await rig.tenant('bearing');
  const of = await usedRevision(rig, tenant);
  await rig.call('PUT', `/v1/organizations/${tenant.organizationId}/billing-terms`, {
    key: operator.key,
    body: { plan: 'moving' },
  });
  await rig.database.query('UPDATE organizations SET created_at = to_timestamp(0) WHERE id = $1', [
    tenant.organizationId,
  ]);
  const meters = extraMeters(parsePricePlan({ ...INSTANCES, items: MOVING_ITEMS }));
  const pod: Running = { id: 'bearing', begunMs: T, startMs: T, endMs: T + 150_000 };
  const usage = { fresh: [], all: [], position: 1 };
  await takeIn(rig, of, usage, { meters, running: [pod], zone: 'far', movesMs: T + 60_000 });
  const get = async <A>(path: string): Promise<A[]> =>
    (await rig.call('GET', path, { key: tenant.key })).json['items'] as A[];
  const borne: unknown[] = [];
  for (const version of [1, 2]) {
    const line = `moving/${version}/held`;
    const windows = await get<Priced & { quantity: string }>(`/v1/bill/windows?month=2026-10&line=${line}`);
    for (const { id, quantity, amount } of windows) {
      const bearers = await get<Borne>(`/v1/bill/windows/${id}/requests?line=${line}`);
      borne.push([version, quantity, bearers.map(({ stretch: { ms } }) => ms)]);
      expect(sumOf(bearers)).toBe(amount);
    }
  }
  // its minimum of 90 s counts where it began, and the minute in which zones change counts what goes beyond
  expect(borne).toEqual([
    [1, '90', ['90000']],
    [2, '30', ['30000']],
    [2, '30', ['30000']],
  ]);
});
