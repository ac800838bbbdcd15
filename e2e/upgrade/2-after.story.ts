import { sum } from '../support/tenant.js';
import { until } from '../support/until.js';
import { readTaken } from './taken.js';

describe('its data under this version', () => {
  it('is all there, serves as before, and goes on', async () => {
    const { tenant, revisions, requests } = await readTaken();
    await until('an answer', 30_000, async () => (await tenant.call('kept')).status === 200);
    expect((await tenant.call('kept')).json()).toMatchObject({ greeting: 'two', revision: 'kept-00002' });
    const now = async () =>
      (await tenant.revisions('kept')).map(({ name, spec }) => [name, spec.imageDigest]);
    expect(await now()).toEqual(revisions);
    const counted = BigInt(requests);
    await tenant.usageOf('kept', Number(counted) + 1);
    const back = await tenant.api.change('POST', tenant.at('kept', '/rollback'), {});
    expect(back.status).toBe('succeeded');
    expect((await tenant.call('kept')).json()).toMatchObject({ greeting: 'one' });
    await tenant.mustDeploy('kept', { template: { env: [{ name: 'GREETING', value: 'three' }] } });
    await tenant.api.change('PUT', tenant.at('kept', '/traffic'), {
      traffic: [{ revision: 'latest', percent: 100 }],
    });
    expect((await tenant.call('kept')).json()).toMatchObject({ greeting: 'three', revision: 'kept-00003' });
    expect(sum(await tenant.usage('kept'), 'requests')).toBeGreaterThan(counted);
  }, 120_000);
});
