import { isIP } from 'node:net';
import { peerName, type Door, type Id, type Protocol, type RouteBackend, type RouteDoor } from '#libs/domain';
import { healthOf, questionOf } from './door.health.js';
import type { Message } from './proto.js';
import { any } from './proto.js';

/** The doors of one placement as gateways dial them with one protocol: one Envoy cluster. */
export interface DoorGroup {
  /** Name of the Envoy cluster: the clusters in order of preference and the protocol. */
  name: string;
  protocol: Protocol;
  doors: RouteDoor[];
  /** By which name ingresses know the revision, where doors are asked how it is. */
  host?: string;
}

/**
 * All revisions behind one door share an Envoy cluster. Where there are several doors a revision has its own: which of them
 * its requests avoid depends on how it fares there, so nobody's failures move anybody else's traffic.
 */
export function doorGroupOf({ doors, protocol, revisionId, host }: RouteBackend): DoorGroup {
  const name = `${doors.map(({ clusterId }) => clusterId).join('+')}/${protocol}`;
  return doors.length > 1
    ? { name: `${revisionId}/${name}`, protocol, doors, host }
    : { name, protocol, doors };
}

/** Addresses come by EDS, so a moved door swaps an endpoint; a door with a DNS name has to be resolved by Envoy. */
export function usesEndpoints(group: DoorGroup): boolean {
  return group.doors.every(({ door }) => isIP(door.host) !== 0);
}

/** A gateway closes before the ingress does (Node's default is 5 s), so no request meets a closing connection. */
const IDLE_SECONDS = 4;
/**
 * A connection to a door of a cluster is a handshake of TLS: a thousand at once take a busy machine seconds. Where another
 * door can be asked it is given up sooner.
 */
const CONNECT_SECONDS = { choice: 1, only: 5 };
/** Far above what one gateway holds; limits of a tenant are not the cluster's. */
const CEILING = { value: 1_000_000 };

/** What a gateway knows of itself. */
export interface GatewayPlace {
  region?: string;
  /** Where Envoy finds what it shows to doors (see gatewayPeer). */
  peerFolder?: string;
}

export function clusterMessage(group: DoorGroup, place: GatewayPlace = {}): Message {
  return {
    name: group.name,
    ...(usesEndpoints(group)
      ? { type: 'EDS', eds_cluster_config: { eds_config: { ads: {}, resource_api_version: 'V3' } } }
      : {
          type: 'STRICT_DNS',
          dns_lookup_family: 'ALL',
          load_assignment: endpointsMessage(group, place.region),
        }),
    connect_timeout: { seconds: group.doors.length > 1 ? CONNECT_SECONDS.choice : CONNECT_SECONDS.only },
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
    ...(group.doors.some(({ door }) => door.secure)
      ? { transport_socket_matches: doorSockets(group, place.peerFolder ?? '') }
      : {}),
    ...(group.host === undefined ? {} : healthOf(group.protocol, questionOf(group.doors, group.host))),
  };
}

/** By whose door an endpoint is: each shows a certificate of its own name. */
function doorSockets({ doors, protocol }: DoorGroup, peerFolder: string): Message[] {
  return doors
    .filter(({ door }) => door.secure)
    .map(({ clusterId }) => ({
      name: clusterId,
      match: { fields: { cluster: { stringValue: clusterId } } },
      transport_socket: {
        name: 'tls',
        typed_config: any('envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext', {
          sni: peerName(clusterId, 'door'),
          common_tls_context: {
            alpn_protocols: [protocol === 'h2c' ? 'h2' : 'http/1.1'],
            tls_params: { tls_minimum_protocol_version: 'TLSv1_3', tls_maximum_protocol_version: 'TLSv1_3' },
            tls_certificate_sds_secret_configs: [peerSecret(peerFolder, 'certificate')],
            combined_validation_context: {
              default_validation_context: {
                match_typed_subject_alt_names: [
                  { san_type: 'DNS', matcher: { exact: peerName(clusterId, 'door') } },
                ],
              },
              validation_context_sds_secret_config: peerSecret(peerFolder, 'trust'),
            },
          },
        }),
      },
    }));
}

const peerSecret = (folder: string, name: 'certificate' | 'trust'): Message => ({
  name,
  sds_config: {
    path_config_source: { path: `${folder}/${name}.json`, watched_directory: { path: folder } },
    resource_api_version: 'V3',
  },
});

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

/** Each endpoint says whose it is, for the usage record. */
export function endpointsMessage(group: DoorGroup, region?: string): Message {
  const ranks = ranked(group.doors, region);
  return {
    cluster_name: group.name,
    endpoints: ranks.map((doors, priority) => ({ priority, lb_endpoints: doors.map(endpoint) })),
    // While one of a rank is left it takes all: the next rank is for when there is none.
    ...(group.doors.length > 1
      ? { policy: { overprovisioning_factor: { value: 100 * group.doors.length } } }
      : {}),
  };
}

/**
 * In which order doors are asked; those of one rank share the requests. First the gateway's own region, then the others,
 * last what only stands by. An older hub tells no regions: then as they are listed.
 */
export function ranked(doors: readonly RouteDoor[], own?: string): RouteDoor[][] {
  const rank = ({ region, standby }: RouteDoor, index: number): number => {
    if (standby) return doors.length + 1;
    return region === undefined ? index : Number(region !== own);
  };
  const ranks = new Map<number, RouteDoor[]>();
  doors.forEach((door, index) => {
    const at = rank(door, index);
    ranks.set(at, [...(ranks.get(at) ?? []), door]);
  });
  return [...ranks].sort(([a], [b]) => a - b).map(([, same]) => same);
}

function endpoint({ clusterId, door }: RouteDoor): Message {
  return {
    endpoint: { address: { socket_address: { address: door.host, port_value: door.port } } },
    metadata: { filter_metadata: ownerOf(clusterId, door) },
  };
}

/** For the usage record; and for the choice of the certificate, where the door shows one. */
function ownerOf(clusterId: Id<'cls'>, { secure }: Door): Message {
  const owner = { fields: { cluster: { stringValue: clusterId } } };
  return { towpath: owner, ...(secure ? { 'envoy.transport_socket_match': owner } : {}) };
}
