import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { createLogger, systemClock } from '#libs/process';
import { freePorts, startEnvoy, until, type TestEnvoy } from '#libs/testing';
import { testBackend, testRoute } from '../apps/gateway/src/testing/routes.js';
import { ACCESS_LOG_FORMAT } from '../apps/gateway/src/envoy/access-log.format.js';
import { admissionSocketOf } from '../apps/gateway/src/admission/admission.server.js';
import { bootstrap } from '../apps/gateway/src/envoy/bootstrap.js';
import { DesiredState } from '../apps/gateway/src/xds/desired-state.js';
import { loadEnvoyTypes } from '../apps/gateway/src/xds/proto.js';
import { XdsServer } from '../apps/gateway/src/xds/xds.server.js';

const TYPE = 'type.googleapis.com/';

/** An Envoy that serves. */
export interface Edge {
  port: number;
  pid: number;
  /** Other processes on the way of its requests that are measured with it. */
  behind?: readonly number[];
  stop(): Promise<void>;
}

export const hostsOf = (count: number): string[] =>
  Array.from({ length: count }, (_one, index) => `hello${index}--p.bench`);

/** Of a cap: far from it hosts have this permit, near it nothing is let in without a question (0). */
export interface CappedHosts {
  permit: number;
}

/** The door that stands before every upstream. */
export const DOOR_OF = 'cls_00000000000000000001';

/**
 * Our gateway's Envoy with its full chain, fed over ADS with so many hosts, each split 90/10. One worker. With a `peerFolder`
 * the upstream is the door of a Knative cluster, to which the gateway shows what is in that folder.
 */
export async function startOurs(
  folder: string,
  hosts: string[],
  upstream: number,
  { cap, peerFolder }: { cap?: CappedHosts | undefined; peerFolder?: string } = {},
): Promise<Edge> {
  const [listenPort, adminPort] = (await freePorts(2)) as [number, number];
  const types = loadEnvoyTypes();
  const desired = new DesiredState(types, systemClock, peerFolder === undefined ? {} : { peerFolder });
  const secure = peerFolder === undefined ? {} : { secure: true as const };
  const doors = [{ clusterId: DOOR_OF, door: { host: '127.0.0.1', port: upstream, ...secure } }] as const;
  for (const host of hosts) {
    if (cap) desired.permit(host, { id: 'bench', requests: cap.permit });
    const backends = [testBackend(1, 90, { doors: [...doors] }), testBackend(2, 10, { doors: [...doors] })];
    desired.apply(testRoute(host, 1, backends, cap ? { capped: true } : {}));
  }
  const quiet = { connected: () => undefined, opened: () => undefined, acknowledged: () => undefined };
  const observer = {
    ...quiet,
    refused: (type: string, names: string[], reason: string) => fail(type, names, reason),
  };
  const logger = createLogger('bench', 'silent');
  const certificates = () => undefined;
  const callerKeys = () => undefined;
  const xds = new XdsServer({
    types,
    desired,
    certificates,
    callerKeys,
    observer,
    clock: systemClock,
    logger,
  });
  const xdsPort = await xds.listen(0);
  const accessLog = path.join(folder, 'envoy.log');
  const content = bootstrap({
    nodeId: 'bench',
    listenPort,
    adminPort,
    xdsPort,
    admissionSocket: admissionSocketOf(folder),
    accessLog,
    reportSeconds: 10,
  });
  const envoy = await boot(folder, content, adminPort);
  await until(() => xds.view.missing('scope').length === 0, {
    what: 'all hosts in Envoy',
    deadlineMs: 30_000,
  });
  const stop = async (): Promise<void> => {
    await envoy.stop();
    xds.stop();
  };
  return { port: listenPort, pid: envoy.pid, stop };
}

/** Envoy as its documentation starts one: static hosts and cluster, nothing else; with our log, or without any. */
export async function startStock(
  folder: string,
  hosts: string[],
  upstream: number,
  log: boolean,
  tls: StockTls = {},
): Promise<Edge> {
  const [listenPort, adminPort] = (await freePorts(2)) as [number, number];
  const envoy = await boot(
    folder,
    stockBootstrap({ folder, hosts, upstream, log, tls, listenPort, adminPort }),
    adminPort,
  );
  return { port: listenPort, pid: envoy.pid, stop: () => envoy.stop() };
}

/** Where a stock Envoy speaks TLS: with this certificate to who asks it, and to its upstream. */
export interface StockTls {
  shows?: { chain: string; key: string };
  toUpstream?: true;
}

interface Stock {
  folder: string;
  hosts: string[];
  upstream: number;
  log: boolean;
  tls: StockTls;
  listenPort: number;
  adminPort: number;
}

function stockBootstrap(stock: Stock): object {
  // The same log has the same ids in its lines.
  const ids = {
    ids: 'org_00000000000000000001 prj_00000000000000000001 svc_00000000000000000001',
  };
  const route = { match: { prefix: '/' }, route: { cluster: 'upstream' }, metadata: metadata(ids) };
  const manager = {
    '@type': `${TYPE}envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager`,
    stat_prefix: 'stock',
    route_config: {
      virtual_hosts: stock.hosts.map((host) => ({ name: host, domains: [host], routes: [route] })),
    },
    http_filters: [
      {
        name: 'envoy.filters.http.router',
        typed_config: { '@type': `${TYPE}envoy.extensions.filters.http.router.v3.Router` },
      },
    ],
    access_log: stock.log ? [fileLog(path.join(stock.folder, 'envoy.log'))] : [],
  };
  const filter = { name: 'envoy.filters.network.http_connection_manager', typed_config: manager };
  return {
    admin: { address: loopback(stock.adminPort) },
    static_resources: {
      listeners: [
        {
          name: 'stock',
          address: loopback(stock.listenPort),
          filter_chains: [{ filters: [filter], ...shownBy(stock.tls) }],
        },
      ],
      clusters: [
        {
          name: 'upstream',
          type: 'STATIC',
          ...(stock.tls.toUpstream ? { transport_socket: tlsSocket('Upstream', {}) } : {}),
          load_assignment: {
            cluster_name: 'upstream',
            endpoints: [
              {
                lb_endpoints: [
                  {
                    endpoint: { address: loopback(stock.upstream) },
                    metadata: metadata({ cluster: 'cls_00000000000000000001' }),
                  },
                ],
              },
            ],
          },
        },
      ],
    },
  };
}

function shownBy({ shows }: StockTls): object {
  if (shows === undefined) return {};
  const [certificate_chain, private_key] = [shows.chain, shows.key].map((text) => ({ inline_string: text }));
  const common_tls_context = { tls_certificates: [{ certificate_chain, private_key }] };
  return { transport_socket: tlsSocket('Downstream', { common_tls_context }) };
}

function tlsSocket(side: 'Upstream' | 'Downstream', more: object): object {
  const type = `${TYPE}envoy.extensions.transport_sockets.tls.v3.${side}TlsContext`;
  return { name: 'tls', typed_config: { '@type': type, ...more } };
}

function metadata(ids: Record<string, string>): object {
  return { filter_metadata: { towpath: ids } };
}

function fileLog(file: string): object {
  return {
    name: 'envoy.access_loggers.file',
    typed_config: {
      '@type': `${TYPE}envoy.extensions.access_loggers.file.v3.FileAccessLog`,
      path: file,
      log_format: { json_format: ACCESS_LOG_FORMAT },
    },
  };
}

function loopback(port: number): object {
  return { socket_address: { address: '127.0.0.1', port_value: port } };
}

/** One worker with that configuration; resolves once it serves. */
export async function boot(folder: string, content: object, adminPort: number): Promise<TestEnvoy> {
  mkdirSync(folder, { recursive: true });
  const file = path.join(folder, 'envoy.json');
  writeFileSync(file, JSON.stringify(content));
  const envoy = startEnvoy({ bootstrap: file, adminPort, concurrency: 1 });
  await envoy.ready();
  return envoy;
}

function fail(type: string, names: string[], reason: string): never {
  throw new Error(`Envoy refused ${type} ${names.slice(0, 3).join(', ')}: ${reason}`);
}
