import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { Api } from '../../support/api.js';
import { clusterUnderTest, kubeGet, namespaceOfService } from '../../support/kubectl.js';
import { Tenant, platform } from '../../support/tenant.js';

const KERNEL = '/proc/version';
const APP = {
  'package.json': JSON.stringify({ name: 'app', version: '1.0.0', scripts: { start: 'node server.js' } }),
  // Says under which kernel it runs.
  'server.js': `
const { readFileSync } = require('node:fs');
require('node:http')
  .createServer((_request, response) => response.end(readFileSync('${KERNEL}', 'utf8')))
  .listen(process.env.PORT);
`,
};

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

/** What the program says, which the tenant can see itself. */
async function kernelOf(tenant: Tenant): Promise<string> {
  const { status, text } = await tenant.call('app');
  expect(status).toBe(200);
  return text;
}

describe('the tier of a price plan', () => {
  const operator = new Api(platform().apiUrl, platform().operatorKey);
  const { sandbox } = clusterUnderTest();

  it("is what its organizations' instances run under, and they answer", async () => {
    const plan = `sandboxed-${randomBytes(3).toString('hex')}`;
    const items = [{ id: 'requests', name: 'Requests', measure: 'requests', rate: '0.4', unit: 'request' }];
    const money = { currency: 'USD', decimals: 2, effectiveFrom: '1970-01-01T00:00:00Z', items };
    const document = { id: plan, version: 1, name: 'Sandboxed', runtimeTier: 'sandboxed', ...money };
    await operator.ok('POST', '/v1/price-plans', { document });
    const tenant = await Tenant.create('sandboxed');
    await operator.ok('PUT', `/v1/organizations/${tenant.organizationId}/billing-terms`, { plan });
    await tenant.mustDeploy('app', { source: APP, service: { minInstances: 1 } });
    expect(await runsUnder(tenant)).toEqual([sandbox]);
    const kernel = await kernelOf(tenant);
    if (sandbox === 'gvisor') expect(kernel).toMatch(/gvisor/i);
    else expect(kernel).toBe(await readFile(KERNEL, 'utf8'));
  }, 180_000);

  it("is the standard one of all others, under the node's own kernel", async () => {
    const tenant = await Tenant.create('standard');
    await tenant.mustDeploy('app', { source: APP, service: { minInstances: 1 } });
    expect(await runsUnder(tenant)).toEqual([undefined]);
    expect(await kernelOf(tenant)).toBe(await readFile(KERNEL, 'utf8'));
  }, 180_000);
});
