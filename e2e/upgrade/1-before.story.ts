import { Tenant, sum } from '../support/tenant.js';
import { keepTaken } from './taken.js';

describe('an installation of the release before', () => {
  it('serves two revisions and has counted what they did', async () => {
    const tenant = await Tenant.create('taken');
    const secret = await tenant.api.ok<{ name: string }>('POST', `/v1/projects/${tenant.project}/secrets`, {
      name: 'token',
      value: 'kept',
    });
    const of = (greeting: string) => ({
      env: [
        { name: 'GREETING', value: greeting },
        { name: 'TOKEN', secret: { name: secret.name, version: 'latest' } },
      ],
    });
    await tenant.mustDeploy('kept', { template: of('one') });
    await tenant.api.change('PATCH', tenant.at('kept'), { template: of('two') });
    for (let turn = 0; turn < 5; turn += 1) expect((await tenant.call('kept')).status).toBe(200);
    await tenant.usageOf('kept', 5);
    await keepTaken(tenant, {
      revisions: (await tenant.revisions('kept')).map(({ name, spec }) => [name, spec.imageDigest]),
      requests: String(sum(await tenant.usage('kept'), 'requests')),
    });
  }, 60_000);
});
