import type { Message } from '../xds/proto.js';
import { connectionManager, type ConnectionManagerOptions } from './connection-manager.js';

export interface ListenerOptions extends ConnectionManagerOptions {
  listenPort: number;
  /** The HTTPS listener's port; without one there is no such listener. */
  tlsPort?: number | undefined;
  /** Answers everything on the HTTP listener with a redirect to HTTPS. */
  redirect?: boolean;
}

const LOOPBACK = '127.0.0.1';
const HTTPS_PORT = 443;

/** Both are static: certificates, hosts and clusters come over xDS, and a changed listener would drain connections. */
export function listeners(options: ListenerOptions): Message[] {
  const { listenPort, tlsPort } = options;
  const filters = [httpFilter(connectionManager(options))];
  if (tlsPort === undefined) return [listener('gateway', listenPort, { filters })];
  const plain = options.redirect ? [httpFilter(redirecting(connectionManager(options), tlsPort))] : filters;
  return [
    listener('gateway', listenPort, { filters: plain }),
    listener('gateway-tls', tlsPort, { ...ON_DEMAND_TLS, filters }),
  ];
}

export function address(port: number): Message {
  return { socket_address: { address: LOOPBACK, port_value: port } };
}

function listener(name: string, port: number, chain: Message): Message {
  return {
    name,
    address: address(port),
    per_connection_buffer_limit_bytes: 1_048_576,
    filter_chains: [chain],
  };
}

function httpFilter(manager: Message): Message {
  return { name: 'envoy.filters.network.http_connection_manager', typed_config: manager };
}

/** The same reading and cleaning of HTTP, one route for every host; 308 keeps method and body. */
function redirecting(manager: Message, tlsPort: number): Message {
  const { scoped_routes: _hosts, ...rest } = manager;
  return {
    ...rest,
    route_config: {
      name: 'to-https',
      virtual_hosts: [
        {
          name: 'to-https',
          domains: ['*'],
          routes: [
            {
              match: { prefix: '/' },
              redirect: {
                scheme_redirect: 'https',
                port_redirect: tlsPort === HTTPS_PORT ? 0 : tlsPort,
                response_code: 'PERMANENT_REDIRECT',
              },
            },
          ],
        },
      ],
    },
  };
}

const TLS = 'type.googleapis.com/envoy.extensions.transport_sockets.tls';
/** How long a handshake waits for its certificate; without it Envoy waits for ever. */
const HANDSHAKE_LIMIT = '3s';
/** The secret a caller without SNI asks for: an IP address has no certificate. */
const NO_NAME = 'no-name';

/** The certificate is asked for by SNI, over the stream that brings the routes (docs/adr/0010-tls.md). */
const ON_DEMAND_TLS = {
  transport_socket_connect_timeout: HANDSHAKE_LIMIT,
  transport_socket: {
    name: 'envoy.transport_sockets.tls',
    typed_config: {
      '@type': `${TLS}.v3.DownstreamTlsContext`,
      // Envoy refuses certificates on demand together with resumption.
      disable_stateless_session_resumption: true,
      disable_stateful_session_resumption: true,
      common_tls_context: {
        alpn_protocols: ['h2', 'http/1.1'],
        tls_params: { tls_minimum_protocol_version: 'TLSv1_2', tls_maximum_protocol_version: 'TLSv1_3' },
        custom_tls_certificate_selector: {
          name: 'envoy.tls.certificate_selectors.on_demand_secret',
          typed_config: {
            '@type': `${TLS}.cert_selectors.on_demand_secret.v3.Config`,
            config_source: { ads: {}, resource_api_version: 'V3' },
            certificate_mapper: {
              name: 'envoy.tls.certificate_mappers.sni',
              typed_config: { '@type': `${TLS}.cert_mappers.sni.v3.SNI`, default_value: NO_NAME },
            },
          },
        },
      },
    },
  },
};
