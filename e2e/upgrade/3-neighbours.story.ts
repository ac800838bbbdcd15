import type { List } from '../support/faces.js';
import type { ProbeAnswer } from '../support/gateway.js';
import { Tenant, sum } from '../support/tenant.js';
import { until } from '../support/until.js';

interface LogJson {
  stream: string;
  text: string;
  request?: { id: string };
}

/** Of an even split: all on one side is once in 10^11 runs. */
const REQUESTS = 40;

describe('a hub, and an agent and a gateway of a neighbouring release', () => {
  let tenant: Tenant;
  let called = 0;
  beforeAll(async () => {
    tenant = await Tenant.create('neighbours');
    await tenant.api.ok('POST', `/v1/projects/${tenant.project}/secrets`, { name: 'token', value: 'sealed' });
  });

  const template = (greeting: string): Record<string, unknown> => ({
    env: [
      { name: 'GREETING', value: greeting },
      { name: 'TOKEN', secret: { name: 'token', version: 'latest' } },
    ],
  });
  const split = async (...traffic: object[]): Promise<void> => {
    const operation = await tenant.api.change('PUT', tenant.at('probe', '/traffic'), { traffic });
    expect(operation).toMatchObject({ status: 'succeeded' });
  };
  const call = async (path = '/', tag?: string): Promise<ProbeAnswer> => {
    const answer = await tenant.call('probe', path, tag === undefined ? {} : { tag });
    expect(answer.status).toBe(200);
    called += 1;
    return answer.json();
  };

  it('build and deploy a folder, which answers and has its secret', async () => {
    await tenant.mustDeploy('probe', { template: template('one') });
    expect(await call()).toMatchObject({ greeting: 'one', revision: 'probe-00001' });
    expect(await call('/env?name=TOKEN')).toMatchObject({ value: 'sealed' });
  });

  it('update it', async () => {
    const operation = await tenant.api.change('PATCH', tenant.at('probe'), { template: template('two') });
    expect(operation).toMatchObject({ status: 'succeeded' });
    expect(await call()).toMatchObject({ greeting: 'two', revision: 'probe-00002' });
    expect(await call('/env?name=TOKEN')).toMatchObject({ value: 'sealed' });
  });

  it('split its traffic, answer on a tag, and roll back', async () => {
    await split(
      { revision: 'probe-00001', percent: 50 },
      { revision: 'probe-00002', percent: 50, tag: 'new' },
    );
    expect(await call('/', 'new')).toMatchObject({ revision: 'probe-00002' });
    const seen = await Promise.all(Array.from({ length: REQUESTS }, () => call()));
    expect([...new Set(seen.map(({ revision }) => revision))].sort()).toEqual(['probe-00001', 'probe-00002']);
    const operation = await tenant.api.change('POST', tenant.at('probe', '/rollback'), {});
    expect(operation).toMatchObject({ status: 'succeeded' });
    expect(await call()).toMatchObject({ revision: 'probe-00002' });
    await split({ revision: 'probe-00001', percent: 100 });
    expect(await call()).toMatchObject({ revision: 'probe-00001' });
  });

  it('show its log, and each request once in log and usage', async () => {
    await call('/log?text=heard');
    await until('what it wrote, and its requests', 60_000, async () => {
      const { items } = await tenant.api.ok<List<LogJson>>('GET', tenant.at('probe', '/logs?limit=1000'));
      const requests = new Set(items.flatMap(({ request }) => request?.id ?? []));
      const isHeard = items.some(({ stream, text }) => stream === 'stdout' && text === 'heard');
      return isHeard && requests.size === called;
    });
    const usage = await tenant.usageOf('probe', called, 60_000);
    expect(sum(usage, 'requests')).toBe(BigInt(called));
    expect([...new Set(usage.map(({ revision }) => revision))].sort()).toEqual([
      'probe-00001',
      'probe-00002',
    ]);
  });

  it('delete it', async () => {
    const operation = await tenant.api.change('DELETE', tenant.at('probe'));
    expect(operation).toMatchObject({ status: 'succeeded' });
    expect((await tenant.call('probe')).status).toBe(404);
  });
});
