import { REQUEST_HEADERS } from '#libs/domain';

export const DOOR_NAME = 'towpath-door';
export const DOOR_PORT = 8443;
/**
 * Where the door's pod finds its certificates and the files that tell Envoy of them. One folder, from one Secret: it is
 * swapped whole, so Envoy never reads who may come in beside the root of somebody else.
 */
export const DOOR_FOLDER = '/etc/door';

export const file = (name: string): { filename: string } => ({ filename: `${DOOR_FOLDER}/${name}` });

const type = (name: string): { '@type': string } => ({ '@type': `type.googleapis.com/${name}` });

/**
 * Envoy's whole configuration: one listener that asks for a gateway's certificate, one cluster: the ingress. It names
 * whose door it is: a door that another agent takes over starts anew, without what the former one knew.
 */
export function doorBootstrap(ingress: { host: string; port: number }, agent: string): unknown {
  return {
    node: { id: agent, cluster: DOOR_NAME },
    static_resources: { listeners: [listener()], clusters: [cluster(ingress)] },
    admin: { address: address('127.0.0.1', 9901) },
  };
}

const address = (host: string, port: number): unknown => ({
  socket_address: { address: host, port_value: port },
});

function listener(): unknown {
  return {
    name: 'door',
    address: address('0.0.0.0', DOOR_PORT),
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
        filters: [{ name: 'http', typed_config: connectionManager() }],
      },
    ],
  };
}

function cluster(ingress: { host: string; port: number }): unknown {
  const most = 100_000;
  return {
    name: 'ingress',
    type: 'STRICT_DNS',
    connect_timeout: '5s',
    // A new pod's first question may be lost: its network policies come after it. Envoy opens no port before the answer.
    typed_dns_resolver_config: {
      name: 'envoy.network.dns_resolver.cares',
      typed_config: {
        ...type('envoy.extensions.network.dns_resolver.cares.v3.CaresDnsResolverConfig'),
        query_timeout_seconds: 1,
        query_tries: 10,
        // A node keeps where it sent a port's first question, also when nobody was there: asked again from that port, it is lost as well.
        udp_max_queries: 1,
      },
    },
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
        { max_connections: most, max_pending_requests: most, max_requests: most, max_retries: 100 },
      ],
    },
    load_assignment: {
      cluster_name: 'ingress',
      endpoints: [{ lb_endpoints: [{ endpoint: { address: address(ingress.host, ingress.port) } }] }],
    },
  };
}

/** Certificates are read from files that a watched folder swaps, so a new one needs no restart. */
function sds(name: string, path: string): unknown {
  return {
    name,
    sds_config: {
      path_config_source: { path: file(path).filename, watched_directory: { path: DOOR_FOLDER } },
      resource_api_version: 'V3',
    },
  };
}

/** What a header of the answer says, where the answer has it. */
const answers = (header: string, value_match: unknown): unknown => ({
  single_predicate: {
    input: {
      name: header,
      typed_config: { ...type('envoy.type.matcher.v3.HttpResponseHeaderMatchInput'), header_name: header },
    },
    value_match,
  },
});

const SKIP = {
  name: 'skip',
  typed_config: type('envoy.extensions.filters.common.matcher.action.v3.SkipFilter'),
};

/**
 * A 404 that nobody behind the ingress gave: it knows no such host, or not yet. Kourier says of every answer of an
 * instance, or of Knative itself, how long that took; no program can take this away. Envoy's own matchers tell it: a script
 * would be run for every answer.
 */
const NO_ROUTE = {
  name: 'no-route',
  typed_config: {
    ...type('envoy.extensions.common.matching.v3.ExtensionWithMatcher'),
    extension_config: {
      name: 'say',
      typed_config: {
        ...type('envoy.extensions.filters.http.header_mutation.v3.HeaderMutation'),
        mutations: {
          response_mutations: [
            {
              append: {
                header: { key: REQUEST_HEADERS.notReached, value: 'ingress' },
                append_action: 'OVERWRITE_IF_EXISTS_OR_ADD',
              },
            },
          ],
        },
      },
    },
    xds_matcher: {
      matcher_list: {
        matchers: [
          {
            predicate: {
              or_matcher: {
                predicate: [
                  { not_matcher: answers(':status', { exact: '404' }) },
                  answers('x-envoy-upstream-service-time', { safe_regex: { google_re2: {}, regex: '.*' } }),
                ],
              },
            },
            on_match: { action: SKIP },
          },
        ],
      },
    },
  },
};

function connectionManager(): unknown {
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
      NO_ROUTE,
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
