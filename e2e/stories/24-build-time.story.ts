import { randomBytes } from 'node:crypto';
import { Api } from '../support/api.js';
import { exactSum } from '../support/exact.sum.js';
import { Tenant } from '../support/tenant.js';
import { tow } from '../support/tow.js';
import { until } from '../support/until.js';

interface Bill {
  items: { item: string; quantity: string; list: string; rounded: string }[];
}

/** What of a cap is used. */
interface Standing {
  spent: string;
  reserved: string;
}

/** What the source itself needs, to be built and to fail in it; and what of that is asked for at least, by clocks that differ. */
const [WORKS_MS, LEAST_MS] = [2_000, 1_000];
const FREE_MS = 500;

/** Time of builds by the ms; half a second of a month is free. */
const planOf = (id: string): Record<string, unknown> => ({
  ...{ id, version: 1, name: 'Builds', currency: 'USD', decimals: 6 },
  effectiveFrom: '1970-01-01T00:00:00Z',
  items: [
    {
      ...{ id: 'builds', name: 'Build time', measure: 'build_time', quantum: '1 ms' },
      ...{ rate: '0.001', per: '1 ms', unit: 'ms' },
    },
  ],
  grants: [{ id: 'free', name: 'Free', items: ['builds'], quantity: String(FREE_MS) }],
});

const sourceOf = (end: number): Record<string, string> => ({
  'package.json': JSON.stringify({
    ...{ name: 'built', version: '1.0.0' },
    scripts: { build: 'node build.js', start: 'node server.js' },
  }),
  'build.js': `setTimeout(() => process.exit(${end}), ${WORKS_MS});`,
  'server.js': `require('node:http').createServer((_q, answer) => answer.end('built')).listen(process.env.PORT);`,
});

describe('a bill by time of builds', () => {
  let tenant: Tenant;

  beforeAll(async () => {
    tenant = await Tenant.create('by-build');
    const operator = new Api(tenant.platform.apiUrl, tenant.platform.operatorKey);
    const plan = `by-build-${randomBytes(4).toString('hex')}`;
    await operator.ok('POST', '/v1/price-plans', { document: planOf(plan) });
    await operator.ok('PUT', `/v1/organizations/${tenant.organizationId}/billing-terms`, { plan });
  });

  const line = async () => {
    const { items } = await tenant.api.ok<Bill>('GET', '/v1/bill');
    return items.find(({ item }) => item === 'builds');
  };
  const json = async <T>(...args: string[]): Promise<T> => {
    const { code, stdout, stderr } = await tow(tenant, ...args, '--json');
    if (code !== 0) throw new Error(stderr);
    return JSON.parse(stdout) as T;
  };

  it('asks for a build that succeeds, and for one whose source fails, and leads down to them', async () => {
    await tenant.mustDeploy('built', { source: sourceOf(0) });
    const first = await until('the build is on the bill', 60_000, async () => {
      const found = await line();
      return found !== undefined && Number(found.quantity) > 0 && found;
    });
    expect(Number(first.quantity)).toBeGreaterThanOrEqual(LEAST_MS);
    const failed = await tenant.deploy('built', { source: sourceOf(7) });
    expect(failed).toMatchObject({ status: 'failed', error: { code: 'BUILD_FAILED' } });
    const both = await until('both are on the bill', 60_000, async () => {
      const found = await line();
      return found !== undefined && Number(found.quantity) >= Number(first.quantity) + LEAST_MS && found;
    });
    // a thousandth for each ms, and half a second is free
    const due = (Number(both.quantity) - FREE_MS) * 1_000;
    expect(Math.round(Number(both.rounded) * 1_000_000)).toBe(due);
    const { windows } = await json<{ windows: { id: string; amount: string }[] }>(
      'bill',
      'explain',
      'builds',
    );
    expect(exactSum(windows)).toBe(both.list);
    const builds: { request: string; quantity: string }[] = [];
    for (const { id } of windows)
      builds.push(
        ...(
          await tenant.api.ok<{ items: typeof builds }>('GET', `/v1/bill/windows/${id}/requests?line=builds`)
        ).items,
      );
    expect(builds.every(({ request }) => request.startsWith('bld_'))).toBe(true);
    expect(builds.map(({ quantity }) => Number(quantity)).every((ms) => ms >= LEAST_MS)).toBe(true);
    console.log(`build time (N ${builds.length}): ${builds.map(({ quantity }) => quantity).join(', ')} ms`);
    expect(builds).toHaveLength(2);
    const { equal } = await tenant.api.ok<{ equal: boolean }>('GET', '/v1/bill/replay');
    expect(equal).toBe(true);
  }, 200_000);

  it('begins no build that the cap could not pay for, and begins it once the cap is raised', async () => {
    const left = (): Promise<Standing> => json('caps', 'describe');
    const free = await until('what ended is not reserved', 60_000, async () => {
      const { spent, reserved } = await tenant.api.ok<Standing>('PUT', '/v1/cap', { amount: '1000000' });
      return Number(reserved) === 0 && { spent };
    });
    // half an hour, a thousandth for each ms
    const most = 1_800;
    await tenant.api.ok('PUT', '/v1/cap', { amount: (Number(free.spent) + most - 0.001).toFixed(3) });
    const refused = await tenant.deploy('built', { source: sourceOf(0) });
    expect(refused).toMatchObject({ status: 'failed', error: { code: 'CAP_REACHED' } });
    expect(refused.error?.message).toContain(`A build can cost ${most} USD`);
    expect(await left()).toMatchObject({ ...free, reserved: '0' });
    await tenant.api.ok('PUT', '/v1/cap', { amount: (Number(free.spent) + most).toFixed(3) });
    const raisedAt = Date.now();
    await until('the build is reserved, or on the bill already', 60_000, async () => {
      const { spent, reserved } = await tenant.api.ok<Standing>('GET', '/v1/cap');
      return Number(reserved) === most || Number(spent) > Number(free.spent);
    });
    console.log(`a build began ${Date.now() - raisedAt} ms after the cap was raised (N 1)`);
    // no second one beside it
    const second = await tenant.deploy('other', { source: sourceOf(0) });
    expect(second).toMatchObject({ status: 'failed', error: { code: 'CAP_REACHED' } });
    await until('it is on the bill, and not reserved', 60_000, async () => {
      const { spent, reserved } = await left();
      return Number(spent) > Number(free.spent) && Number(reserved) === 0;
    });
    expect(Number((await left()).spent)).toBeLessThan(Number(free.spent) + most);
  }, 300_000);
});
