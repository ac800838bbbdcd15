import { CALLERS_FILTER, callersExtension } from '../envoy/callers.filter.js';
import type { DeltaRequest, DeltaResponse } from './delta.message.js';
import type { EnvoyTypes } from './proto.js';
import { encodeResource } from './resource.js';

interface Parts {
  types: EnvoyTypes;
  /** The keys of callers' tokens, a JSON Web Key Set; undefined before any have come. */
  callerKeys: () => string | undefined;
  send: (response: DeltaResponse) => void;
  acknowledged: (names: string[]) => void;
  refused: (names: string[], reason: string) => void;
}

/** Configuration of filters over the ADS stream: the keys of callers' tokens. */
export class ExtensionStream {
  #asked = false;
  #held: string | undefined;
  #nonce = 0;

  constructor(private readonly parts: Parts) {}

  receive(request: DeltaRequest): void {
    const { acknowledged, refused } = this.parts;
    this.#held = request.initial_resource_versions[CALLERS_FILTER] ?? this.#held;
    if (request.resource_names_subscribe.includes(CALLERS_FILTER)) this.#asked = true;
    if (request.response_nonce === String(this.#nonce)) {
      if (request.error_detail) refused([CALLERS_FILTER], request.error_detail.message);
      else acknowledged([CALLERS_FILTER]);
    }
    this.pump();
  }

  /** Sends what changed; call after the keys changed. */
  pump(): void {
    const { types, callerKeys, send } = this.parts;
    const keys = callerKeys();
    if (!this.#asked || keys === undefined) return;
    const resource = encodeResource(types, 'extension', CALLERS_FILTER, callersExtension(keys));
    if (resource.version === this.#held) return;
    this.#held = resource.version;
    send({ type: 'extension', nonce: String(++this.#nonce), resources: [resource], removed: [] });
  }
}
