import { KubeConfig } from '@kubernetes/client-node';
import { Agent, request } from 'undici';
import { KubeError } from './kube.error.js';

/** How many requests one agent has open at its API server at a time; watches come on top. */
const CONNECTIONS = 16;
const HEADERS_TIMEOUT_MS = 60_000;

export interface KubeRequest {
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  path: string;
  query?: Record<string, string>;
  body?: unknown;
  contentType?: string;
  signal?: AbortSignal;
}

/** Credentials and TLS material as kubeconfig gives them for the next request. */
interface Credentials {
  headers?: Record<string, string>;
  ca?: string | Buffer;
  cert?: string | Buffer;
  key?: string | Buffer;
  servername?: string;
  rejectUnauthorized?: boolean;
}

/**
 * One cluster's API server over one pool of connections. The client library builds a pool for every single request
 * (a TLS handshake each), so only its reading of kubeconfig and credentials is used.
 */
export class KubeConnection {
  private constructor(
    private readonly config: KubeConfig,
    private readonly server: string,
    private readonly agent: Agent,
    private readonly watches: Agent,
  ) {}

  /** By a kubeconfig file, or as a pod of the cluster when none is named. */
  static async open(kubeconfig: string | undefined): Promise<KubeConnection> {
    const config = new KubeConfig();
    if (kubeconfig === undefined) config.loadFromCluster();
    else config.loadFromFile(kubeconfig);
    const cluster = config.getCurrentCluster();
    if (cluster === null) throw new Error('the kubeconfig names no current cluster');
    const { ca, cert, key, servername, rejectUnauthorized } = await credentials(config);
    const tls = Object.fromEntries(
      Object.entries({ ca, cert, key, servername, rejectUnauthorized }).filter(
        ([, value]) => value !== undefined,
      ),
    );
    const connect = { ...tls, keepAlive: true, keepAliveInitialDelay: 30_000 };
    return new KubeConnection(
      config,
      cluster.server,
      new Agent({ connect, connections: CONNECTIONS, headersTimeout: HEADERS_TIMEOUT_MS }),
      // a watch is silent for long, and holds its connection
      new Agent({ connect, headersTimeout: HEADERS_TIMEOUT_MS, bodyTimeout: 0 }),
    );
  }

  async close(): Promise<void> {
    await Promise.all([this.agent.close(), this.watches.destroy()]);
  }

  /** Resolves with the parsed answer; rejects with a KubeError for an answer that is no success. */
  async json<T>(call: KubeRequest): Promise<T> {
    return (await this.answer<T>(call)).value;
  }

  /** Like `json`, with the whole second (UTC ms) in which the server says that it answered. */
  async answer<T>(call: KubeRequest): Promise<{ value: T; saidAt: number | undefined }> {
    const { statusCode, headers, body } = await this.send(call, this.agent);
    const text = await body.text();
    if (statusCode >= 300) throw KubeError.of(statusCode, text, String(headers['retry-after'] ?? ''));
    const saidAt = Date.parse(String(headers['date'] ?? ''));
    return { value: JSON.parse(text) as T, saidAt: Number.isNaN(saidAt) ? undefined : saidAt };
  }

  /** The lines of a streamed answer as they come; ends with the stream, or when the signal aborts it. */
  async *lines(call: KubeRequest): AsyncGenerator<string> {
    const { statusCode, body } = await this.send(call, this.watches);
    if (statusCode >= 300) throw KubeError.of(statusCode, await body.text());
    let rest = '';
    for await (const chunk of body.setEncoding('utf8') as AsyncIterable<string>) {
      const lines = (rest + chunk).split('\n');
      rest = lines.pop() ?? '';
      yield* lines.filter((line) => line !== '');
    }
    if (rest !== '') yield rest;
  }

  private async send(call: KubeRequest, dispatcher: Agent): ReturnType<typeof request> {
    const { method, path, query, body, contentType = 'application/json', signal } = call;
    const { headers = {} } = await credentials(this.config);
    return request(new URL(path, this.server), {
      method,
      dispatcher,
      headers: {
        accept: 'application/json',
        ...headers,
        ...(body === undefined ? {} : { 'content-type': contentType }),
      },
      ...(query === undefined ? {} : { query }),
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      ...(signal === undefined ? {} : { signal }),
    });
  }
}

/** Asked before every request: tokens in files and of plug-ins are renewed by the library. */
async function credentials(config: KubeConfig): Promise<Credentials> {
  const options: Credentials = {};
  await config.applyToHTTPSOptions(options);
  return options;
}
