import { createHash } from 'node:crypto';
import type { EnvoyTypes, Message } from './proto.js';
import { TYPE_URL } from './proto.js';

/** What Envoy is fed, in the order in which it must learn it. */
export const RESOURCE_TYPES = ['cluster', 'endpoints', 'scope'] as const;
export type ResourceType = (typeof RESOURCE_TYPES)[number];
/** Secrets and filters' extensions are answered on demand, in no order with the rest. */
export type PushedType = ResourceType | 'secret' | 'extension';

export const PROTO_NAMES: Record<PushedType, string> = {
  cluster: 'envoy.config.cluster.v3.Cluster',
  endpoints: 'envoy.config.endpoint.v3.ClusterLoadAssignment',
  scope: 'envoy.config.route.v3.ScopedRouteConfiguration',
  secret: 'envoy.extensions.transport_sockets.tls.v3.Secret',
  extension: 'envoy.config.core.v3.TypedExtensionConfig',
};

export function typeOfUrl(url: string): ResourceType | undefined {
  return RESOURCE_TYPES.find((type) => TYPE_URL + PROTO_NAMES[type] === url);
}

/** A resource ready to be sent: encoded once, and versioned by its content, so equal content is equal to Envoy too. */
export interface EncodedResource {
  name: string;
  version: string;
  /**
   * `envoy.service.discovery.v3.Resource`, encoded, a character a byte: there is one for each host, and a small Buffer keeps
   * all of the pool alive that it was cut from.
   */
  encoded: string;
}

const VERSION_LENGTH = 16;

/** Equal content has an equal version. */
export function contentVersion(content: Uint8Array | string): string {
  return createHash('sha256').update(content).digest('hex').slice(0, VERSION_LENGTH);
}

export function encodeResource(
  types: EnvoyTypes,
  type: PushedType,
  name: string,
  message: Message,
  knownVersion?: string,
): EncodedResource {
  const value = types.encode(PROTO_NAMES[type], message);
  const version = knownVersion ?? contentVersion(value);
  const resource = { type_url: TYPE_URL + PROTO_NAMES[type], value };
  return {
    name,
    version,
    encoded: types
      .encode('envoy.service.discovery.v3.Resource', { name, version, resource })
      .toString('latin1'),
  };
}
