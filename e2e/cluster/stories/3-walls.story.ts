import { connect } from 'node:net';
import { request } from 'node:https';
import { Faults } from '../../support/faults.js';
import {
  applyObject,
  clusterUnderTest,
  kubeGet,
  kubectl,
  namespaceOfService,
} from '../../support/kubectl.js';
import { Relay } from '../../support/relay.js';
import { ControlPod, SCOUT, Scout, letIn, metadataListener, type Wall } from '../../support/scout.js';
import { Tenant, platform, sum } from '../../support/tenant.js';
import { until } from '../../support/until.js';

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

/** Ports of an instance: the program's, those of Knative's sidecar (HTTP/1.1, h2c, TLS, its own administration), and of its numbers. */
const POD_PORTS = [8080, 8012, 8013, 8112, 8022, 9090, 9091];

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

/** Of documentation: nobody has it. */
const PUBLIC = '198.51.100.9';

const PLAIN = { name: 'app', image: 'registry.test/app:1' };
const ADMIN = { capabilities: { add: ['NET_ADMIN'] } };

/** What the API server says of a pod; none is made. */
const podIn = (namespace: string, spec: object): Promise<void> =>
  applyObject(
    { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'tried', namespace }, spec },
    '--dry-run=server',
  );

describe('the walls of a cluster', () => {
  const { node, machine, gatewayPort } = clusterUnderTest();
  const relays: Relay[] = [];
  let victim: Tenant;
  let attacker: Tenant;
  let scout: Scout;
  let namespace: string;
  let walls: Wall[];
  let closeMetadata: (() => Promise<void>) | undefined;

  const relay = async (to: number, port?: number): Promise<Relay> => {
    const made = await Relay.at(machine, to, port);
    relays.push(made);
    return made;
  };

  beforeAll(async () => {
    [victim, attacker] = [await Tenant.create('victim'), await Tenant.create('attacker')];
    const { id } = await victim.mustDeploy('bank', { service: { minInstances: 1 } });
    await attacker.mustDeploy('scout', { source: SCOUT });
    scout = new Scout(attacker);
    namespace = await namespaceOfService(id);
    const pod = await until('the victim runs', 60_000, () =>
      firstPod(namespace, 'serving.knative.dev/service=bank'),
    );
    const door = await kubeGet<{ spec: { ports: { nodePort: number }[] } }>(
      ...['service', 'towpath-door', '-n', 'towpath-system'],
    );
    const metadata = await metadataListener();
    closeMetadata = metadata.close;
    const { ports } = new Faults(platform()).run;
    const agent = await relay(ports['agent'] ?? 0);
    await relay(ports['gateway'] ?? 0, gatewayPort);
    const wall = (what: string, host: string, port: number): Wall => ({ what, host, port });
    walls = [
      ...POD_PORTS.map((port) => wall(`port ${port} of its instance`, pod.status.podIP, port)),
      wall('its name in the cluster', `bank.${namespace}.svc.cluster.local`, 80),
      wall('the activator', await clusterIp('knative-serving', 'activator-service'), 80),
      wall('the gateway inside the cluster', await clusterIp('kourier-system', 'kourier-internal'), 80),
      wall('the ingress', await clusterIp('kourier-system', 'kourier'), 80),
      wall('the door inside the cluster', await clusterIp('towpath-system', 'towpath-door'), 8443),
      wall('the door at the node', node, door.spec.ports[0]?.nodePort ?? 0),
      wall('the API server', await clusterIp('default', 'kubernetes'), 443),
      wall('the API server at the node', node, 6443),
      wall('the kubelet', node, 10_250),
      wall('etcd', node, 2379),
      wall('the agent, where a gateway is too', machine, agent.port),
      metadata.wall,
    ];
  }, 180_000);
  afterAll(async () => {
    await closeMetadata?.();
    await Promise.all(relays.map((one) => one.close()));
  });

  /** Which of them are not silent to a tenant, and how not. */
  const gaps = async (all: readonly Wall[]): Promise<string[]> => {
    const found = await Promise.all(
      all.map(async ({ what, host, port }) => ({ what, said: await scout.reaches(host, port) })),
    );
    return found.filter(({ said }) => said !== 'silence').map(({ what, said }) => `${what}: ${said}`);
  };

  it('a tenant reaches nothing of another tenant, of Knative, of the door or of Kubernetes', async () => {
    expect(await gaps(walls)).toEqual([]);
  }, 120_000);

  it('nor of a service at zero, nor of its first instance while it starts', async () => {
    await victim.mustDeploy('nap');
    const pods = async (): Promise<Pod[]> =>
      (await kubeGet<{ items: Pod[] }>('pods', '-n', namespace, '-l', 'serving.knative.dev/service=nap'))
        .items;
    await until('nothing of it runs', 120_000, async () => (await pods()).length === 0);
    expect(await gaps(walls.filter(({ host }) => !isPodOf(host)))).toEqual([]);
    const waking = victim.call('nap');
    const host = await until(
      'the address of its first instance',
      60_000,
      async () => (await pods())[0]?.status.podIP,
    );
    const own = POD_PORTS.map((port): Wall => ({ what: `port ${port}`, host, port }));
    const starting = await gaps(own);
    expect((await waking).status).toBe(200);
    expect([...starting, ...(await gaps(own))]).toEqual([]);
  }, 240_000);

  it('and would, without the walls: to a pod of nobody that all are told to let in, none of them is silent', async () => {
    const control = await ControlPod.make();
    const all = ['knative-serving', 'kourier-system', 'towpath-system', namespace];
    try {
      await letIn(all, async () => {
        for (const { what, host, port } of walls)
          await until(
            `${what} to answer`,
            30_000,
            async () => (await control.reaches(host, port)) !== 'silence',
          );
      });
    } finally {
      await control.remove();
    }
  }, 240_000);

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

  it('what is public of another tenant answers it by its URL, at the gateway that the operator opens, and names resolve', async () => {
    expect(await scout.fetches(machine, gatewayPort, victim.host('bank'))).toMatch(/^200 .*"service":"bank"/);
    expect(await scout.resolves('kubernetes.default.svc.cluster.local')).toMatch(/^10\./);
  });

  it('a node that comes with a public address is closed to instances', async () => {
    const isClosed = async (): Promise<boolean> =>
      JSON.stringify(await kubeGet('networkpolicy', 'towpath-egress', '-n', namespace)).includes(PUBLIC);
    expect(await isClosed()).toBe(false);
    const metadata = { name: 'far' };
    await applyObject({ apiVersion: 'v1', kind: 'Node', metadata, spec: { unschedulable: true } });
    try {
      const status = { addresses: [{ type: 'ExternalIP', address: PUBLIC }] };
      await kubectl('patch', 'node', 'far', '--subresource=status', '-p', JSON.stringify({ status }));
      await until('its address in the policies of projects', 90_000, isClosed);
    } finally {
      await kubectl('delete', 'node', 'far');
    }
  }, 120_000);

  it('no instance has a token of the cluster', async () => {
    expect(await scout.finds('/var/run/secrets')).toBe('absent');
    // it does see files
    expect(await scout.finds('/etc/resolv.conf')).toBe('there');
  });

  it.each([
    ['a privileged one', { containers: [{ ...PLAIN, securityContext: { privileged: true } }] }, 'privileged'],
    ['one in the network of its node', { hostNetwork: true, containers: [PLAIN] }, 'host namespaces'],
    ['one with the processes of its node', { hostPID: true, containers: [PLAIN] }, 'host namespaces'],
    [
      'one with files of its node',
      { volumes: [{ name: 'host', hostPath: { path: '/' } }], containers: [PLAIN] },
      'hostPath',
    ],
    ['one with rights of its node', { containers: [{ ...PLAIN, securityContext: ADMIN }] }, 'capabilities'],
  ])('a pod in the namespace of a project is refused: %s', async (_what, spec, reason) => {
    await expect(podIn(namespace, spec)).rejects.toThrow(
      new RegExp(`violates PodSecurity "baseline:latest".*${reason}`, 's'),
    );
  });

  it('and a plain one is not', async () => {
    await expect(podIn(namespace, { containers: [PLAIN] })).resolves.toBeUndefined();
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
