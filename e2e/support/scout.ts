import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { applyObject, clusterUnderTest, kubectl } from './kubectl.js';
import type { Tenant } from './tenant.js';
import { until } from './until.js';

/** How long an address may be silent, ms: what a policy forbids is met with that. */
const SILENCE_MS = 1_500;

/** A program that says how far it comes from where it runs. */
export const SCOUT = {
  'package.json': JSON.stringify({ name: 'scout', version: '1.0.0', scripts: { start: 'node server.js' } }),
  'server.js': `
const net = require('node:net');
const dns = require('node:dns').promises;
const fs = require('node:fs');
const http = require('node:http');
process.on('SIGTERM', () => process.exit());
http.createServer(async (request, response) => {
  const url = new URL(request.url, 'http://x');
  const asked = (name) => url.searchParams.get(name);
  const end = (what) => response.end(JSON.stringify({ what }));
  const [host, port] = [asked('host'), Number(asked('port'))];
  if (url.pathname === '/dns') return dns.lookup(asked('name')).then(({ address }) => end(address), (e) => end(e.code));
  if (url.pathname === '/file') return end(fs.existsSync(asked('path')) ? 'there' : 'absent');
  if (url.pathname === '/http') {
    const got = http.get({ host, port, headers: { host: asked('name') }, timeout: 10000 }, (answer) => {
      const parts = [];
      answer.on('data', (part) => parts.push(part));
      answer.on('end', () => end(answer.statusCode + ' ' + Buffer.concat(parts)));
    });
    got.on('timeout', () => got.destroy(new Error('silence')));
    return got.on('error', (e) => end(e.code ?? e.message));
  }
  const socket = net.connect({ host, port });
  const timer = setTimeout(() => { socket.destroy(); end('silence'); }, ${SILENCE_MS});
  socket.on('connect', () => { clearTimeout(timer); socket.destroy(); end('open'); });
  socket.on('error', (e) => { clearTimeout(timer); end(e.code); });
}).listen(process.env.PORT);
`,
};

/** Where somebody may try to come to, and what that is, for people. */
export interface Wall {
  what: string;
  host: string;
  port: number;
}

/** A tenant's service that looks around from its instance. */
export class Scout {
  constructor(
    private readonly tenant: Tenant,
    private readonly service = 'scout',
  ) {}

  /** `open`, `silence`, or the code of what came back instead. */
  reaches(host: string, port: number): Promise<string> {
    return this.say(`/?host=${host}&port=${port}`);
  }

  /** Status and body of what is answered over HTTP at an address, to a host. */
  fetches(host: string, port: number, name: string): Promise<string> {
    return this.say(`/http?host=${host}&port=${port}&name=${name}`);
  }

  resolves(name: string): Promise<string> {
    return this.say(`/dns?name=${name}`);
  }

  /** `there` or `absent`. */
  finds(path: string): Promise<string> {
    return this.say(`/file?path=${path}`);
  }

  private async say(path: string): Promise<string> {
    const answer = await this.tenant.call(this.service, path);
    if (answer.status !== 200) return `${answer.status} ${answer.text}`;
    return answer.json<{ what: string }>().what;
  }
}

/** The same program in a pod of nobody: what it finds is what there is without the walls. */
export class ControlPod {
  static readonly LABELS = { run: 'control' };

  static async make(): Promise<ControlPod> {
    const { registry } = clusterUnderTest();
    await kubectl(
      ...['create', 'secret', 'docker-registry', 'pull', '--docker-server', registry.address],
      ...['--docker-username', registry.username, '--docker-password', registry.password],
    );
    const overrides = JSON.stringify({ spec: { imagePullSecrets: [{ name: 'pull' }] } });
    await kubectl(
      ...['run', 'control', `--image=${registry.address}/runtime/node:local`, '--env=PORT=8080'],
      ...['--overrides', overrides, '--command', '--', 'node', '-e', SCOUT['server.js']],
    );
    await kubectl('wait', '--for=condition=Ready', 'pod/control', '--timeout=60s');
    return new ControlPod();
  }

  async reaches(host: string, port: number): Promise<string> {
    const script = `fetch('http://127.0.0.1:8080/?host=${host}&port=${port}').then(r=>r.text()).then(console.log)`;
    const said = await kubectl('exec', 'control', '--', 'node', '-e', script);
    return (JSON.parse(said) as { what: string }).what;
  }

  async remove(): Promise<void> {
    await kubectl('delete', 'pod/control', 'secret/pull', '--wait=false', '--ignore-not-found');
  }
}

/** Lets the control pod in to all pods of these namespaces, beside whoever their own policies admit, while the work lasts. */
export async function letIn(namespaces: readonly string[], work: () => Promise<void>): Promise<void> {
  const NAME = 'control';
  const from = [
    {
      namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'default' } },
      podSelector: { matchLabels: ControlPod.LABELS },
    },
  ];
  try {
    for (const namespace of namespaces)
      await applyObject({
        ...{ apiVersion: 'networking.k8s.io/v1', kind: 'NetworkPolicy', metadata: { name: NAME, namespace } },
        spec: { podSelector: {}, policyTypes: ['Ingress'], ingress: [{ from }] },
      });
    await work();
  } finally {
    for (const namespace of namespaces)
      await kubectl('delete', 'networkpolicy', NAME, '-n', namespace, '--ignore-not-found');
  }
}

const METADATA = '169.254.169.254';

/** Somebody who listens at the address of a cloud's metadata, on the node of the cluster under test. */
export async function metadataListener(): Promise<{ wall: Wall; close: () => Promise<void> }> {
  const { pid } = clusterUnderTest();
  const onNode = (...command: string[]): string[] => ['-t', String(pid), '-n', '--', ...command];
  const program = `require('node:net').createServer((s) => s.end()).listen(80, '${METADATA}', () => console.log('listens'))`;
  const address = async (verb: string): Promise<void> => {
    const child = spawn('nsenter', onNode('ip', 'address', verb, `${METADATA}/32`, 'dev', 'lo'));
    await once(child, 'close');
  };
  await address('add');
  const listener = spawn('nsenter', onNode(process.execPath, '-e', program));
  const close = async (): Promise<void> => {
    if (listener.exitCode === null && listener.signalCode === null) {
      const ended = once(listener, 'close');
      listener.kill('SIGKILL');
      await ended;
    }
    await address('del');
  };
  let said = '';
  for (const stream of [listener.stdout, listener.stderr])
    stream.on('data', (part: Buffer) => (said += part.toString()));
  try {
    await until('somebody at the metadata address', 30_000, () => {
      if (listener.exitCode !== null) throw new Error(said);
      return Promise.resolve(said.includes('listens'));
    });
  } catch (error) {
    await close();
    throw error;
  }
  return { wall: { what: 'the metadata address', host: METADATA, port: 80 }, close };
}
