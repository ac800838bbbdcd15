import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { clusterUnderTest, kubeGet, namespaceOfService } from '../../support/kubectl.js';
import { Tenant } from '../../support/tenant.js';
import { tow } from '../../support/tow.js';
import { until } from '../../support/until.js';

const APP = {
  'package.json': JSON.stringify({ name: 'app', version: '1.0.0', scripts: { start: 'node server.js' } }),
  // Asks the container beside it, over loopback, for what it wrote into their common folder.
  'server.js': `
require('node:fs').writeFileSync('/out/mark', 'from the app');
require('node:http').createServer(async (_request, response) => {
  const answer = await fetch('http://127.0.0.1:9000/').catch((error) => error);
  response.end(answer instanceof Error ? String(answer.cause) : await answer.text());
}).listen(process.env.PORT);
process.on('SIGTERM', () => process.exit(0));
`,
};

const BESIDE = `
const { readFileSync } = require('node:fs');
require('node:http').createServer((_q, r) => {
  const { LEVEL: level, KEY: key } = process.env;
  const [mark, file] = ['/in/mark', '/etc/beside/key'];
  const read = (path) => readFileSync(path, 'utf8');
  try { r.end(JSON.stringify({ level, key, mark: read(mark), file: read(file) })); }
  catch { r.writeHead(503).end(); }
}).listen(9000, () => console.log('beside is up'));
process.on('SIGTERM', () => process.exit(0));
`;

describe('a sidecar', () => {
  const { registry } = clusterUnderTest();
  const image = `${registry.address}/runtime/node:local`;
  const folder = mkdtempSync(path.join(tmpdir(), 'sidecars-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  const beside = {
    name: 'beside',
    image,
    pullSecret: { name: 'registry' },
    command: ['node', '-e', BESIDE],
    env: [
      { name: 'LEVEL', value: 'info' },
      { name: 'KEY', secret: { name: 'key' } },
    ],
    resources: { cpuMillis: 100, memoryMiB: 128 },
    probes: { startup: { type: 'http', path: '/', port: 9000, periodSeconds: 1, failureThreshold: 60 } },
    files: [{ path: '/etc/beside/key', secret: { name: 'key', version: 1 } }],
    mounts: [{ volume: 'shared', mountPath: '/in' }],
  };
  let tenant: Tenant;
  beforeAll(async () => {
    tenant = await Tenant.create('sidecars');
    const at = `/v1/projects/${tenant.project}/secrets`;
    const value = `${registry.username}:${registry.password}`;
    await tenant.api.ok('POST', at, { name: 'registry', value });
    await tenant.api.ok('POST', at, { name: 'key', value: 's3cret' });
  });

  it('runs beside what was built, on the same loopback, with its own image, secrets, folder and probe', async () => {
    await tenant.mustDeploy('app', {
      source: APP,
      template: {
        volumes: [{ name: 'shared', mountPath: '/out' }],
        sidecars: [beside],
      },
    });
    const said = (await tenant.call('app')).json<object>();
    expect(said).toEqual({ level: 'info', key: 's3cret', mark: 'from the app', file: 's3cret' });
    const { items } = await kubeGet<{
      items: { spec: { containers: { name: string; ports?: object[] }[] } }[];
    }>('pods', ...['-n', await namespaceOfService((await tenant.service('app')).id)]);
    const containers = items[0]?.spec.containers.map(({ name }) => name).sort();
    expect(containers).toEqual(['app', 'beside', 'queue-proxy']);
  }, 180_000);

  it('is named in the log, and in what is said of the service', async () => {
    await until('the line of the sidecar', 30_000, async () => {
      const { stdout } = await tow(tenant, 'logs', 'app');
      return /app-00001\/beside beside is up/.test(stdout);
    });
    const { stdout } = await tow(tenant, 'services', 'describe', 'app');
    expect(stdout).toContain(`Sidecar beside: ${image}, 100m CPU, 128 MiB`);
  }, 60_000);

  it('that crashes fails the revision by its name and last lines, and the old one serves on', async () => {
    const crash = await tow(
      ...([tenant, 'services', 'update', 'app', '--sidecar'] as const),
      `name=beside,image=${image},command=node -e console.error('no-disk');process.exit(7)`,
    );
    expect(crash.code).not.toBe(0);
    expect(crash.stderr).toMatch(/Sidecar beside exited with code 7\.[^]*no-disk/);
    expect((await tenant.call('app')).json()).toMatchObject({ key: 's3cret' });
  }, 180_000);

  it('is what a Knative Service says of a container without a port', async () => {
    const file = path.join(folder, 'service.yaml');
    const serving = `require('node:http').createServer(async (_q, r) => r.end(await (await fetch('http://127.0.0.1:9000')).text())).listen(9001)`;
    const side = `const { readFileSync } = require('node:fs');
      require('node:http').createServer((_q, r) => r.end(readFileSync('/etc/side/key'))).listen(9000)`;
    const limits = { cpu: '100m', memory: '128Mi' };
    const volumeMounts = [{ name: 'keys', mountPath: '/etc/side', readOnly: true }];
    const items = [{ key: 'version-1', path: 'key' }];
    const volumes = [{ name: 'keys', secret: { secretName: 'key', items } }];
    const containers = [
      { name: 'side', image, command: ['node', '-e', side], resources: { limits }, volumeMounts },
      { image, command: ['node', '-e', serving], ports: [{ containerPort: 9001 }], resources: { limits } },
    ];
    const spec = { template: { spec: { imagePullSecrets: [{ name: 'registry' }], containers, volumes } } };
    const kind = { apiVersion: 'serving.knative.dev/v1', kind: 'Service' };
    writeFileSync(file, JSON.stringify({ ...kind, metadata: { name: 'applied' }, spec }));
    const applied = await tow(tenant, 'apply', '-f', file, '--allow-unauthenticated');
    expect([applied.code, applied.stderr]).toEqual([0, expect.any(String)]);
    await until(
      'both containers to answer',
      60_000,
      async () => (await tenant.call('applied')).text === 's3cret',
    );
  }, 180_000);
});
