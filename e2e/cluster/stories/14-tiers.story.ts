import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { Api } from '../../support/api.js';
import { clusterUnderTest, kubeGet, namespaceOfService } from '../../support/kubectl.js';
import type { OperationJson } from '../../support/faces.js';
import { imageOfUser } from '../../support/registry.js';
import { Tenant, platform } from '../../support/tenant.js';
import { tow } from '../../support/tow.js';

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

/** Says as whom it runs. */
const WHO = `require('node:http').createServer((_q, r) => r.end(String(process.getuid()))).listen(process.env.PORT)`;

describe('the tier of a price plan', () => {
  const operator = new Api(platform().apiUrl, platform().operatorKey);
  const { sandbox, registry } = clusterUnderTest();
  let sandboxed: Tenant;
  let standard: Tenant;

  beforeAll(async () => {
    const plan = `sandboxed-${randomBytes(3).toString('hex')}`;
    const items = [{ id: 'requests', name: 'Requests', measure: 'requests', rate: '0.4', unit: 'request' }];
    const money = { currency: 'USD', decimals: 2, effectiveFrom: '1970-01-01T00:00:00Z', items };
    const document = { id: plan, version: 1, name: 'Sandboxed', runtimeTier: 'sandboxed', ...money };
    await operator.ok('POST', '/v1/price-plans', { document });
    sandboxed = await Tenant.create('sandboxed');
    await operator.ok('PUT', `/v1/organizations/${sandboxed.organizationId}/billing-terms`, { plan });
    standard = await Tenant.create('standard');
    for (const { api, project } of [sandboxed, standard])
      await api.ok('POST', `/v1/projects/${project}/secrets`, {
        name: 'registry',
        value: `${registry.username}:${registry.password}`,
      });
  }, 60_000);

  it("is what its organizations' instances run under, and they answer", async () => {
    await sandboxed.mustDeploy('app', { source: APP, service: { minInstances: 1 } });
    expect(await runsUnder(sandboxed)).toEqual([sandbox]);
    const kernel = await kernelOf(sandboxed);
    if (sandbox === 'gvisor') expect(kernel).toMatch(/gvisor/i);
    else expect(kernel).toBe(await readFile(KERNEL, 'utf8'));
  }, 180_000);

  it("is the standard one of all others, under the node's own kernel", async () => {
    await standard.mustDeploy('app', { source: APP, service: { minInstances: 1 } });
    expect(await runsUnder(standard)).toEqual([undefined]);
    expect(await kernelOf(standard)).toBe(await readFile(KERNEL, 'utf8'));
  }, 180_000);

  const run = (tenant: Tenant, name: string, image: string, more = {}): Promise<OperationJson> =>
    tenant.api.change('POST', `/v1/projects/${tenant.project}/services`, {
      name,
      access: 'public',
      template: { image, pullSecret: { name: 'registry' }, command: ['node', '-e', WHO], ...more },
    });

  it('sandboxed lets an image be root in its own kernel', async () => {
    const root = await imageOfUser('0');
    expect(await run(sandboxed, 'root', root)).toMatchObject({ status: 'succeeded' });
    expect((await sandboxed.call('root')).text).toBe('0');
  }, 180_000);

  it('standard runs an image as the user that it names by number', async () => {
    const image = await imageOfUser('1234');
    expect(await run(standard, 'numbered', image)).toMatchObject({ status: 'succeeded' });
    expect((await standard.call('numbered')).text).toBe('1234');
  }, 180_000);

  it.each([
    ['', /^The image runs as root/],
    ['nonroot', /^The image names its user by no number/],
  ])(
    'standard refuses an image of user "%s", with cause, field and next step',
    async (user, message) => {
      const name = `refused-${user}`.replace(/-$/, '');
      const operation = await run(standard, name, await imageOfUser(user));
      expect(operation).toMatchObject({ status: 'failed', error: { code: 'START_FAILED' } });
      expect(operation.error?.message).toMatch(message);
      expect(operation.error?.violations).toEqual([{ field: 'template.image', message: 'ImageRunsAsRoot' }]);
      expect(operation.error?.nextStep).toMatch(/USER 1000 .* sandboxed tier/);
      const { stdout } = await tow(standard, 'services', 'describe', name);
      expect(stdout).toMatch(/sandboxed tier/);
    },
    180_000,
  );

  it('standard refuses a sidecar that is root, by its name', async () => {
    const resources = { cpuMillis: 100, memoryMiB: 128 };
    const image = await imageOfUser('0');
    const beside = { name: 'beside', image, pullSecret: { name: 'registry' }, resources };
    const app = `${registry.address}/runtime/node:local`;
    const operation = await run(standard, 'mixed', app, { sidecars: [beside] });
    expect(operation.error?.message).toMatch(/^Sidecar beside: The image runs as root/);
    expect(operation.error?.violations?.[0]?.field).toBe('template.sidecars');
  }, 180_000);
});
