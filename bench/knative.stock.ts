/** Two stock Envoys in the places of the gateway's and of the door: on this machine, and in the cluster before Kourier. */
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { freePorts, startEnvoy, type TemporaryFolder } from '#libs/testing';
import { doorManifests } from '../apps/agent/src/drivers/knative/door.manifests.js';
import { ACCESS_LOG_FORMAT } from '../apps/gateway/src/envoy/access-log.format.js';
import { clusterUnderTest, kubeGet, kubectl } from '../e2e/support/kubectl.js';
import { until } from '../e2e/support/until.js';

const TYPE = 'type.googleapis.com/envoy';
const SYSTEM = 'towpath-system';
const [OURS, STOCK] = ['towpath-door', 'stock-door'];
const PORT = 8443;
/** As many workers as the gateway's Envoy of `npm start` has. */
const WORKERS = 2;

export interface StockPair {
  /** Of the one on this machine. */
  pid: number;
  port: number;
  log: string;
  stop(): Promise<void>;
}

/** Where Kourier's own Envoy listens, reached from this machine past every door. */
export interface Ingress {
  way: { address: string; port: number };
  close(): Promise<unknown>;
}

export async function startStockPair(folder: TemporaryFolder): Promise<StockPair> {
  const nodePort = await standInDoor(folder);
  const [listenPort = 0, adminPort = 0] = await freePorts(2);
  const log = path.join(folder.path, 'stock.log');
  const listener = { name: 'stock', address: at('127.0.0.1', listenPort) };
  const tls = typed('tls', `${TYPE}.extensions.transport_sockets.tls.v3.UpstreamTlsContext`, {});
  const { node } = clusterUnderTest();
  const bootstrap = path.join(folder.path, 'stock.json');
  const content = {
    admin: { address: at('127.0.0.1', adminPort) },
    static_resources: {
      listeners: [{ ...listener, filter_chains: [{ filters: [manager(log)] }] }],
      clusters: [{ ...cluster('STATIC', node, nodePort), transport_socket: tls }],
    },
  };
  writeFileSync(bootstrap, JSON.stringify(content));
  const envoy = startEnvoy({ bootstrap, adminPort, concurrency: WORKERS });
  await envoy.ready();
  const stop = async (): Promise<void> => {
    await envoy.stop();
    await kubectl('delete', 'deployment,service,networkpolicy', '-A', '-l', `app=${STOCK}`);
  };
  return { pid: envoy.pid, port: listenPort, log, stop };
}

/** Lets this machine to Kourier, as no tenant and no gateway is. Until it is closed the cluster takes no services: deploy before. */
export async function openIngress(folder: TemporaryFolder): Promise<Ingress> {
  const { machine, node } = clusterUnderTest();
  const from = [machine, node].map((one) => ({ ipBlock: { cidr: `${one}/32` } }));
  const policy = admission('bench', [{ from }]);
  await apply(folder, [policy]);
  const { items } = await kubeGet<{ items: { status: { podIP: string } }[] }>(
    ...['pods', '-n', 'kourier-system', '-l', 'app=3scale-kourier-gateway'],
  );
  const close = (): Promise<unknown> =>
    kubectl('delete', 'networkpolicy', policy.metadata.name, '-n', policy.metadata.namespace);
  return { way: { address: items[0]?.status.podIP ?? '', port: 8080 }, close };
}

/** The door's own manifests under another name, with a configuration of the shortest kind; resolves with its port on the node. */
async function standInDoor(folder: TemporaryFolder): Promise<number> {
  const ingress = { host: 'kourier.kourier-system.svc.cluster.local', port: 80 };
  const unused = { chain: '', key: '', root: '', agent: '' };
  const { image } = await doorImage();
  const objects = JSON.parse(
    JSON.stringify(doorManifests({ image, ingress }, unused)).replaceAll(OURS, STOCK),
  ) as Manifest[];
  for (const { kind, spec } of objects) {
    const container = kind === 'Deployment' ? spec?.template?.spec.containers[0] : undefined;
    if (container !== undefined) container.args[1] = JSON.stringify(doorContent(folder, ingress));
  }
  const policy = admission(STOCK, [
    { from: [{ namespaceSelector: {}, podSelector: { matchLabels: { app: STOCK } } }] },
  ]);
  await apply(folder, [...objects.filter(({ kind }) => kind !== 'Namespace'), policy]);
  await kubectl('rollout', 'status', `deployment/${STOCK}`, '-n', SYSTEM, '--timeout=120s');
  const service = await kubeGet<{ spec: { ports: { nodePort: number }[] } }>('service', STOCK, '-n', SYSTEM);
  return service.spec.ports[0]?.nodePort ?? 0;
}

interface Manifest {
  kind: string;
  spec?: { template?: { spec: { containers: { args: string[] }[] } } };
}

async function doorImage(): Promise<{ image: string }> {
  const ours = await kubeGet<{ spec: { template: { spec: { containers: { image: string }[] } } } }>(
    ...['deployment', OURS, '-n', SYSTEM],
  );
  return { image: ours.spec.template.spec.containers[0]?.image ?? '' };
}

function doorContent(folder: TemporaryFolder, ingress: { host: string; port: number }): object {
  const [key, chain] = ['stock.key', 'stock.crt'].map((name) => path.join(folder.path, name)) as [
    string,
    string,
  ];
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  const files = ['-keyout', key, '-out', chain, '-days', '2', '-subj', '/CN=stock'];
  execFileSync('openssl', ['req', '-x509', ...curve, ...files], { stdio: 'ignore' });
  const text = (file: string): object => ({ inline_string: readFileSync(file, 'utf8') });
  const tls_certificates = [{ certificate_chain: text(chain), private_key: text(key) }];
  const tls = typed('tls', `${TYPE}.extensions.transport_sockets.tls.v3.DownstreamTlsContext`, {
    common_tls_context: { tls_certificates },
  });
  const filter_chains = [{ transport_socket: tls, filters: [manager()] }];
  return {
    static_resources: {
      listeners: [{ name: 'stock', address: at('0.0.0.0', PORT), filter_chains }],
      clusters: [cluster('STRICT_DNS', ingress.host, ingress.port)],
    },
  };
}

const at = (address: string, port_value: number): object => ({ socket_address: { address, port_value } });
const typed = (name: string, type: string, more: object): object => ({
  name,
  typed_config: { '@type': type, ...more },
});

function manager(log?: string): object {
  const json = { path: log, log_format: { json_format: ACCESS_LOG_FORMAT } };
  const file = typed('file', `${TYPE}.extensions.access_loggers.file.v3.FileAccessLog`, json);
  return typed(
    'http',
    `${TYPE}.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager`,
    {
      stat_prefix: 'stock',
      route_config: {
        virtual_hosts: [
          {
            name: 'all',
            domains: ['*'],
            routes: [{ match: { prefix: '/' }, route: { cluster: 'next', timeout: '0s' } }],
          },
        ],
      },
      http_filters: [typed('router', `${TYPE}.extensions.filters.http.router.v3.Router`, {})],
      ...(log === undefined ? {} : { access_log: [file] }),
    },
  );
}

function cluster(type: string, address: string, port: number): object {
  const endpoints = [{ lb_endpoints: [{ endpoint: { address: at(address, port) } }] }];
  return { name: 'next', type, connect_timeout: '5s', load_assignment: { cluster_name: 'next', endpoints } };
}

/** Policies add up: who may reach Kourier besides those whom the agent's own names. */
function admission(name: string, ingress: object[]) {
  return {
    ...{ apiVersion: 'networking.k8s.io/v1', kind: 'NetworkPolicy' },
    metadata: { name, namespace: 'kourier-system', labels: { app: STOCK } },
    spec: {
      podSelector: { matchLabels: { app: '3scale-kourier-gateway' } },
      policyTypes: ['Ingress'],
      ingress,
    },
  };
}

async function apply(folder: TemporaryFolder, items: object[]): Promise<void> {
  const file = path.join(folder.path, 'objects.json');
  writeFileSync(file, JSON.stringify({ apiVersion: 'v1', kind: 'List', items }));
  await until('the API server to take it', 30_000, () => kubectl('apply', '-f', file));
}
