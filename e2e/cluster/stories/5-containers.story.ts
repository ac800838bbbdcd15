import type { OperationJson } from '../../support/faces.js';
import { Tenant } from '../../support/tenant.js';
import { tow } from '../../support/tow.js';
import { until } from '../../support/until.js';

const APP = {
  'package.json': JSON.stringify({ name: 'app', version: '1.0.0', scripts: { start: 'node server.js' } }),
  // Says what it was given, and lives until it is told to be ill.
  'server.js': `
const fs = require('node:fs');
let healthy = true;
const started = Date.now();
const http = require('node:http').createServer((request, response) => {
  const [path] = request.url.split('?');
  if (path === '/healthz') return response.writeHead(healthy ? 200 : 500).end();
  if (path === '/readyz') return response.writeHead(Date.now() - started > 2000 ? 200 : 503).end();
  if (path === '/ill') healthy = false;
  if (path === '/write') fs.writeFileSync('/cache/mark', 'written');
  response.end(JSON.stringify({
    started,
    words: process.argv.slice(2),
    secret: fs.existsSync('/etc/app/key') && fs.readFileSync('/etc/app/key', 'utf8'),
    writable: (() => { try { fs.writeFileSync('/etc/app/other', ''); return true; } catch { return false; } })(),
    mark: fs.existsSync('/cache/mark') && fs.readFileSync('/cache/mark', 'utf8'),
  }));
});
http.listen(process.env.PORT);
// the first process of a container hears no signal that it does not listen to
process.on('SIGTERM', () => process.exit(0));
`,
};

interface Said {
  started: number;
  words: string[];
  secret: string | false;
  writable: boolean;
  mark: string | false;
}

describe('a container', () => {
  let tenant: Tenant;
  const said = async (path = '/'): Promise<Said> => (await tenant.call('app', path)).json<Said>();
  beforeAll(async () => {
    tenant = await Tenant.create('containers');
    await tenant.api.ok('POST', `/v1/projects/${tenant.project}/secrets`, { name: 'key', value: 'first' });
    await tenant.mustDeploy('app', {
      source: APP,
      service: { minInstances: 1 },
      template: {
        files: [{ path: '/etc/app/key', secret: { name: 'key' } }],
        volumes: [{ name: 'cache', mountPath: '/cache', medium: 'memory', sizeMiB: 16 }],
        probes: { startup: { type: 'http', path: '/readyz', periodSeconds: 1, failureThreshold: 20 } },
      },
    });
  }, 120_000);

  it('reads its secret as a file, writes into its folder, and started when its probe said so', async () => {
    const first = await said('/write');
    expect(first).toMatchObject({ secret: 'first', writable: false, mark: 'written' });
    const { service } = { service: await tenant.service('app') };
    const ready = service.status.conditions.find(({ type }) => type === 'RevisionReady');
    expect(ready?.status).toBe('true');
  });

  it('takes probes, words and files by the command line, and is started again when it is not well', async () => {
    await tenant.api.ok('POST', `/v1/projects/${tenant.project}/secrets/key/versions`, { value: 'second' });
    const changed = await tow(
      tenant,
      ...['services', 'update', 'app', '--command', 'node', '--args', 'server.js,--fast'],
      ...['--update-secrets', '/etc/app/key=key:2', '--startup-probe', ''],
      ...['--liveness-probe', 'httpGet.path=/healthz,periodSeconds=1,failureThreshold=2'],
      ...['--add-volume', 'name=cache,mount-path=/cache,type=disk,size-limit=8Mi'],
    );
    expect(changed).toMatchObject({ code: 0 });
    const before = await until('the new revision', 60_000, async () => {
      const now = await said();
      return now.secret === 'second' && now;
    });
    expect(before).toMatchObject({ words: ['--fast'], mark: false });
    await said('/ill');
    await until('another start', 60_000, async () => {
      const answer = await tenant.call('app');
      return answer.status === 200 && answer.json<Said>().started !== before.started;
    });
  }, 180_000);

  it('that is never ready fails with its cause, and the old revision serves on', async () => {
    const operation: OperationJson = await tenant.api.change('PATCH', tenant.at('app'), {
      template: {
        probes: { readiness: { type: 'http', path: '/ill' }, startup: { type: 'grpc', periodSeconds: 1 } },
      },
    });
    expect(operation).toMatchObject({ status: 'failed', error: { code: 'START_FAILED' } });
    expect((await said()).secret).toBe('second');
  }, 180_000);
});
