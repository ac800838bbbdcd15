import { request, type ClientRequest, type IncomingMessage, type ServerResponse } from 'node:http';
import { isRefusal, type IngressRoutes } from './ingress.routes.js';
import type { InstancePool, Waiter } from './instance.pool.js';
import { MAX_HEADER_BYTES, type Place } from './place.js';
import { CONNECTION_LOST, INSTANCE_AWAY, NOT_REACHED, refusalBody, type Refusal } from './refusal.js';
import { RequestHead, responseLines } from './request.head.js';

/** Methods that may be sent twice (RFC 9110 section 9.2.2). */
const REPEATABLE = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE', 'PUT', 'DELETE']);

/** Answers one HTTP/1.1 request, through an instance of the revision its host names. */
export function serveHttp1(routes: IngressRoutes, req: IncomingMessage, res: ServerResponse): void {
  const head = new RequestHead(req.rawHeaders);
  const found = routes.find(head.host);
  if (isRefusal(found)) return refuseHttp1(res, found);
  new Http1Exchange(routes, found.pool, head, req, res).begin();
}

/** The ingress's own answer. */
export function refuseHttp1(res: ServerResponse, refusal: Refusal): void {
  if (res.headersSent) return void res.destroy();
  const body = refusalBody(refusal);
  res.writeHead(refusal.status, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(body),
    ...(refusal.reached ? {} : { [NOT_REACHED]: '1' }),
  });
  res.end(body);
}

class Http1Exchange implements Waiter {
  deadline = 0;
  private place: Place | undefined;
  private upstream: ClientRequest | undefined;
  private repeated = false;
  private closed = false;

  constructor(
    private readonly routes: IngressRoutes,
    private readonly pool: InstancePool,
    private readonly head: RequestHead,
    private readonly req: IncomingMessage,
    private readonly res: ServerResponse,
  ) {}

  begin(): void {
    this.routes.entered();
    const close = () => this.close();
    this.res.on('close', close);
    this.res.on('error', () => undefined);
    // A pipelined answer has no socket yet, so it would not hear of its end.
    if (this.res.socket === null) this.req.socket.once('close', close);
    const place = this.pool.take();
    if (place !== undefined) return this.granted(place);
    const refusal = this.pool.wait(this);
    if (refusal !== undefined) refuseHttp1(this.res, refusal);
  }

  granted(place: Place): void {
    this.place = place;
    try {
      this.send(place);
    } catch {
      // Node checks what it sends more strictly than what it receives; such a request is refused, not ours to fix.
      refuseHttp1(this.res, CONNECTION_LOST);
    }
  }

  refused(refusal: Refusal): void {
    refuseHttp1(this.res, refusal);
  }

  private send(place: Place): void {
    const upstream = request({
      // Where one idle connection is stale, the others of that age are too.
      agent: this.repeated ? false : place.agent,
      host: '127.0.0.1',
      port: place.port,
      method: this.req.method ?? 'GET',
      path: this.req.url ?? '/',
      headers: this.head.lines,
      maxHeaderSize: MAX_HEADER_BYTES,
    });
    this.upstream = upstream;
    upstream.on('response', (answer) => this.answer(answer));
    upstream.on('error', (error) => this.failed(upstream, error));
    if (this.head.hasBody) this.req.pipe(upstream);
    else upstream.end();
  }

  private answer(answer: IncomingMessage): void {
    const { res } = this;
    res.sendDate = false;
    res.writeHead(answer.statusCode ?? 502, answer.statusMessage ?? '', responseLines(answer.rawHeaders));
    answer.on('data', (chunk: Buffer) => {
      if (!res.write(chunk)) answer.pause();
    });
    res.on('drain', () => answer.resume());
    answer.on('end', () => {
      if (answer.rawTrailers.length > 0) res.addTrailers(pairs(answer.rawTrailers));
      res.end();
    });
    answer.on('close', () => {
      if (!answer.complete) res.destroy();
    });
    // Most answers have their first bytes of body in the packet of their head; those of a stream do not.
    setImmediate(() => {
      if (!res.writableEnded && !res.destroyed) res.flushHeaders();
    });
  }

  private failed(upstream: ClientRequest, error: NodeJS.ErrnoException): void {
    if (this.res.headersSent) return void this.res.destroy();
    if (this.res.destroyed || this.place === undefined) return;
    const away = error.code === 'ECONNREFUSED';
    if (this.mayRepeat(upstream, error)) {
      this.repeated = true;
      return this.granted(this.place);
    }
    refuseHttp1(this.res, away ? INSTANCE_AWAY : CONNECTION_LOST);
  }

  /** An idle connection that the instance closed just as we used it says nothing about the instance. */
  private mayRepeat(upstream: ClientRequest, error: NodeJS.ErrnoException): boolean {
    const stale = upstream.reusedSocket && (error.code === 'ECONNRESET' || error.code === 'EPIPE');
    return stale && !this.repeated && !this.head.hasBody && REPEATABLE.has(this.req.method ?? '');
  }

  /** The answer is out or the client is gone: the place is free again. */
  private close(): void {
    if (this.closed) return;
    this.closed = true;
    const { upstream, place } = this;
    if (upstream !== undefined && !(upstream.writableFinished && this.res.writableFinished))
      upstream.destroy();
    if (place !== undefined) this.pool.release(place);
    else this.pool.leave(this);
    this.routes.left();
  }
}

function pairs(raw: readonly string[]): [string, string][] {
  const list: [string, string][] = [];
  for (let i = 0; i + 1 < raw.length; i += 2) list.push([raw[i] as string, raw[i + 1] as string]);
  return list;
}
