import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { callHost } from '../../support/gateway.js';
import { clusterUnderTest, forwarded, kubeGet, kubectl } from '../../support/kubectl.js';
import { Tenant } from '../../support/tenant.js';
import { tow } from '../../support/tow.js';
import { until } from '../../support/until.js';

const PROGRAM = `require('node:http').createServer((_q, r) => r.end(process.env.GREETING)).listen(process.env.PORT)`;

describe('plain Knative', () => {
  const { registry } = clusterUnderTest();
  const image = `${registry.address}/runtime/node:local`;
  const folder = mkdtempSync(path.join(tmpdir(), 'plain-'));
  const file = path.join(folder, 'service.yaml');
  let tenant: Tenant;
  let namespace: string;
  beforeAll(async () => {
    tenant = await Tenant.create('plain');
    const at = `/v1/projects/${tenant.project}`;
    namespace = (await tenant.api.ok<{ handle: string }>('GET', at)).handle;
    const value = `${registry.username}:${registry.password}`;
    await tenant.api.ok('POST', `${at}/secrets`, { name: 'registry', value });
  }, 60_000);
  afterAll(async () => {
    await kubectl('delete', 'namespace', namespace, '--wait=false', '--ignore-not-found');
    rmSync(folder, { recursive: true });
  });

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

  it('is what a service is exported as, and it serves without Towpath', async () => {
    expect(await tow(tenant, 'export', 'applied', '--output', file)).toMatchObject({ code: 0 });
    const manifest = readFileSync(file, 'utf8');
    expect(manifest).not.toMatch(/towpath/i);
    expect(manifest).toContain('# needs the Secret registry of type kubernetes.io/dockerconfigjson');
    await kubectl('create', 'namespace', namespace);
    await kubectl(
      ...['create', 'secret', 'docker-registry', 'registry', '-n', namespace],
      ...['--docker-server', registry.address, '--docker-username', registry.username],
      ...['--docker-password', registry.password],
    );
    await kubectl('apply', '-f', file);
    const host = await until('Knative to know its host', 60_000, async () => {
      const { status } = await kubeGet<{ status?: { url?: string } }>(
        ...(['services.serving.knative.dev', 'applied', '-n', namespace] as const),
      );
      return status?.url !== undefined && new URL(status.url).host;
    });
    // its door lets only gateways in
    await forwarded('kourier-system', 'service/kourier', 80, async (port) =>
      until('an answer of the ingress', 120_000, async () => {
        const { status, text } = await callHost(port, host, '/', { timeoutMs: 10_000 });
        if (status !== 200) throw new Error(`${status} ${text} ${await said()}`);
        expect(text).toBe('hi');
        return true;
      }),
    );
    const { items } = await kubeGet<{ items: unknown[] }>('networkpolicies,resourcequotas', '-n', namespace);
    expect(items).toEqual([]);
  }, 240_000);

  /** What Knative and its pods say of the exported service. */
  async function said(): Promise<string> {
    const [service, pods] = await Promise.all([
      kubectl('get', 'services.serving.knative.dev,revisions', '-n', namespace),
      kubectl('describe', 'pods', '-n', namespace),
    ]);
    return `${service}\n${pods.slice(-3_000)}`;
  }
});
