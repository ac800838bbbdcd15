import { Server, ServerCredentials } from '@grpc/grpc-js';
import type { ServerDuplexStream, ServiceDefinition } from '@grpc/grpc-js';
import type { Clock } from '#libs/domain';
import type { Logger } from '#libs/process';
import { decodeDeltaRequest, encodeDeltaResponse } from './delta.message.js';
import type { DeltaRequest } from './delta.message.js';
import { DeltaStream } from './delta.stream.js';
import type { DesiredState } from './desired-state.js';
import { EnvoyView } from './envoy-view.js';
import type { EnvoyTypes } from './proto.js';
import { RefusedResources } from './refused.js';
import { TYPE_URL } from './proto.js';
import { PROTO_NAMES } from './resource.js';
import type { PushedType, ResourceType } from './resource.js';
import { ExtensionStream } from './extension.stream.js';
import { SecretStream } from './secret.stream.js';
import type { CertificateSource } from './secret.stream.js';

/** Told to whoever reports on Envoy. */
export interface XdsObserver {
  connected(is: boolean): void;
  opened(type: ResourceType): void;
  acknowledged(type: PushedType, names: string[]): void;
  refused(type: PushedType, names: string[], reason: string): void;
}

interface Options {
  types: EnvoyTypes;
  desired: DesiredState;
  certificates: CertificateSource;
  /** The keys of callers' tokens, a JSON Web Key Set; undefined before any have come. */
  callerKeys: () => string | undefined;
  observer: XdsObserver;
  clock: Clock;
  logger: Logger;
}

type Call = ServerDuplexStream<DeltaRequest, Buffer>;

/** The delta ADS server of the one Envoy beside this process. */
export class XdsServer {
  readonly view: EnvoyView;
  readonly #refused: RefusedResources;
  readonly #server = new Server({
    'grpc.max_receive_message_length': -1,
    'grpc.max_send_message_length': -1,
  });
  /** The next look that is worth it without a change. */
  #next: { at: number; timer: NodeJS.Timeout } | undefined;
  #current:
    { call: Call; stream: DeltaStream; secrets: SecretStream; extensions: ExtensionStream } | undefined;

  constructor(private readonly options: Options) {
    this.#refused = new RefusedResources(options.clock);
    this.view = new EnvoyView(options.desired, this.#refused);
    this.#server.addService(definition(options.types), {
      DeltaAggregatedResources: (call: Call) => this.#accept(call),
    });
  }

  /** Listens on 127.0.0.1; returns the port. */
  listen(port: number): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#server.bindAsync(`127.0.0.1:${port}`, ServerCredentials.createInsecure(), (error, bound) => {
        if (error) reject(error);
        else resolve(bound);
      });
    });
  }

  /** Call after the desired state changed. */
  changed(): void {
    const wait = this.options.desired.sweep();
    if (wait !== undefined) this.#later(wait);
    this.#current?.stream.pump();
  }

  /** Call after certificates came or changed. */
  certificatesChanged(): void {
    this.#current?.secrets.pump();
  }

  /** Call after the keys of callers' tokens changed. */
  callerKeysChanged(): void {
    this.#current?.extensions.pump();
  }

  stop(): void {
    clearTimeout(this.#next?.timer);
    this.#server.forceShutdown();
  }

  #later(ms: number): void {
    const at = this.options.clock.now() + ms;
    if (this.#next && this.#next.at <= at) return;
    clearTimeout(this.#next?.timer);
    const timer = setTimeout(() => {
      this.#next = undefined;
      this.changed();
    }, ms);
    this.#next = { at, timer };
  }

  #secrets(call: Call): SecretStream {
    const { types, certificates: source, observer } = this.options;
    return new SecretStream({
      types,
      source,
      send: (response) => call.write(encodeDeltaResponse(types, response)),
      acknowledged: (names) => observer.acknowledged('secret', names),
      refused: (names, reason) => observer.refused('secret', names, reason),
    });
  }

  #extensions(call: Call): ExtensionStream {
    const { types, callerKeys, observer } = this.options;
    return new ExtensionStream({
      types,
      callerKeys,
      send: (response) => call.write(encodeDeltaResponse(types, response)),
      acknowledged: (names) => observer.acknowledged('extension', names),
      refused: (names, reason) => observer.refused('extension', names, reason),
    });
  }

  #accept(call: Call): void {
    const { desired, observer, types, logger } = this.options;
    // An Envoy that reconnects may be faster than the news that its old connection broke.
    this.#current?.call.end();
    const stream = new DeltaStream({
      desired,
      view: this.view,
      refused: this.#refused,
      events: {
        send: (response) => call.write(encodeDeltaResponse(types, response)),
        opened: (type) => observer.opened(type),
        acknowledged: (type, names) => observer.acknowledged(type, names),
        refused: (type, names, reason) => observer.refused(type, names, reason),
        later: (ms) => this.#later(ms),
      },
    });
    const secrets = this.#secrets(call);
    const extensions = this.#extensions(call);
    this.#current = { call, stream, secrets, extensions };
    observer.connected(true);
    const end = (): void => {
      if (this.#current?.call !== call) return;
      this.#current = undefined;
      observer.connected(false);
    };
    call.on('data', (request: DeltaRequest) => {
      if (this.#current?.call !== call) return;
      if (request.type_url === SECRET_URL) secrets.receive(request);
      else if (request.type_url === EXTENSION_URL) extensions.receive(request);
      else stream.receive(request);
    });
    call.on('error', (error) => logger.debug({ err: error }, 'xDS stream broke'));
    call.on('end', () => call.end());
    call.on('close', end);
    call.on('cancelled', end);
  }
}

const SECRET_URL = TYPE_URL + PROTO_NAMES.secret;
const EXTENSION_URL = TYPE_URL + PROTO_NAMES.extension;

function definition(types: EnvoyTypes): ServiceDefinition {
  return {
    DeltaAggregatedResources: {
      path: '/envoy.service.discovery.v3.AggregatedDiscoveryService/DeltaAggregatedResources',
      requestStream: true,
      responseStream: true,
      requestDeserialize: (bytes: Buffer) => decodeDeltaRequest(types, bytes),
      responseSerialize: (bytes: Buffer) => bytes,
      requestSerialize: (bytes: Buffer) => bytes,
      responseDeserialize: (bytes: Buffer) => bytes,
    },
  };
}
