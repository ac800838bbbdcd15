import { Api } from '../support/api.js';
import { exactSum } from '../support/exact.sum.js';
import { marginsOf } from '../support/margins.js';
import { Tenant } from '../support/tenant.js';
import { tow } from '../support/tow.js';
import { until } from '../support/until.js';

interface Cost {
  id: string;
  billable: boolean;
  opened: string[];
  lines: { item: string; amount: string }[];
  adjustments: { item: string; amount: string }[];
}
interface Explained {
  id: string;
  amount: string;
  request: string;
}

/** Requests that are timed by API, and those of them by the command line too. */
const TIMED = { api: 8, cli: 2 };
/** From a request's end to its cost. Promised are 2 s, and half of all keep it here: stories run on a machine that is busy with others. */
const [PROMISED_MS, PATIENCE_MS] = [2_000, 60_000];

describe('a bill leads down to its requests', () => {
  let tenant: Tenant;
  const ids: string[] = [];

  beforeAll(async () => {
    tenant = await Tenant.create('explained');
    await tenant.mustDeploy('probe', { template: { concurrency: 2, maxInstances: 2 } });
  });

  /** What `tow … --json` prints. */
  const json = async <T>(...args: string[]): Promise<T> => {
    const { code, stdout, stderr } = await tow(tenant, ...args, '--json');
    if (code !== 0) throw new Error(stderr);
    return JSON.parse(stdout) as T;
  };
  const cost = (id: string): Promise<Cost> => tenant.api.ok('GET', `/v1/bill/requests/${id}`);

  it('says what a request costs by the id that its answer had', async () => {
    const answers = await Promise.all(
      Array.from({ length: 12 }, (_one, n) => tenant.call('probe', `/sleep?ms=${n * 40}`)),
    );
    ids.push(...answers.map(({ headers }) => String(headers['x-request-id'])));
    const last = ids.at(-1) ?? '';
    // a cost stands when all who may share its blocks are counted
    await tenant.usageOf('probe', ids.length, 60_000);
    const found = await cost(last);
    expect(found).toMatchObject({ id: last, billable: true });
    expect(found.lines.map(({ item }) => item)).toContain('requests');
    expect(await json<Cost>('bill', 'request', last)).toEqual(found);
  });

  it('says so soon after its end, by API and by command line', async () => {
    const lags: Record<keyof typeof TIMED, number[]> = { api: [], cli: [] };
    for (let n = 0; n < TIMED.api; n += 1) {
      const { headers } = await tenant.call('probe');
      const ended = performance.now();
      const id = String(headers['x-request-id']);
      ids.push(id);
      await until('its cost by API', PATIENCE_MS, async () => {
        return (await tenant.api.request('GET', `/v1/bill/requests/${id}`)).status === 200;
      });
      lags.api.push(Math.round(performance.now() - ended));
      if (n >= TIMED.cli) continue;
      await until('its cost by command line', PATIENCE_MS, async () => {
        return (await tow(tenant, 'bill', 'request', id, '--json')).code === 0;
      });
      lags.cli.push(Math.round(performance.now() - ended));
    }
    for (const [by, all] of Object.entries(lags)) {
      const kept = all.filter((ms) => ms <= PROMISED_MS).length;
      const worst = Math.max(...all);
      console.log(
        `from a request's end to its cost by ${by}: worst ${worst} ms, ${kept} of N ${all.length} within ${PROMISED_MS} ms`,
      );
      // the command line has its own start besides
      if (by === 'api') expect(kept * 2).toBeGreaterThanOrEqual(all.length);
    }
  }, 300_000);

  it('is the sum of what its requests cost, to the last unit, and shows which opened its blocks', async () => {
    await tenant.usageOf('probe', ids.length, 60_000);
    const costs = await Promise.all(ids.map(cost));
    const bill = await tenant.api.ok<{ items: { item: string; list: string; rounded: string }[] }>(
      'GET',
      '/v1/bill',
    );
    for (const { item, list, rounded } of bill.items) {
      const lines = costs.flatMap((one) => one.lines.filter((line) => line.item === item));
      expect([item, exactSum(lines)]).toEqual([item, list]);
      // every request that has a part in a line names the same adjustments of it
      const named = costs.find((one) => one.lines.some((line) => line.item === item))?.adjustments ?? [];
      const own = named.filter((one) => one.item === item);
      expect([item, exactSum([...lines, ...own])]).toEqual([item, exactSum([{ amount: rounded }])]);
    }
    const { windows } = await json<{ windows: Explained[] }>('bill', 'explain', 'cpu');
    const opened = await Promise.all(
      windows.map(({ id }) => json<Explained[]>('bill', 'explain', 'cpu', '--window', id)),
    );
    const cpu = bill.items.find(({ item }) => item === 'cpu');
    expect(exactSum(opened.flat())).toBe(cpu?.list);
    const openers = costs.filter((one) => one.opened.length > 0).map(({ id }) => id);
    expect([...new Set(opened.flat().map(({ request }) => request))].toSorted()).toEqual(openers.toSorted());
  });

  it('leaves its operator a margin: what was charged against what was seen to run, by cluster', async () => {
    const { apiUrl, operatorKey } = tenant.platform;
    const operator = new Api(apiUrl, operatorKey);
    const { items } = await operator.ok<{ items: { id: string; name: string }[] }>('GET', '/v1/clusters');
    const price = { currency: 'USD', vcpuSecond: '0.000001', gibSecond: '0.0000001' };
    for (const { id } of items) await operator.ok('PUT', `/v1/clusters/${id}/price`, price);
    await tenant.mustDeploy('kept', { service: { minInstances: 1 } });
    // agents tell of every instance, however short its life, so in the end nothing that was billed stands beside the clusters
    const clusters = await until('all that was billed was told to have run', 90_000, async () => {
      const all = await marginsOf(operator, tenant.organizationId);
      return (
        all.length > 0 && all.every((one) => one.name !== undefined && one.instanceSeconds !== '0') && all
      );
    });
    const seen = clusters.filter(({ cost }) => cost !== undefined);
    expect(seen).not.toEqual([]);
    expect(items.map(({ name }) => name)).toEqual(expect.arrayContaining(seen.map(({ name }) => name)));
    for (const one of seen)
      expect(exactSum([{ amount: one.margin ?? '' }, { amount: one.cost ?? '' }])).toBe(one.charged);
    const bill = await tenant.api.ok<{ items: { list: string; rounded: string }[] }>('GET', '/v1/bill');
    const charged = clusters.map((one) => ({ amount: one.charged }));
    expect(exactSum(charged)).toBe(exactSum(bill.items.map(({ rounded }) => ({ amount: rounded }))));
    expect(exactSum(clusters)).toBe(exactSum(bill.items.map(({ list }) => ({ amount: list }))));
    expect((await tenant.api.request('GET', '/v1/margins')).status).toBe(403);
  });
});
