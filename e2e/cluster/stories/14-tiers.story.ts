import { randomBytes } from 'node:crypto';
import { Api } from '../../support/api.js';
import { kubeGet, namespaceOfService } from '../../support/kubectl.js';
import { Tenant, platform } from '../../support/tenant.js';

/** What the agent under test names for the sandboxed tier: another runtime than that of all others. */
const SANDBOX = 'crun';

/** The RuntimeClass that each pod of the tenant's service runs under. */
async function runsUnder(tenant: Tenant): Promise<(string | undefined)[]> {
  const namespace = await namespaceOfService((await tenant.service('app')).id);
  const { items } = await kubeGet<{ items: { spec: { runtimeClassName?: string } }[] }>(
    'pods',
    '-n',
    namespace,
  );
  return [...new Set(items.map(({ spec }) => spec.runtimeClassName))];
}

describe('the tier of a price plan', () => {
  const operator = new Api(platform().apiUrl, platform().operatorKey);

  it("is what its organizations' instances run under, and they answer", async () => {
    const plan = `sandboxed-${randomBytes(3).toString('hex')}`;
    const items = [{ id: 'requests', name: 'Requests', measure: 'requests', rate: '0.4', unit: 'request' }];
    const money = { currency: 'USD', decimals: 2, effectiveFrom: '1970-01-01T00:00:00Z', items };
    const document = { id: plan, version: 1, name: 'Sandboxed', runtimeTier: 'sandboxed', ...money };
    await operator.ok('POST', '/v1/price-plans', { document });
    const tenant = await Tenant.create('sandboxed');
    await operator.ok('PUT', `/v1/organizations/${tenant.organizationId}/billing-terms`, { plan });
    await tenant.mustDeploy('app', { service: { minInstances: 1 } });
    expect(await runsUnder(tenant)).toEqual([SANDBOX]);
    expect((await tenant.call('app')).status).toBe(200);
  }, 120_000);

  it('is the standard one of all others', async () => {
    const tenant = await Tenant.create('standard');
    await tenant.mustDeploy('app', { service: { minInstances: 1 } });
    expect(await runsUnder(tenant)).toEqual([undefined]);
  }, 120_000);
});
