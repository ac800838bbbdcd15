import { randomBytes } from 'node:crypto';
import { Api } from '../support/api.js';
import { capOf, expectSoon, isReached, resumed, setCap } from '../support/caps.js';
import { exactSum } from '../support/exact.sum.js';
import type { Answer } from '../support/gateway.js';
import { marginsOf } from '../support/margins.js';
import { Tenant } from '../support/tenant.js';
import { tow } from '../support/tow.js';
import { until } from '../support/until.js';

interface Bill {
  items: { item: string; quantity: string; list: string }[];
}
const CALLS = 3;
const HOUR_S = 3_600;

/**
 * Active and idle apart by the second, all of it to the millisecond, and each instance for an hour at least; requests are
 * three times as dear in the zone of these regions.
 */
function planOf(id: string, regions: readonly string[]): Record<string, unknown> {
  const time = { measure: 'instance_time', rate: '0.001', per: '1 s', unit: 's' };
  return {
    ...{ id, version: 1, name: 'By instance', currency: 'USD', decimals: 2 },
    effectiveFrom: '1970-01-01T00:00:00Z',
    zones: [{ name: 'here', regions }],
    items: [
      { ...time, id: 'active', name: 'Active', states: ['active'], quantum: '1 s', times: 'vcpu' },
      { ...time, id: 'idle', name: 'Idle', states: ['idle'], quantum: '1 s', times: 'vcpu' },
      { ...time, id: 'any', name: 'Any', quantum: '1 ms' },
      { ...time, id: 'hour', name: 'An hour at least', quantum: '1 s', minimum: `${HOUR_S} s` },
      {
        ...{ id: 'requests', name: 'Requests', measure: 'requests', rate: '0.01', per: '1', unit: 'request' },
        multipliers: [{ zone: 'here', by: '3' }],
      },
    ],
  };
}

describe('a bill by time of instances', () => {
  let tenant: Tenant;
  let operator: Api;

  beforeAll(async () => {
    tenant = await Tenant.create('by-instance');
    operator = new Api(tenant.platform.apiUrl, tenant.platform.operatorKey);
    const plan = `by-instance-${randomBytes(4).toString('hex')}`;
    const clusters = await operator.ok<{ items: { region: string }[] }>('GET', '/v1/clusters');
    const regions = [...new Set(clusters.items.map(({ region }) => region))];
    await operator.ok('POST', '/v1/price-plans', { document: planOf(plan, regions) });
    await operator.ok('PUT', `/v1/organizations/${tenant.organizationId}/billing-terms`, { plan });
    await tenant.mustDeploy('kept', { service: { minInstances: 1 } });
  });

  const itemOf = ({ items }: Bill, id: string) => {
    const found = items.find(({ item }) => item === id);
    if (!found) throw new Error(`the bill has no line ${id}`);
    return found;
  };

  it('asks for what ran, active and idle, to the ms that agents told, and is counted again to the same bytes', async () => {
    for (let n = 0; n < CALLS; n += 1) await tenant.call('kept', '/sleep?ms=300');
    await until('active and idle time is on the bill', 120_000, async () => {
      const bill = await tenant.api.ok<Bill>('GET', '/v1/bill');
      return ['active', 'idle', 'any'].every((id) => itemOf(bill, id).quantity !== '0');
    });
    await tenant.api.ok('DELETE', `/v1/projects/${tenant.project}/services/kept`);
    // an agent tells of an end when it sees it; then nothing grows any more
    const bill = await until('the bill is what the operator saw run', 120_000, async () => {
      const now = await tenant.api.ok<Bill>('GET', '/v1/bill');
      const ran = await marginsOf(operator, tenant.organizationId);
      const seconds = exactSum(ran.map(({ instanceSeconds }) => ({ amount: instanceSeconds })));
      const { equal } = await tenant.api.ok<{ equal: boolean }>('GET', '/v1/bill/replay');
      const isAll = itemOf(now, 'requests').quantity === String(CALLS);
      return equal && isAll && seconds === itemOf(now, 'any').quantity && now;
    });
    expect(itemOf(bill, 'requests').list).toBe('0.09');
    expect(Number(itemOf(bill, 'active').quantity)).toBeGreaterThan(0);
    const least = Number(itemOf(bill, 'hour').quantity);
    expect([least % HOUR_S, least >= HOUR_S]).toEqual([0, true]);
  }, 300_000);

  it('leads down to its minutes', async () => {
    await until('the minutes are the line', 60_000, async () => {
      const bill = await tenant.api.ok<Bill>('GET', '/v1/bill');
      const { code, stdout } = await tow(tenant, 'bill', 'explain', 'idle', '--json');
      if (code !== 0) return false;
      const { windows: minutes } = JSON.parse(stdout) as { windows: { amount: string }[] };
      return minutes.length > 0 && exactSum(minutes) === itemOf(bill, 'idle').list;
    });
  });

  it('is counted again by the command line, and says so when it is the same', async () => {
    await until('the same bytes', 60_000, async () => {
      const { code, stdout } = await tow(tenant, 'bill', 'replay');
      return code === 0 && /Of the bill now: +the same/.test(stdout);
    });
  });
});

/** A second of an instance costs 0.001, a request nothing. */
const PER_SECOND = { measure: 'instance_time', rate: '0.001', per: '1 s', unit: 's', quantum: '1 ms' };
/** One instance that runs on is paid for two minutes ahead; some seconds more. */
const [CAP, MORE] = ['0.13', '10'];
const LITTLE = 0.000001;

describe('a cap where time of instances costs money', () => {
  let tenant: Tenant;

  const call = (at: Tenant): Promise<Answer> => at.call('kept');
  const revisions = async (): Promise<[name: string, instances: number][]> =>
    (await tenant.revisions('kept')).map(({ name, status }) => [name, status.instances]);
  const names = async (): Promise<string[]> => (await revisions()).map(([name]) => name);
  const instances = async (): Promise<number> =>
    (await revisions()).reduce((sum, [, count]) => sum + count, 0);

  beforeAll(async () => {
    tenant = await Tenant.create('capped-by-instance');
    const operator = new Api(tenant.platform.apiUrl, tenant.platform.operatorKey);
    const plan = `capped-by-instance-${randomBytes(4).toString('hex')}`;
    const head = { id: plan, version: 1, name: 'By instance', currency: 'USD', decimals: 6 };
    const items = [{ ...PER_SECOND, id: 'any', name: 'Any' }];
    const document = { ...head, effectiveFrom: '1970-01-01T00:00:00Z', items };
    await operator.ok('POST', '/v1/price-plans', { document });
    await operator.ok('PUT', `/v1/organizations/${tenant.organizationId}/billing-terms`, { plan });
    await setCap(tenant, CAP);
    await tenant.mustDeploy('kept', { service: { minInstances: 1 } });
  }, 300_000);

  it('is never passed: before that nothing is let in, and nothing kept warm', async () => {
    await until('it is served', 60_000, async () => (await call(tenant)).status === 200);
    await until('it is reached', 120_000, async () => (await capOf(tenant)).reached);
    await until('what comes is refused', 30_000, async () => isReached(await call(tenant)));
    await until('no instance is left', 120_000, async () => (await instances()) === 0);
    // requests cost next to nothing: what gateways hold for them may stay
    const { spent, unpaidInstanceSeconds } = await until('all that ran is on the bill', 60_000, async () => {
      const cap = await capOf(tenant);
      return Number(cap.reserved) < LITTLE && cap;
    });
    console.log(`${spent} of ${CAP} spent, ${unpaidInstanceSeconds} s of instances not billed`);
    expect(Number(spent)).toBeGreaterThan(0);
    expect(Number(spent)).toBeLessThanOrEqual(Number(CAP));
    expect(isReached(await call(tenant))).toBe(true);
    // what was refused last may wait to be counted
    await until('counted again it is the same', 60_000, async () => {
      return (await tenant.api.ok<{ equal: boolean }>('GET', '/v1/bill/replay')).equal;
    });
  }, 400_000);

  it('that is raised lets in at once, the same revision, and keeps it warm', async () => {
    const before = await names();
    await setCap(tenant, MORE);
    const raised = performance.now();
    const tookMs = await resumed(call, tenant, raised);
    expectSoon('the cap was raised', [tookMs]);
    await until('served', 60_000, async () => (await call(tenant)).status === 200);
    await until('an instance is kept', 60_000, async () => (await instances()) >= 1);
    expect(await names()).toEqual(before);
  }, 300_000);
});
