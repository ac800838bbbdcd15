import { connect } from 'node:net';
import { request } from 'node:https';
import { clusterUnderTest, kubeGet, kubectl, namespaceOfService } from '../../support/kubectl.js';
import { Tenant, sum } from '../../support/tenant.js';
import { until } from '../../support/until.js';

const SCOUT = {
  'package.json': JSON.stringify({ name: 'scout', version: '1.0.0', scripts: { start: 'node server.js' } }),
  // Tries to reach one address, and says how far it came.
  'server.js': `
const net = require('node:net');
const dns = require('node:dns').promises;
const http = require('node:http');
http.createServer(async (request, response) => {
  const url = new URL(request.url, 'http://x');
  const end = (what) => response.end(JSON.stringify({ what }));
  if (url.pathname === '/dns') return dns.lookup(url.searchParams.get('name')).then(({ address }) => end(address), (e) => end(e.code));
  const socket = net.connect({ host: url.searchParams.get('host'), port: Number(url.searchParams.get('port')) });
  const timer = setTimeout(() => { socket.destroy(); end('silence'); }, 1500);
  socket.on('connect', () => { clearTimeout(timer); socket.destroy(); end('open'); });
  socket.on('error', (e) => { clearTimeout(timer); end(e.code); });
}).listen(process.env.PORT);
`,
};

const COUNTER = {
  'package.json': JSON.stringify({ name: 'counter', version: '1.0.0', scripts: { start: 'node server.js' } }),
  // Counts what reaches it, and says who asked.
  'server.js': `
process.on('SIGTERM', () => process.exit());
let hits = 0;
require('node:http').createServer((request, response) => {
  hits += 1;
  response.end(JSON.stringify({ hits, agent: request.headers['user-agent'] }));
}).listen(process.env.PORT);
`,
};

/** What Knative's own parts, and kubelets, call themselves; and what they ask by. */
const PROBES: Record<string, string>[] = [
  ...['kube-probe/1', 'Knative-Activator-Probe', 'Knative-Ingress-Probe', 'Knative-Autoscaling-Probe'].map(
    (agent) => ({ 'user-agent': agent }),
  ),
  { 'k-network-probe': 'activator' },
  { 'k-network-probe': 'queue' },
  { 'k-network-probe': 'probe', 'k-network-hash': 'x' },
  { 'k-kubelet-probe': 'queue' },
];

interface Pod {
  metadata: { name: string };
  status: { podIP: string };
}

const firstPod = async (namespace: string, labels: string): Promise<Pod> => {
  const { items } = await kubeGet<{ items: Pod[] }>('pods', '-n', namespace, '-l', labels);
  const [pod] = items;
  if (pod?.status.podIP === undefined) throw new Error(`no pod ${labels} in ${namespace}`);
  return pod;
};

/** Those of the pods that run now: they are not where anything of a service at zero is. */
const isPodOf = (host: string): boolean => host.startsWith(clusterUnderTest().pods.replace(/0\.0\/16$/, ''));

const clusterIp = async (namespace: string, name: string): Promise<string> =>
  (await kubeGet<{ spec: { clusterIP: string } }>('service', name, '-n', namespace)).spec.clusterIP;

describe('the walls of a cluster', () => {
  const { node } = clusterUnderTest();
  let victim: Tenant;
  let attacker: Tenant;
  let addresses: [string, string, number][];

  beforeAll(async () => {
    [victim, attacker] = [await Tenant.create('victim'), await Tenant.create('attacker')];
    const { id } = await victim.mustDeploy('bank', { service: { minInstances: 1 } });
    await attacker.mustDeploy('scout', { source: SCOUT });
    const namespace = await namespaceOfService(id);
    const pod = await until('the victim runs', 60_000, () =>
      firstPod(namespace, 'serving.knative.dev/service=bank'),
    );
    const door = await kubeGet<{ spec: { ports: { nodePort: number }[] } }>(
      'service',
      'towpath-door',
      '-n',
      'towpath-system',
    );
    addresses = [
      ['the user port of its instance', pod.status.podIP, 8080],
      ['the sidecar of its instance', pod.status.podIP, 8012],
      ['the metrics of its instance', pod.status.podIP, 9090],
      ['the activator', await clusterIp('knative-serving', 'activator-service'), 80],
      ['the gateway inside the cluster', await clusterIp('kourier-system', 'kourier-internal'), 80],
      ['the ingress', await clusterIp('kourier-system', 'kourier'), 80],
      ['the door inside the cluster', await clusterIp('towpath-system', 'towpath-door'), 8443],
      ['the door at the node', node, door.spec.ports[0]?.nodePort ?? 0],
      ['the API server', await clusterIp('default', 'kubernetes'), 443],
      ['the API server at the node', node, 6443],
      ['the kubelet', node, 10_250],
      ['the metadata address', '169.254.169.254', 80],
    ];
  }, 180_000);

  const tried = async (host: string, port: number): Promise<string> => {
    const answer = await attacker.call('scout', `/?host=${host}&port=${port}`);
    return answer.status === 200 ? answer.json<{ what: string }>().what : `${answer.status} ${answer.text}`;
  };

  it('a tenant reaches nothing of another tenant, of Knative, of the door or of Kubernetes', async () => {
    const seen: string[] = [];
    for (const [what, host, port] of addresses) seen.push(`${what}: ${await tried(host, port)}`);
    expect(seen).toEqual(addresses.map(([what]) => `${what}: silence`));
  }, 120_000);

  it('nor of a service at zero, nor of its first instance while it starts', async () => {
    const { id } = await victim.mustDeploy('nap');
    const namespace = await namespaceOfService(id);
    const pods = async (): Promise<Pod[]> =>
      (await kubeGet<{ items: Pod[] }>('pods', '-n', namespace, '-l', 'serving.knative.dev/service=nap'))
        .items;
    await until('nothing of it runs', 120_000, async () => (await pods()).length === 0);
    const asleep: string[] = [];
    for (const [what, host, port] of addresses.filter(([, host]) => !isPodOf(host)))
      asleep.push(`${what}: ${await tried(host, port)}`);
    expect(asleep.filter((one) => !one.endsWith(': silence'))).toEqual([]);
    const waking = victim.call('nap');
    const address = await until(
      'the address of its first instance',
      60_000,
      async () => (await pods())[0]?.status.podIP,
    );
    const starting = [];
    for (const port of [8080, 8012, 9090]) starting.push(await tried(address, port));
    expect((await waking).status).toBe(200);
    for (const port of [8080, 8012, 9090]) starting.push(await tried(address, port));
    expect(starting).toEqual(Array.from({ length: 6 }, () => 'silence'));
  }, 240_000);

  it('and would, without the walls: from a namespace of nobody most of it is open', async () => {
    const { registry } = clusterUnderTest();
    const secret = ['--docker-server', registry.address, '--docker-username', registry.username];
    await kubectl(
      'create',
      'secret',
      'docker-registry',
      'pull',
      ...secret,
      '--docker-password',
      registry.password,
    );
    const overrides = JSON.stringify({ spec: { imagePullSecrets: [{ name: 'pull' }] } });
    const program = SCOUT['server.js'];
    await kubectl(
      ...['run', 'control', `--image=${registry.address}/runtime/node:local`, '--env=PORT=8080'],
      ...['--overrides', overrides, '--command', '--', 'node', '-e', program],
    );
    await kubectl('wait', '--for=condition=Ready', 'pod/control', '--timeout=60s');
    const open: string[] = [];
    for (const [what, host, port] of addresses) {
      const script = `fetch('http://127.0.0.1:8080/?host=${host}&port=${port}').then(r=>r.text()).then(console.log)`;
      const { what: found } = JSON.parse(await kubectl('exec', 'control', '--', 'node', '-e', script)) as {
        what: string;
      };
      if (found === 'open') open.push(what);
    }
    await kubectl('delete', 'pod/control', 'secret/pull', '--wait=false');
    // The victim's own policy and the ingress's hold against everybody; the rest is open to whoever has no policy.
    expect(open).toEqual([
      'the activator',
      'the door inside the cluster',
      'the door at the node',
      'the API server',
      'the API server at the node',
      'the kubelet',
    ]);
  }, 180_000);

  it('who calls himself a probe reaches the program as anybody does, asleep and awake, and is counted once', async () => {
    await victim.mustDeploy('counter', { source: COUNTER });
    const namespace = await namespaceOfService((await victim.service('counter')).id);
    const labels = 'serving.knative.dev/service=counter';
    const asleep = (): Promise<unknown> =>
      until('nothing of it runs', 120_000, async () => {
        const { items } = await kubeGet<{ items: Pod[] }>('pods', '-n', namespace, '-l', labels);
        return items.length === 0;
      });
    let calls = 0;
    const ask = async (headers: Record<string, string>): Promise<{ hits: number; agent?: string }> => {
      const answer = await victim.call('counter', '/', { headers });
      calls += 1;
      if (answer.status !== 200)
        throw new Error(`${JSON.stringify(headers)}: ${answer.status} ${answer.text}`);
      return answer.json();
    };
    const [first = {}, ...others] = PROBES;
    await asleep();
    expect(await ask(first)).toEqual({ hits: 1, agent: 'towpath-gateway kube-probe/1' });
    const hits = [];
    for (const headers of others) hits.push((await ask(headers)).hits);
    expect(hits).toEqual(others.map((_headers, at) => at + 2));
    expect(sum(await victim.usageOf('counter', calls, 60_000), 'requests')).toBe(BigInt(calls));
  }, 240_000);

  it('its own public service works, and names resolve', async () => {
    expect((await victim.call('bank')).status).toBe(200);
    const { what } = (await attacker.call('scout', '/dns?name=kubernetes.default.svc.cluster.local')).json<{
      what: string;
    }>();
    expect(what).toMatch(/^10\./);
  });

  it('the door opens to no one without a certificate of a gateway', async () => {
    const { spec } = await kubeGet<{ spec: { ports: { nodePort: number }[] } }>(
      'service',
      'towpath-door',
      '-n',
      'towpath-system',
    );
    const port = spec.ports[0]?.nodePort ?? 0;
    const failure = await new Promise<string>((resolve) => {
      const asked = request(
        { host: node, port, rejectUnauthorized: false, path: '/', timeout: 5_000 },
        (response) => resolve(`answered ${response.statusCode}`),
      );
      asked.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
      asked.end();
    });
    expect(failure).toMatch(/CERTIFICATE_REQUIRED|ECONNRESET|ALERT/i);
  });

  it('the ingress cannot be reached around the door', async () => {
    const { spec } = await kubeGet<{ spec: { ports: { nodePort?: number }[] } }>(
      'service',
      'kourier',
      '-n',
      'kourier-system',
    );
    const ports = spec.ports.flatMap(({ nodePort }) => nodePort ?? []);
    expect(ports.length).toBeGreaterThan(0);
    for (const port of ports) expect(await reached(node, port)).toBe('silence');
  });
});

function reached(host: string, port: number): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    const timer = setTimeout(() => {
      socket.destroy();
      resolve('silence');
    }, 1_500);
    socket.on('connect', () => {
      clearTimeout(timer);
      socket.destroy();
      resolve('open');
    });
    socket.on('error', (error: NodeJS.ErrnoException) => {
      clearTimeout(timer);
      resolve(error.code ?? error.message);
    });
  });
}
