import { admissionCluster } from './admission.filter.js';
import type { Message } from '../xds/proto.js';
import { address, listeners, type ListenerOptions } from './listeners.js';

export interface BootstrapOptions extends ListenerOptions {
  nodeId: string;
  adminPort: number;
  xdsPort: number;
  /** The socket on which the process beside is asked whether a request is let in. */
  admissionSocket: string;
}

const MAX_CONNECTIONS = 50_000;

/** The whole static configuration of Envoy; hosts and clusters come over xDS. */
export function bootstrap(options: BootstrapOptions): Message {
  return {
    node: { id: options.nodeId, cluster: 'towpath-gateway' },
    admin: { address: address(options.adminPort) },
    dynamic_resources: {
      ads_config: {
        api_type: 'DELTA_GRPC',
        transport_api_version: 'V3',
        set_node_on_first_message_only: true,
        grpc_services: [{ envoy_grpc: { cluster_name: 'xds', retry_policy: RECONNECT } }],
      },
      cds_config: { ads: {}, resource_api_version: 'V3' },
    },
    static_resources: {
      clusters: [xdsCluster(options.xdsPort), admissionCluster(options.admissionSocket)],
      listeners: listeners(options),
    },
    cluster_manager: { enable_deferred_cluster_creation: true },
    deferred_stat_options: { enable_deferred_creation_stats: true },
    overload_manager: {
      resource_monitors: [
        {
          name: 'envoy.resource_monitors.global_downstream_max_connections',
          typed_config: {
            '@type':
              'type.googleapis.com/envoy.extensions.resource_monitors.downstream_connections.v3.DownstreamConnectionsConfig',
            max_active_downstream_connections: MAX_CONNECTIONS,
          },
        },
      ],
    },
  };
}

/** The gateway process may restart at any time; Envoy's default would leave it unconfigured for up to 30 s. */
const RECONNECT = { retry_back_off: { base_interval: '0.1s', max_interval: '1s' } };

function xdsCluster(port: number): Message {
  return {
    name: 'xds',
    type: 'STATIC',
    connect_timeout: '1s',
    typed_extension_protocol_options: {
      'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': {
        '@type': 'type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions',
        explicit_http_config: {
          http2_protocol_options: { connection_keepalive: { interval: '10s', timeout: '5s' } },
        },
      },
    },
    load_assignment: {
      cluster_name: 'xds',
      endpoints: [{ lb_endpoints: [{ endpoint: { address: address(port) } }] }],
    },
  };
}
