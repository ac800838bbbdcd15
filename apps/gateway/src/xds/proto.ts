import { createRequire } from 'node:module';
import { existsSync } from 'node:fs';
import path from 'node:path';
import protobuf from 'protobufjs';

/** A message as plain data in proto field names; durations `{seconds}`, wrappers `{value}`, enums by name. */
export type Message = Readonly<Record<string, unknown>>;

/** Envoy's message types, read once from the .proto files that @grpc/grpc-js-xds ships. */
export interface EnvoyTypes {
  encode(typeName: string, message: Message): Buffer;
  decode(typeName: string, bytes: Uint8Array): Record<string, unknown>;
}

const FILES = [
  'envoy/service/discovery/v3/discovery.proto',
  'envoy/config/cluster/v3/cluster.proto',
  'envoy/config/endpoint/v3/endpoint.proto',
  'envoy/config/route/v3/scoped_route.proto',
  'envoy/extensions/transport_sockets/tls/v3/secret.proto',
  'envoy/extensions/transport_sockets/tls/v3/tls.proto',
  'envoy/config/core/v3/extension.proto',
  'envoy/extensions/filters/http/jwt_authn/v3/config.proto',
  'envoy/extensions/filters/http/rbac/v3/rbac.proto',
  'envoy/extensions/filters/http/ext_authz/v3/ext_authz.proto',
  'envoy/extensions/filters/http/local_ratelimit/v3/local_rate_limit.proto',
  'envoy/extensions/upstreams/http/v3/http_protocol_options.proto',
  'envoy/extensions/retry/host/previous_hosts/v3/previous_hosts.proto',
  'envoy/extensions/retry/priority/previous_priorities/v3/previous_priorities_config.proto',
];

export const TYPE_URL = 'type.googleapis.com/';

/** `Any` of a message: written as a marker that `encode` packs, since protobufjs has no JSON mapping of its own. */
export function any(typeName: string, message: Message): Message {
  return { '@type': typeName, message };
}

export function loadEnvoyTypes(): EnvoyTypes {
  const require = createRequire(import.meta.url);
  const deps = path.join(path.dirname(require.resolve('@grpc/grpc-js-xds/package.json')), 'deps');
  const folders = ['envoy-api', 'xds', 'googleapis', 'protoc-gen-validate'].map((name) =>
    path.join(deps, name),
  );
  folders.push(path.dirname(require.resolve('protobufjs/package.json')));
  const root = new protobuf.Root();
  root.resolvePath = (_origin, target) =>
    folders.map((folder) => path.join(folder, target)).find((file) => existsSync(file)) ?? null;
  root.loadSync(FILES, { keepCase: true });
  const known = new Map<string, protobuf.Type>();
  const typeOf = (name: string): protobuf.Type => {
    const type = known.get(name) ?? root.lookupType(name);
    known.set(name, type);
    return type;
  };
  const encode = (name: string, message: Message): Buffer => {
    const type = typeOf(name);
    return Buffer.from(
      type.encode(type.fromObject(pack(message, encode) as Record<string, unknown>)).finish(),
    );
  };
  return {
    encode,
    decode: (name, bytes) => {
      const type = typeOf(name);
      return type.toObject(type.decode(bytes), { longs: Number, defaults: true });
    },
  };
}

/** Replaces the markers of `any` by encoded Any messages, inside out. */
function pack(value: unknown, encode: EnvoyTypes['encode']): unknown {
  if (Array.isArray(value)) return value.map((item) => pack(item, encode));
  if (value === null || typeof value !== 'object' || value instanceof Uint8Array) return value;
  const typeName = (value as Message)['@type'];
  if (typeof typeName === 'string') {
    return {
      type_url: TYPE_URL + typeName,
      value: encode(typeName, (value as { message: Message }).message),
    };
  }
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, pack(inner, encode)]));
}
