import { isIP } from 'node:net';
import type { Door, Id, Protocol, RouteBackend } from '#libs/domain';
import type { Message } from './proto.js';
import { any } from './proto.js';

/** The doors of one placement as gateways dial them with one protocol: one Envoy cluster. */
export interface DoorGroup {
  /** Name of the Envoy cluster: the clusters in order of preference and the protocol. */
  name: string;
  protocol: Protocol;
  doors: { clusterId: Id<'cls'>; door: Door }[];
}

export function doorGroupOf(backend: RouteBackend): DoorGroup {
  const name = `${backend.doors.map(({ clusterId }) => clusterId).join('+')}/${backend.protocol}`;
  return { name, protocol: backend.protocol, doors: backend.doors };
}

/** Addresses come by EDS, so a moved door swaps an endpoint; a door with a DNS name has to be resolved by Envoy. */
export function usesEndpoints(group: DoorGroup): boolean {
  return group.doors.every(({ door }) => isIP(door.host) !== 0);
}

/** A gateway closes before the ingress does (Node's default is 5 s), so no request meets a closing connection. */
const IDLE_SECONDS = 4;
/** Far above what one gateway holds; limits of a tenant are not the cluster's. */
const CEILING = { value: 1_000_000 };

export function clusterMessage(group: DoorGroup): Message {
  const failover = group.doors.length > 1;
  return {
    name: group.name,
    ...(usesEndpoints(group)
      ? { type: 'EDS', eds_cluster_config: { eds_config: { ads: {}, resource_api_version: 'V3' } } }
      : { type: 'STRICT_DNS', dns_lookup_family: 'ALL', load_assignment: endpointsMessage(group) }),
    connect_timeout: { seconds: 1 },
    circuit_breakers: {
      thresholds: [
        {
          max_connections: CEILING,
          max_pending_requests: CEILING,
          max_requests: CEILING,
          max_retries: CEILING,
        },
      ],
    },
    typed_extension_protocol_options: {
      'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': any(
        'envoy.extensions.upstreams.http.v3.HttpProtocolOptions',
        protocolOptions(group.protocol),
      ),
    },
    ...(failover
      ? { health_checks: [TCP_CHECK], common_lb_config: { healthy_panic_threshold: { value: 0 } } }
      : {}),
  };
}

const TCP_CHECK = {
  timeout: { seconds: 1 },
  interval: { nanos: 500_000_000 },
  unhealthy_threshold: { value: 1 },
  healthy_threshold: { value: 1 },
  tcp_health_check: {},
};

function protocolOptions(protocol: Protocol): Message {
  const explicit =
    protocol === 'h2c'
      ? { http2_protocol_options: { allow_connect: true } }
      : { http_protocol_options: { enable_trailers: true } };
  return {
    common_http_protocol_options: { idle_timeout: { seconds: IDLE_SECONDS } },
    explicit_http_config: explicit,
  };
}

/** One priority a door, in order of preference; each endpoint says whose it is, for the usage record. */
export function endpointsMessage(group: DoorGroup): Message {
  return {
    cluster_name: group.name,
    endpoints: group.doors.map(({ clusterId, door }, priority) => ({
      priority,
      lb_endpoints: [
        {
          endpoint: { address: { socket_address: { address: door.host, port_value: door.port } } },
          metadata: { filter_metadata: { towpath: { fields: { cluster: { stringValue: clusterId } } } } },
        },
      ],
    })),
  };
}
