import { Api } from '../support/api.js';
import {
  capOf,
  expectSoon,
  isReached,
  resumed,
  setCap,
  settled,
  spendAll,
  type CapJson,
} from '../support/caps.js';
import type { Answer } from '../support/gateway.js';
import { Tenant } from '../support/tenant.js';
import { until } from '../support/until.js';

/** A request of 600 ms costs 7 blocks of 0.000002525 and 0.0000004 more; at its worst (2 s and a moment) 40 of them. */
const CAP = '0.003';
const [CHEAPER, ONE_BLOCK, MORE] = ['0.0000001', '0.000002525', '0.01'] as const;

const call = (at: Tenant): Promise<Answer> => at.call('paid', '/sleep?ms=600');
const nextMonth = (now = new Date()): string =>
  new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + 1)).toISOString();
const plus = (a: string, b: string): string => (Number(a) + Number(b)).toFixed(12);

describe('a cap', () => {
  let tenant: Tenant;
  let neighbour: Tenant;

  const instances = async (): Promise<number> =>
    (await tenant.revisions('paid')).reduce((total, { status }) => total + status.instances, 0);
  const names = async (): Promise<string[]> => (await tenant.revisions('paid')).map(({ name }) => name);
  const refused = async (): Promise<{ reason: string; resetsAt: string } & CapJson> => {
    const answer = await until('a refusal', 10_000, async () => {
      const one = await call(tenant);
      return isReached(one) && one;
    });
    expect(answer.headers['content-type']).toBe('application/problem+json');
    expect(Number(answer.headers['retry-after'])).toBeGreaterThan(0);
    return answer.json();
  };

  beforeAll(async () => {
    [tenant, neighbour] = [await Tenant.create('capped'), await Tenant.create('beside')];
    const template = { timeoutSeconds: 2, concurrency: 1, maxInstances: 4 };
    await tenant.mustDeploy('paid', { template, service: { minInstances: 1 } });
    await neighbour.mustDeploy('paid');
  }, 300_000);

  it('is never passed, and what pays for a request is used', async () => {
    await setCap(tenant, CAP);
    await until('the first request is let in', 10_000, async () => (await call(tenant)).status === 200);
    const sprees = await spendAll([tenant], call, 6);
    const { spent, reached } = await settled(tenant);
    const served = sprees.reduce((sum, one) => sum + one.served, 0);
    const asked = sprees.reduce((sum, one) => sum + one.asked, 0);
    console.log(
      `${asked} requests, ${served} served: ${spent} of ${CAP} spent, others ${JSON.stringify(sprees.map(({ other }) => other))}`,
    );
    expect(Number(spent)).toBeLessThanOrEqual(Number(CAP));
    expect(Number(spent)).toBeGreaterThanOrEqual(0.95 * Number(CAP));
    const months = [nextMonth()];
    const refusal = await refused();
    expect(refusal).toMatchObject({
      code: 'CAP_REACHED',
      reason: 'cap_reached',
      cap: CAP,
      spent,
      currency: 'USD',
    });
    // what is left and pays for no request is the gateway's that asked last
    expect(Number(refusal.reserved)).toBeGreaterThan(0);
    expect(Number(spent) + Number(refusal.reserved)).toBeLessThanOrEqual(Number(CAP) + Number(CHEAPER) / 1e6);
    expect([...months, nextMonth()]).toContain(refusal.resetsAt);
    expect((await neighbour.call('paid')).status).toBe(200);
    if (!reached) await until('it is noted', 20_000, async () => (await capOf(tenant)).reached);
  }, 300_000);

  it('when reached keeps nothing warm, and says so once', async () => {
    // Knative keeps the last instance through its window and a grace period.
    await until('no instance left', 120_000, async () => (await instances()) === 0);
    const { items } = await tenant.api.ok<{ items: { type: string }[] }>('GET', '/v1/notices');
    expect(items.filter(({ type }) => type === 'cap.reached')).toHaveLength(1);
  }, 300_000);

  it('lets nothing in for one block more; lets it in as soon as there is more, and is warm again', async () => {
    const { spent } = await capOf(tenant);
    await setCap(tenant, plus(spent, ONE_BLOCK));
    expect((await refused()).reason).toBe('cap_reached');
    expect((await settled(tenant)).spent).toBe(spent);
    const before = await names();
    await setCap(tenant, MORE);
    const raised = performance.now();
    expectSoon('the cap was raised', [await resumed((at) => at.call('paid'), tenant, raised)]);
    await until('served again', 30_000, async () => (await tenant.call('paid')).status === 200);
    expect(await names()).toEqual(before);
    await until('an instance is kept', 60_000, async () => (await instances()) >= 1);
  }, 300_000);

  it.each<[string, object, string]>([
    ['an amount of nothing', { amount: '0' }, 'amount'],
    ['an amount that is none', { amount: '1e3' }, 'amount'],
    ['an amount out of range', { amount: '1000000000000' }, 'amount'],
    ['less than was spent', { amount: CHEAPER }, 'amount'],
    ['another currency', { amount: '1', currency: 'EUR' }, 'currency'],
  ])('refuses %s, and changes nothing', async (_name, body, field) => {
    const before = await capOf(tenant);
    const answer = await tenant.api.request<{ violations: { field: string }[] }>('PUT', '/v1/cap', body);
    expect(answer.status).toBe(400);
    expect(answer.body.violations.map((violation) => violation.field)).toEqual([field]);
    expect((await capOf(tenant)).amount).toBe(before.amount);
  });

  it('is gone when it is deleted', async () => {
    await tenant.api.ok('DELETE', '/v1/cap');
    expect((await tenant.api.request('GET', '/v1/cap')).status).toBe(404);
    await until('served', 10_000, async () => (await tenant.call('paid')).status === 200);
    const operator = new Api(tenant.platform.apiUrl, tenant.platform.operatorKey);
    expect((await operator.request('GET', '/v1/cap')).status).toBe(404);
  }, 30_000);
});
