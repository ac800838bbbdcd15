import type { EnvoyTypes } from './proto.js';
import { TYPE_URL } from './proto.js';
import { PROTO_NAMES } from './resource.js';
import type { EncodedResource, PushedType } from './resource.js';

/** What Envoy says on the stream, as far as it matters here. */
export interface DeltaRequest {
  type_url: string;
  resource_names_subscribe: string[];
  resource_names_unsubscribe: string[];
  initial_resource_versions: Record<string, string>;
  response_nonce: string;
  error_detail?: { message: string } | null;
}

export interface DeltaResponse<T extends PushedType = PushedType> {
  type: T;
  nonce: string;
  resources: EncodedResource[];
  removed: string[];
}

/** Tag of field 2 (`resources`), length-delimited. */
const RESOURCES_TAG = 0x12;

export function decodeDeltaRequest(types: EnvoyTypes, bytes: Uint8Array): DeltaRequest {
  return types.decode('envoy.service.discovery.v3.DeltaDiscoveryRequest', bytes) as unknown as DeltaRequest;
}

/** The fields but the resources by protobufjs; these are encoded already and only put behind. */
export function encodeDeltaResponse(
  types: EnvoyTypes,
  { type, nonce, resources, removed }: DeltaResponse,
): Buffer {
  const head = types.encode('envoy.service.discovery.v3.DeltaDiscoveryResponse', {
    type_url: TYPE_URL + PROTO_NAMES[type],
    nonce,
    removed_resources: removed,
  });
  const parts = resources.flatMap(({ encoded }) => [
    Buffer.from([RESOURCES_TAG, ...varint(encoded.length)]),
    Buffer.from(encoded, 'latin1'),
  ]);
  return Buffer.concat([head, ...parts]);
}

function varint(value: number): number[] {
  const digits: number[] = [];
  let rest = value;
  while (rest > 0x7f) {
    digits.push((rest & 0x7f) | 0x80);
    rest >>>= 7;
  }
  return [...digits, rest];
}
