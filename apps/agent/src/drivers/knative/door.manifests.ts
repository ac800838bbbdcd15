import { GATEWAYS_DOMAIN, REQUEST_HEADERS } from '#libs/domain';
import type { KubeObject } from '#libs/kube';
import { SYSTEM_NAMESPACE } from './knative.names.js';

export interface DoorSettings {
  /** An image of Envoy that the cluster can pull. */
  image: string;
  /** Where the cluster's ingress listens for its own hosts, inside the cluster. */
  ingress: { host: string; port: number };
}

/** What a gateway and the door show each other, PEM. Absent: the door is open, and only a test bed may have one. */
export interface DoorCertificates {
  chain: string;
  key: string;
  /** The root that vouches for gateways. */
  root: string;
  /** Who besides gateways may come in: the cluster's own agent. */
  agent: string;
}

export const DOOR_PORT = 8443;
export const DOOR_NAME = 'towpath-door';
const labels = { app: DOOR_NAME };

/**
 * The door of a cluster: an Envoy that lets gateways in, by their certificate, and nobody else. It chooses nothing: the
 * host that the gateway set is the ingress's to route.
 */
export function doorManifests(settings: DoorSettings, certificates: DoorCertificates): KubeObject[] {
  const metadata = (name: string): KubeObject['metadata'] => ({ name, namespace: SYSTEM_NAMESPACE, labels });
  return [
    {
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { name: SYSTEM_NAMESPACE, labels: { 'pod-security.kubernetes.io/enforce': 'restricted' } },
    },
    {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: metadata(DOOR_NAME),
      data: Object.fromEntries(
        Object.entries({
          'tls.crt': certificates.chain,
          'tls.key': certificates.key,
          'ca.crt': certificates.root,
        }).map(([name, text]) => [name, Buffer.from(text).toString('base64')]),
      ),
    },
    {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: metadata(DOOR_NAME),
      data: {
        'envoy.json': JSON.stringify(doorBootstrap(settings)),
        'certificate.json': JSON.stringify(
          secretFile('door', {
            tls_certificate: { certificate_chain: file('tls.crt'), private_key: file('tls.key') },
          }),
        ),
        'gateways.json': JSON.stringify(
          secretFile('gateways', { validation_context: callers(certificates.agent) }),
        ),
      },
    },
    deployment(settings),
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: metadata(DOOR_NAME),
      spec: {
        type: 'NodePort',
        // The address of whoever knocks is worth keeping in the log.
        externalTrafficPolicy: 'Local',
        selector: labels,
        ports: [{ name: 'door', port: DOOR_PORT, targetPort: DOOR_PORT, protocol: 'TCP' }],
      },
    },
  ];
}

/** Nobody but the door (and Knative itself) reaches the ingress inside the cluster. */
export function ingressPolicy(): KubeObject {
  const from = (namespace: string, podLabels?: Record<string, string>): unknown => ({
    namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': namespace } },
    ...(podLabels === undefined ? {} : { podSelector: { matchLabels: podLabels } }),
  });
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: { name: DOOR_NAME, namespace: 'kourier-system', labels },
    spec: {
      podSelector: { matchLabels: { app: '3scale-kourier-gateway' } },
      policyTypes: ['Ingress'],
      ingress: [
        {
          from: [from(SYSTEM_NAMESPACE, labels)],
          ports: [8080, 8081].map((port) => ({ protocol: 'TCP', port })),
        },
        // its controller probes that a route is in force
        { from: [from('knative-serving')] },
      ],
    },
  };
}

const CERTIFICATES = '/etc/door/certificates';
const CONFIGURATION = '/etc/door/configuration';
const file = (name: string): unknown => ({ filename: `${CERTIFICATES}/${name}` });

/** Gateways, and the one agent: an agent of another cluster has a certificate of the same root. */
function callers(agent: string): unknown {
  const named = (matcher: unknown): unknown => ({ san_type: 'DNS', matcher });
  return {
    trusted_ca: file('ca.crt'),
    match_typed_subject_alt_names: [
      named({ safe_regex: { regex: `gw-[a-z0-9]+\\.${GATEWAYS_DOMAIN.replaceAll('.', '\\.')}` } }),
      named({ exact: agent }),
    ],
  };
}

/** Certificates are read from files that a watched folder swaps, so a new one needs no restart. */
function secretFile(name: string, secret: Record<string, unknown>): unknown {
  return {
    resources: [
      { '@type': 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.Secret', name, ...secret },
    ],
  };
}

function sds(name: string, path: string): unknown {
  return {
    name,
    sds_config: {
      path_config_source: { path: `${CONFIGURATION}/${path}`, watched_directory: { path: CERTIFICATES } },
      resource_api_version: 'V3',
    },
  };
}

function doorBootstrap({ ingress }: DoorSettings): unknown {
  const type = (name: string): { '@type': string } => ({ '@type': `type.googleapis.com/${name}` });
  return {
    node: { id: DOOR_NAME, cluster: DOOR_NAME },
    static_resources: {
      listeners: [
        {
          name: 'door',
          address: { socket_address: { address: '0.0.0.0', port_value: DOOR_PORT } },
          filter_chains: [
            {
              transport_socket: {
                name: 'tls',
                typed_config: {
                  ...type('envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext'),
                  require_client_certificate: true,
                  common_tls_context: {
                    alpn_protocols: ['h2', 'http/1.1'],
                    tls_params: { tls_minimum_protocol_version: 'TLSv1_3' },
                    tls_certificate_sds_secret_configs: [sds('door', 'certificate.json')],
                    validation_context_sds_secret_config: sds('gateways', 'gateways.json'),
                  },
                },
              },
              filters: [{ name: 'http', typed_config: connectionManager(type) }],
            },
          ],
        },
      ],
      clusters: [
        {
          name: 'ingress',
          type: 'STRICT_DNS',
          connect_timeout: '5s',
          typed_extension_protocol_options: {
            'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': {
              ...type('envoy.extensions.upstreams.http.v3.HttpProtocolOptions'),
              use_downstream_protocol_config: {
                http_protocol_options: { enable_trailers: true },
                http2_protocol_options: {},
              },
            },
          },
          circuit_breakers: {
            thresholds: [
              {
                max_connections: 100_000,
                max_pending_requests: 100_000,
                max_requests: 100_000,
                max_retries: 100,
              },
            ],
          },
          load_assignment: {
            cluster_name: 'ingress',
            endpoints: [
              {
                lb_endpoints: [
                  {
                    endpoint: {
                      address: { socket_address: { address: ingress.host, port_value: ingress.port } },
                    },
                  },
                ],
              },
            ],
          },
        },
      ],
    },
    admin: { address: { socket_address: { address: '127.0.0.1', port_value: 9901 } } },
  };
}

function connectionManager(type: (name: string) => { '@type': string }): unknown {
  return {
    ...type('envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager'),
    stat_prefix: 'door',
    http_protocol_options: { enable_trailers: true },
    // The gateway decides about both; a second opinion here would only differ.
    normalize_path: false,
    generate_request_id: false,
    use_remote_address: false,
    xff_num_trusted_hops: 1,
    skip_xff_append: true,
    upgrade_configs: [{ upgrade_type: 'websocket' }],
    stream_idle_timeout: '0s',
    route_config: {
      name: 'door',
      virtual_hosts: [
        {
          name: 'ingress',
          domains: ['*'],
          routes: [{ match: { prefix: '/' }, route: { cluster: 'ingress', timeout: '0s' } }],
        },
      ],
      // What the ingress or an instance says of it is not the door's word.
      response_headers_to_remove: [REQUEST_HEADERS.notReached],
    },
    http_filters: [
      {
        name: 'router',
        typed_config: {
          ...type('envoy.extensions.filters.http.router.v3.Router'),
          suppress_envoy_headers: true,
        },
      },
    ],
    local_reply_config: {
      mappers: [
        {
          filter: {
            status_code_filter: {
              comparison: { op: 'GE', value: { default_value: 400, runtime_key: 'door' } },
            },
          },
          headers_to_add: [{ header: { key: REQUEST_HEADERS.notReached, value: 'door' } }],
        },
      ],
    },
  };
}

function deployment({ image }: DoorSettings): KubeObject {
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: DOOR_NAME, namespace: SYSTEM_NAMESPACE, labels },
    spec: {
      replicas: 1,
      selector: { matchLabels: labels },
      template: {
        metadata: { labels },
        spec: {
          automountServiceAccountToken: false,
          enableServiceLinks: false,
          tolerations: [{ key: 'nvidia.com/gpu', operator: 'Exists' }],
          containers: [
            {
              name: 'envoy',
              image,
              args: ['-c', `${CONFIGURATION}/envoy.json`, '--concurrency', '1', '--log-level', 'warning'],
              ports: [{ name: 'door', containerPort: DOOR_PORT, protocol: 'TCP' }],
              readinessProbe: { tcpSocket: { port: DOOR_PORT }, periodSeconds: 1 },
              resources: { requests: { cpu: '50m', memory: '64Mi' }, limits: { memory: '512Mi' } },
              securityContext: {
                runAsNonRoot: true,
                runAsUser: 65_532,
                allowPrivilegeEscalation: false,
                capabilities: { drop: ['ALL'] },
                seccompProfile: { type: 'RuntimeDefault' },
              },
              volumeMounts: [
                { name: 'certificates', mountPath: CERTIFICATES, readOnly: true },
                { name: 'configuration', mountPath: CONFIGURATION, readOnly: true },
              ],
            },
          ],
          volumes: [
            { name: 'certificates', secret: { secretName: DOOR_NAME } },
            { name: 'configuration', configMap: { name: DOOR_NAME } },
          ],
        },
      },
    },
  };
}
