import { randomUUID } from 'node:crypto';
import { createHash } from 'node:crypto';
import type { OperationJson } from './faces.js';

export interface ApiAnswer<T> {
  status: number;
  headers: Headers;
  body: T;
}

/** The body of every error (RFC 9457). */
export interface Problem {
  code: string;
  status: number;
  detail?: string;
  violations?: { field: string; message: string }[];
  nextStep?: string;
  requestId?: string;
}

/** REST and GraphQL with one key; answers are given as they are, also errors. */
export class Api {
  constructor(
    readonly url: string,
    readonly key: string,
  ) {}

  async request<T = Problem>(
    method: string,
    path: string,
    body?: unknown,
    headers: Record<string, string> = {},
  ): Promise<ApiAnswer<T>> {
    const response = await fetch(`${this.url}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${this.key}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...(method === 'POST' ? { 'idempotency-key': randomUUID() } : {}),
        ...headers,
      },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    return {
      status: response.status,
      headers: response.headers,
      body: (text === '' ? {} : JSON.parse(text)) as T,
    };
  }

  /** The body of a request that must succeed. */
  async ok<T>(method: string, path: string, body?: unknown): Promise<T> {
    const answer = await this.request<T>(method, path, body);
    if (answer.status >= 300)
      throw new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
    return answer.body;
  }

  /** A change of a service, waited for until its operation ends (whatever its end). */
  async change(method: string, path: string, body?: unknown): Promise<OperationJson> {
    let operation = await this.ok<OperationJson>(method, `${path}?wait=120s`, body);
    while (operation.status === 'pending' || operation.status === 'running') {
      operation = await this.ok<OperationJson>('GET', `/v1/operations/${operation.id}`);
    }
    return operation;
  }

  async upload(
    project: string,
    archive: Buffer,
  ): Promise<ApiAnswer<{ id: string; digest: string } & Problem>> {
    const digest = createHash('sha256').update(archive).digest('base64');
    const response = await fetch(`${this.url}/v1/projects/${project}/uploads`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${this.key}`,
        'content-type': 'application/gzip',
        'content-digest': `sha-256=:${digest}:`,
        'idempotency-key': randomUUID(),
      },
      body: new Uint8Array(archive),
    });
    return {
      status: response.status,
      headers: response.headers,
      body: (await response.json()) as { id: string; digest: string } & Problem,
    };
  }

  async graphql<T>(query: string, variables: Record<string, unknown> = {}): Promise<GraphqlAnswer<T>> {
    const response = await fetch(`${this.url}/graphql`, {
      method: 'POST',
      headers: { authorization: `Bearer ${this.key}`, 'content-type': 'application/json' },
      body: JSON.stringify({ query, variables }),
    });
    return (await response.json()) as GraphqlAnswer<T>;
  }

  /** The events of an SSE address until the server ends it, or until `enough` says so. */
  async events(path: string, enough: (events: SseEvent[]) => boolean = () => false): Promise<SseAnswer> {
    const abort = new AbortController();
    const response = await fetch(`${this.url}${path}`, {
      headers: { authorization: `Bearer ${this.key}`, accept: 'text/event-stream' },
      signal: abort.signal,
    });
    const events: SseEvent[] = [];
    if (response.status !== 200 || !response.body) return { status: response.status, events };
    let rest = '';
    for await (const chunk of response.body.pipeThrough(new TextDecoderStream())) {
      const blocks = `${rest}${chunk}`.split('\n\n');
      rest = blocks.pop() ?? '';
      events.push(...blocks.map(eventOf).filter((event) => event.data !== ''));
      if (enough(events)) break;
    }
    abort.abort();
    return { status: response.status, events };
  }
}

export interface SseEvent {
  event: string;
  data: string;
}

export interface SseAnswer {
  status: number;
  events: SseEvent[];
}

export interface GraphqlAnswer<T> {
  data: T | null;
  errors?: { message: string; extensions?: { code?: string } }[];
}

function eventOf(block: string): SseEvent {
  const value = (name: string): string =>
    block
      .split('\n')
      .filter((line) => line.startsWith(`${name}:`))
      .map((line) => line.slice(name.length + 1).trim())
      .join('\n');
  return { event: value('event'), data: value('data') };
}
