import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { clusterUnderTest } from '../../support/kubectl.js';
import { Tenant } from '../../support/tenant.js';
import { tow } from '../../support/tow.js';

const PROGRAM = `require('node:http').createServer((_q, r) => r.end(process.env.GREETING)).listen(process.env.PORT)`;

describe('plain Knative', () => {
  const { registry } = clusterUnderTest();
  const image = `${registry.address}/runtime/node:local`;
  const folder = mkdtempSync(path.join(tmpdir(), 'plain-'));
  const file = path.join(folder, 'service.yaml');
  let tenant: Tenant;
  beforeAll(async () => {
    tenant = await Tenant.create('plain');
    const at = `/v1/projects/${tenant.project}`;
    const value = `${registry.username}:${registry.password}`;
    await tenant.api.ok('POST', `${at}/secrets`, { name: 'registry', value });
  }, 60_000);
  afterAll(() => rmSync(folder, { recursive: true }));

  const template = async (name: string): Promise<object> => {
    const at = `/v1/projects/${tenant.project}/services/${name}`;
    return (await tenant.api.ok<{ template: object }>('GET', at)).template;
  };

  it('makes the same service as a deploy', async () => {
    // without Towpath the whole limit is reserved, and the node is small
    const resources = { limits: { cpu: '100m', memory: '128Mi' } };
    const env = [{ name: 'GREETING', value: 'hi' }];
    const container = { image, command: ['node', '-e', PROGRAM], env, resources };
    const spec = {
      containerConcurrency: 7,
      imagePullSecrets: [{ name: 'registry' }],
      containers: [container],
    };
    const metadata = { annotations: { 'autoscaling.knative.dev/max-scale': '3' } };
    const kind = { apiVersion: 'serving.knative.dev/v1', kind: 'Service' };
    const applied = { ...kind, metadata: { name: 'applied' }, spec: { template: { metadata, spec } } };
    writeFileSync(file, JSON.stringify(applied));
    const made = await tow(tenant, 'apply', '-f', file, '--allow-unauthenticated');
    expect([made.code, made.stderr]).toEqual([0, expect.any(String)]);
    const words =
      '--set-env-vars GREETING=hi --max-instances 3 --concurrency 7 --cpu 100m --memory 128Mi'.split(' ');
    const command = ['--command', `^;^node;-e;${PROGRAM}`, '--pull-secret', 'registry:latest'];
    const deployed = await tow(
      ...([
        tenant,
        'deploy',
        'deployed',
        '--image',
        image,
        ...words,
        ...command,
        '--allow-unauthenticated',
      ] as const),
    );
    expect([deployed.code, deployed.stderr]).toEqual([0, expect.any(String)]);
    expect(await template('applied')).toEqual(await template('deployed'));
    expect((await tenant.call('applied')).text).toBe('hi');
  }, 240_000);
});
