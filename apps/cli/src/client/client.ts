import type { IncomingMessage } from 'node:http';
import type { Readable } from 'node:stream';
import type { StoredSession } from '../config/config.file.js';
import { CliError, interrupted } from '../exit.js';
import type { Io } from '../io.js';
import type { Progress } from '../output/progress.js';
import type { SessionTokens } from '../session/session.tokens.js';
import { withQuery, type Query } from './path.js';
import { connectionProblem, problemOf, type Where } from './problem.js';
import { ATTEMPTS, failureOf, failureOfStatus, mayRepeat, waitBefore, type Failure } from './retry.js';
import { send, textOf } from './transport.js';

const IDLE_MS = 60_000;
/** The API may be silent so long over what reads all records of a month. */
export const LONG_MS = 30 * IDLE_MS;

/** What a client needs to know of the API it speaks to. */
export interface Endpoint {
  context: string;
  /** Normal form: no trailing slash, no `/v1`. */
  url: string;
  key?: string | undefined;
  /** A signed-in person instead of a key. */
  session?: StoredSession | undefined;
}

interface Request {
  method: string;
  path: string;
  query?: Query | undefined;
  headers: Record<string, string>;
  /** Made anew for every attempt. */
  body?: (() => string | Readable) | undefined;
  idleMs?: number;
}

/** Speaks REST to one API: JSON in and out, retries with back-off, errors as CliError. */
export class Client {
  readonly where: Where;

  constructor(
    readonly endpoint: Endpoint,
    private readonly io: Io,
    private readonly progress: Progress,
    private readonly tokens?: SessionTokens,
  ) {
    const { context, url, key, session } = endpoint;
    const credential = session?.email ?? (key && `key ${key.slice(0, 8)}…`);
    this.where = { context, url, credential, email: session?.email };
  }

  get<T>(path: string, query?: Query, idleMs = IDLE_MS): Promise<T> {
    return this.json<T>({ method: 'GET', path, query, headers: {}, idleMs });
  }

  /** Carries an Idempotency-Key, the same one on every attempt. */
  post<T>(path: string, body: unknown, idleMs = IDLE_MS): Promise<T> {
    return this.json<T>({
      idleMs,
      method: 'POST',
      path,
      headers: { 'content-type': 'application/json', 'idempotency-key': this.io.newKey() },
      body: () => JSON.stringify(body),
    });
  }

  /** Not sent again once it may have arrived: what it does cannot be undone by an Idempotency-Key. */
  postOnce<T>(path: string, body: unknown): Promise<T> {
    const headers = { 'content-type': 'application/json' };
    return this.json<T>({ method: 'POST', path, headers, body: () => JSON.stringify(body) });
  }

  patch<T>(path: string, body: unknown): Promise<T> {
    const headers = { 'content-type': 'application/json' };
    return this.json<T>({ method: 'PATCH', path, headers, body: () => JSON.stringify(body) });
  }

  put<T>(path: string, body: unknown): Promise<T> {
    const headers = { 'content-type': 'application/json' };
    return this.json<T>({ method: 'PUT', path, headers, body: () => JSON.stringify(body) });
  }

  delete<T>(path: string): Promise<T> {
    return this.json<T>({ method: 'DELETE', path, headers: {} });
  }

  /** Sends a stream that can be opened again for another attempt. */
  upload<T>(path: string, headers: Record<string, string>, body: () => Readable): Promise<T> {
    const all = { ...headers, 'idempotency-key': this.io.newKey() };
    return this.json<T>({ method: 'POST', path, headers: all, body, idleMs: 5 * IDLE_MS });
  }

  /** One attempt at an event stream; the caller reconnects. Errors of the API are CliErrors, others are as thrown. */
  async events(
    path: string,
    query: Query,
    headers: Record<string, string>,
    idleMs: number,
  ): Promise<IncomingMessage> {
    const accept = { accept: 'text/event-stream', ...headers };
    const answer = await this.once({ method: 'GET', path, query, headers: accept, idleMs });
    if ((answer.statusCode ?? 0) >= 300) throw await this.problem(answer);
    return answer;
  }

  /** One attempt at a file: its bytes are the caller's to read, and end in an error when it is not whole. */
  async download(path: string, query: Query = {}, idleMs = IDLE_MS): Promise<IncomingMessage> {
    const label = `waiting for ${this.endpoint.url}`;
    const answer = await this.progress.waiting(label, () =>
      this.once({ method: 'GET', path, query, headers: {}, idleMs }),
    );
    if ((answer.statusCode ?? 0) >= 300) throw await this.problem(answer);
    return answer;
  }

  private async json<T>(request: Request): Promise<T> {
    const label = `waiting for ${this.endpoint.url}`;
    const text = await this.progress.waiting(label, () => this.repeated(request));
    return (text === '' ? undefined : JSON.parse(text)) as T;
  }

  private async repeated(request: Request): Promise<string> {
    for (let attempt = 1; ; attempt += 1) {
      const result = await this.attempt(request);
      if ('text' in result) return result.text;
      const { failure, error } = result;
      const hasKey = request.headers['idempotency-key'] !== undefined;
      if (failure === undefined || attempt === ATTEMPTS || !mayRepeat(request.method, hasKey, failure))
        throw error();
      await this.pause(attempt, failure);
    }
  }

  private async attempt(
    request: Request,
  ): Promise<{ text: string } | { failure?: Failure | undefined; error: () => Error }> {
    try {
      const answer = await this.once(request);
      const status = answer.statusCode ?? 0;
      if (status < 300) return { text: await textOf(answer) };
      const problem = await this.problem(answer);
      return { failure: failureOfStatus(status, answer.headers['retry-after']), error: () => problem };
    } catch (error) {
      if (this.io.signal.aborted) throw interrupted('Interrupted.');
      if (error instanceof CliError) return { error: () => error };
      return { failure: failureOf(error), error: () => connectionProblem(error, this.where) };
    }
  }

  private async pause(attempt: number, failure: Failure): Promise<void> {
    const why = { refused: 'does not answer', lost: 'cut the connection', busy: 'is busy' }[failure.kind];
    this.progress.note(`${this.endpoint.url} ${why}, trying again (${attempt + 1} of ${ATTEMPTS})`);
    try {
      await this.io.sleep(waitBefore(attempt, failure, this.io.random()), this.io.signal);
    } catch {
      throw interrupted('Interrupted.');
    }
  }

  /** A session whose access token is refused (a clock is wrong, or the key that signed it is gone) is renewed once. */
  private async once(request: Request): Promise<IncomingMessage> {
    const answer = await this.exchange(request, (await this.tokens?.access()) ?? this.endpoint.key);
    if (answer.statusCode !== 401 || !this.tokens) return answer;
    answer.resume();
    return this.exchange(request, await this.tokens.renew());
  }

  private exchange(request: Request, credential: string | undefined): Promise<IncomingMessage> {
    const { endpoint } = this;
    return send({
      method: request.method,
      url: withQuery(new URL(endpoint.url + request.path), request.query),
      headers: {
        accept: 'application/json',
        'user-agent': `tow/${this.io.version}`,
        ...(credential === undefined ? {} : { authorization: `Bearer ${credential}` }),
        ...request.headers,
      },
      body: request.body?.(),
      signal: this.io.signal,
      idleMs: request.idleMs ?? IDLE_MS,
    });
  }

  private async problem(answer: IncomingMessage): Promise<Error> {
    const id = answer.headers['x-request-id'];
    const text = await textOf(answer);
    return problemOf(answer.statusCode ?? 0, text, typeof id === 'string' ? id : undefined, this.where);
  }
}
