import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import path from 'node:path';
import { PEER_FILES, PeerCertificate } from '#libs/bus';
import { peerName, type PeerSide } from '#libs/domain';
import { KubeClient, KubeConnection, type KubeObject } from '#libs/kube';
import { Stopped, createLogger, systemClock } from '#libs/process';
import { FakeHttp, TestAuthority, freePorts, kubeconfigOf, startEnvoy, temporaryFolder } from '#libs/testing';
import { until, type FakeReply, type SeenRequest, type TestEnvoy } from '#libs/testing';
import { ClusterDoor } from './cluster.door.js';
import { DOOR_FOLDER } from './door.bootstrap.js';

const CLUSTER = 'cls_00000000000000000001';
const INGRESS = { host: '127.0.0.1', port: 9 };
/** One machine stands for three: at `deaf` nothing listens. */
const HOSTS = { deaf: '127.0.0.4', one: '127.0.0.2', two: '127.0.0.3' };
type NodeName = keyof typeof HOSTS;

const KIND_OF: Record<string, string> = {
  namespaces: 'Namespace',
  secrets: 'Secret',
  deployments: 'Deployment',
  services: 'Service',
  networkpolicies: 'NetworkPolicy',
};

/** As much of the Kubernetes API as the door's keeper asks. */
class Api {
  readonly applied = new Map<string, KubeObject>();
  private readonly watches = new Map<string, ServerResponse>();
  private version = 1;
  readonly nodes: Record<NodeName, { ready: string; unschedulable: boolean }> = {
    deaf: { ready: 'True', unschedulable: false },
    one: { ready: 'True', unschedulable: false },
    two: { ready: 'True', unschedulable: false },
  };
  runs = false;

  constructor(private readonly nodePort: number) {}

  readonly answer = ({ method, path: at, query, body }: SeenRequest): FakeReply => {
    const name = at.split('/').at(-1) ?? '';
    if (query.has('watch')) return (response) => this.watch(KIND_OF[name] ?? name, response);
    if (method === 'PATCH') {
      const object = JSON.parse(body.toString()) as KubeObject;
      this.applied.set(object.kind, object);
      this.tell('MODIFIED', object);
      return { body: object };
    }
    const kind = KIND_OF[name];
    if (kind !== undefined) {
      const items = [this.applied.get(kind)].filter(Boolean);
      return { body: { items, metadata: { resourceVersion: String(this.version) } } };
    }
    if (name === 'nodes') return { body: { items: this.listed(query.get('fieldSelector')), metadata: {} } };
    if (at.includes('/services/')) return { body: this.serviceWithPort() };
    return { body: { ...this.applied.get('Deployment'), status: this.runs ? RUNS : {} } };
  };

  /** Somebody else changes it, or deletes it. */
  async change(kind: string, changed: Partial<KubeObject> | undefined): Promise<void> {
    await until(() => this.watches.has(kind), { what: `a watch of ${kind}` });
    const object = this.applied.get(kind);
    this.applied.delete(kind);
    if (object !== undefined)
      this.tell(changed === undefined ? 'DELETED' : 'MODIFIED', { ...object, ...changed });
  }

  private tell(type: string, object: KubeObject): void {
    const metadata = { ...object.metadata, resourceVersion: String(++this.version) };
    this.watches.get(object.kind)?.write(`${JSON.stringify({ type, object: { ...object, metadata } })}\n`);
  }

  private async watch(kind: string, response: ServerResponse): Promise<void> {
    response.writeHead(200).flushHeaders();
    this.watches.set(kind, response);
    await once(response, 'close');
  }

  private serviceWithPort(): unknown {
    return { ...this.applied.get('Service'), spec: { ports: [{ port: 8443, nodePort: this.nodePort }] } };
  }

  private listed(field: string | null): unknown[] {
    return Object.entries(this.nodes)
      .filter(([name]) => field === null || field === `metadata.name=${name}`)
      .map(([name, { ready, unschedulable }]) => ({
        metadata: { name },
        spec: { unschedulable },
        status: {
          addresses: [{ type: 'InternalIP', address: HOSTS[name as NodeName] }],
          conditions: [{ type: 'Ready', status: ready }],
        },
      }));
  }
}

const RUNS = { replicas: 1, updatedReplicas: 1, readyReplicas: 1 };

interface Bootstrap {
  static_resources: { listeners: { address: object; additional_addresses: object[] }[] };
  admin: { address: object };
}
const at = (address: string, port: number): object => ({ socket_address: { address, port_value: port } });

describe('the door of a cluster, followed', () => {
  const folder = temporaryFolder();
  let [nodePort, adminPort] = [0, 0];
  let api: Api;
  let http: FakeHttp;
  let kubeconfig: ReturnType<typeof kubeconfigOf>;
  let connection: KubeConnection;
  let envoy: TestEnvoy | undefined;
  let authority: TestAuthority;
  let door: ClusterDoor;
  const drifts: string[] = [];

  /** A certificate that was issued before the agent started. */
  async function certificate(side: PeerSide): Promise<PeerCertificate> {
    const kept = path.join(folder.path, side);
    mkdirSync(kept, { recursive: true });
    const files = { ...(await authority.identityFor(peerName(CLUSTER, side))), trust: authority.root };
    for (const part of ['chain', 'key', 'trust'] as const)
      writeFileSync(path.join(kept, PEER_FILES[part]), files[part]);
    const parts = { url: 'http://127.0.0.1:9', renewalToken: () => '', onChange: () => undefined };
    const logger = createLogger('door', 'silent');
    return new PeerCertificate({ id: CLUSTER, side, folder: kept, ...parts, clock: systemClock, logger });
  }

  /** What a kubelet does: the Secret's files, and the container as the Deployment says. */
  async function runDoor(): Promise<void> {
    const { data } = api.applied.get('Secret') as unknown as { data: Record<string, string> };
    const here = (text: string): string => text.replaceAll(DOOR_FOLDER, folder.path);
    for (const [name, text] of Object.entries(data))
      writeFileSync(path.join(folder.path, name), here(Buffer.from(text, 'base64').toString()));
    const { spec } = api.applied.get('Deployment') as unknown as {
      spec: { template: { spec: { containers: { args: string[] }[] } } };
    };
    const [, config = ''] = spec.template.spec.containers[0]?.args ?? [];
    const bootstrap = JSON.parse(here(config)) as Bootstrap;
    for (const listener of bootstrap.static_resources.listeners) {
      listener.address = at(HOSTS.one, nodePort);
      listener.additional_addresses = [{ address: at(HOSTS.two, nodePort) }];
    }
    bootstrap.admin.address = at('127.0.0.1', adminPort);
    const file = path.join(folder.path, 'door.json');
    writeFileSync(file, JSON.stringify(bootstrap));
    envoy = startEnvoy({ bootstrap: file, adminPort });
    await envoy.ready();
    api.runs = true;
  }

  async function makeDoor(client: KubeClient): Promise<ClusterDoor> {
    const parts = {
      ...({ client, clusterId: CLUSTER, clock: systemClock } as const),
      settings: { image: 'door.test/envoy', ingress: INGRESS },
      own: await certificate('door'),
      knocking: await certificate('gateway'),
      onDrift: (kind: string, _name: string, difference: string) => drifts.push(`${kind} ${difference}`),
      logger: createLogger('door', 'silent'),
    };
    return new ClusterDoor(parts, 50);
  }

  beforeAll(async () => {
    authority = await TestAuthority.make();
    [nodePort, adminPort] = (await freePorts(2)) as [number, number];
    api = new Api(nodePort);
    http = await FakeHttp.start(api.answer);
    kubeconfig = kubeconfigOf(http.url);
    connection = await KubeConnection.open(kubeconfig.file);
    door = await makeDoor(new KubeClient(connection));
    const opened = door.open();
    await until(() => api.applied.has('Deployment') && api.applied.has('Secret'), { what: 'its objects' });
    expect(door.address()).toBeUndefined();
    await runDoor();
    await opened;
  }, 60_000);

  afterAll(async () => {
    await door.close();
    await envoy?.stop();
    await connection.close();
    await http.close();
    kubeconfig.remove();
    folder.remove();
  });

  const isAt = (name: NodeName): Promise<unknown> =>
    until(() => door.address()?.host === HOSTS[name], { what: `the door is told at node ${name}` });

  it('is told at a ready node that leads there, not at one where nothing answers', () => {
    expect(door.address()).toEqual({ host: HOSTS.one, port: nodePort, secure: true });
  });

  it('moves when that node is gone', async () => {
    api.nodes.one.ready = 'Unknown';
    await isAt('two');
  });

  it('stays where it is known when the one before is back, and where no node says that it is ready', async () => {
    const looks = (): number => http.seen.filter((one) => one.path.endsWith('/services/towpath-door')).length;
    for (const ready of ['True', 'Unknown']) {
      api.nodes.one.ready = ready;
      if (ready === 'Unknown') api.nodes.two.ready = api.nodes.deaf.ready = ready;
      const before = looks();
      await until(() => looks() >= before + 3, { what: 'it was looked at twice' });
      expect(door.address()?.host).toBe(HOSTS.two);
    }
    api.nodes.two.ready = api.nodes.one.ready = api.nodes.deaf.ready = 'True';
  });

  it('moves before a node leaves', async () => {
    api.nodes.two.unschedulable = true;
    await isAt('one');
  });

  it.each<[what: string, kind: string, changed: Partial<KubeObject> | undefined, difference: string]>([
    ['a NetworkPolicy that was deleted', 'NetworkPolicy', undefined, 'absent'],
    ['a Service that was deleted', 'Service', undefined, 'absent'],
    ['a Secret without its files', 'Secret', { data: {} }, 'data.tls.crt'],
    ['a Deployment without a replica', 'Deployment', { spec: { replicas: 0 } }, 'spec.replicas'],
    [
      'a Namespace without its labels',
      'Namespace',
      { metadata: { name: 'towpath-system' } },
      'metadata.labels',
    ],
  ])('%s is applied again, and that is told once', async (_what, kind, changed, difference) => {
    const [wanted, before] = [api.applied.get(kind), drifts.length];
    await api.change(kind, changed);
    await until(() => api.applied.has(kind) && drifts.length > before, { what: `${kind} again` });
    expect(api.applied.get(kind)).toEqual(wanted);
    expect(drifts.slice(before)).toEqual([expect.stringContaining(`${kind} ${difference}`)]);
  });

  it('opens no longer once it is closed, though nothing runs yet', async () => {
    const bare = new Api(nodePort);
    const server = await FakeHttp.start(bare.answer);
    const at = kubeconfigOf(server.url);
    const other = await KubeConnection.open(at.file);
    const closing = await makeDoor(new KubeClient(other));
    const ended = expect(closing.open()).rejects.toBeInstanceOf(Stopped);
    await until(() => bare.applied.has('Deployment'), { what: 'its Deployment' });
    await closing.close();
    await ended;
    await other.close();
    await server.close();
    at.remove();
  });
});
