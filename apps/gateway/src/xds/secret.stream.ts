import type { Certificate } from '../tls/certificate.js';
import type { DeltaRequest, DeltaResponse } from './delta.message.js';
import type { EnvoyTypes, Message } from './proto.js';
import { encodeResource } from './resource.js';

/** Where certificates come from: one that covers the name, `coming` when it is being made, undefined when none will be. */
export type CertificateSource = (name: string) => Certificate | 'coming' | undefined;

interface Parts {
  types: EnvoyTypes;
  source: CertificateSource;
  send: (response: DeltaResponse) => void;
  acknowledged: (names: string[]) => void;
  refused: (names: string[], reason: string) => void;
}

/**
 * Envoy keeps about 27 KB for each name it holds a certificate of, and never forgets one by itself. The name that came
 * first goes; its next handshake asks again, which costs about 2 ms.
 */
const MAX_NAMES = 4_096;

/**
 * Certificates on demand over the ADS stream: Envoy asks by SNI at the first handshake of a name and waits for the
 * answer. A name without a certificate is answered "removed", which refuses the handshake at once and is remembered
 * nowhere, so a flood of unknown names leaves nothing behind.
 */
export class SecretStream {
  /** Names Envoy waits for or holds, oldest first, each with the version it holds. */
  readonly #held = new Map<string, string | undefined>();
  readonly #onItsWay = new Map<string, string[]>();
  #nonce = 0;

  constructor(
    private readonly parts: Parts,
    private readonly maxNames = MAX_NAMES,
  ) {}

  /** How many names Envoy waits for or holds. */
  get size(): number {
    return this.#held.size;
  }

  receive(request: DeltaRequest): void {
    for (const [name, version] of Object.entries(request.initial_resource_versions))
      this.#held.set(name, version);
    for (const name of request.resource_names_unsubscribe) this.#held.delete(name);
    const asked = request.resource_names_subscribe.filter(
      (name) => name !== '*' && !(name in request.initial_resource_versions),
    );
    for (const name of asked) this.#held.set(name, undefined);
    this.#settle(request);
    this.#answer([...asked, ...Object.keys(request.initial_resource_versions)], this.#tooMany());
  }

  /** Sends what changed; call after the certificates changed. */
  pump(): void {
    this.#answer([...this.#held.keys()], []);
  }

  #settle({ response_nonce, error_detail }: DeltaRequest): void {
    const names = this.#onItsWay.get(response_nonce);
    if (!names) return;
    this.#onItsWay.delete(response_nonce);
    // What was refused is not sent again until it changes; Envoy goes on with the former certificate.
    if (error_detail) this.parts.refused(names, error_detail.message);
    else this.parts.acknowledged(names);
  }

  #tooMany(): string[] {
    const names = [...this.#held.keys()].slice(0, Math.max(0, this.#held.size - this.maxNames));
    for (const name of names) this.#held.delete(name);
    return names;
  }

  #answer(names: string[], evicted: string[]): void {
    const removed = [...evicted];
    const resources = names.flatMap((name) => {
      const certificate = this.#held.has(name) ? this.parts.source(name) : 'coming';
      if (certificate === 'coming') return [];
      if (certificate === undefined) {
        this.#held.delete(name);
        removed.push(name);
        return [];
      }
      const { version } = certificate;
      if (version === this.#held.get(name)) return [];
      this.#held.set(name, version);
      return [encodeResource(this.parts.types, 'secret', name, secretMessage(name, certificate), version)];
    });
    if (resources.length + removed.length === 0) return;
    const nonce = String(++this.#nonce);
    this.#onItsWay.set(nonce, [...resources.map(({ name }) => name), ...removed]);
    this.parts.send({ type: 'secret', nonce, resources, removed });
  }
}

function secretMessage(name: string, { chain, key }: Certificate): Message {
  return {
    name,
    tls_certificate: {
      certificate_chain: { inline_bytes: Buffer.from(chain) },
      private_key: { inline_bytes: Buffer.from(key) },
    },
  };
}
