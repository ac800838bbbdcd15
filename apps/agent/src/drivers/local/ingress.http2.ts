import {
  constants,
  type ClientHttp2Stream,
  type Http2Stream,
  type IncomingHttpHeaders,
  type IncomingHttpStatusHeader,
  type ServerHttp2Stream,
} from 'node:http2';
import { isRefusal, type IngressRoutes } from './ingress.routes.js';
import type { InstancePool, Waiter } from './instance.pool.js';
import type { Place } from './place.js';
import {
  CONNECTION_LOST,
  INSTANCE_AWAY,
  NOT_REACHED,
  refusalBody,
  WRONG_PROTOCOL,
  type Refusal,
} from './refusal.js';

type Headers = IncomingHttpHeaders & IncomingHttpStatusHeader;

/** Answers one HTTP/2 request (gRPC too): body, trailers and resets go both ways as they come. */
export function serveHttp2(
  routes: IngressRoutes,
  stream: ServerHttp2Stream,
  headers: IncomingHttpHeaders,
  ended: boolean,
): void {
  stream.on('error', () => undefined);
  const found = routes.find(headers[':authority'] ?? headers.host);
  if (isRefusal(found)) return refuseHttp2(stream, found);
  if (found.protocol !== 'h2c') return refuseHttp2(stream, WRONG_PROTOCOL);
  new Http2Exchange(routes, found.pool, stream, headers, ended).begin();
}

function refuseHttp2(stream: ServerHttp2Stream, refusal: Refusal): void {
  if (stream.destroyed || stream.closed) return;
  if (stream.headersSent) return stream.close(constants.NGHTTP2_INTERNAL_ERROR);
  stream.respond({
    ':status': refusal.status,
    'content-type': 'application/json',
    ...(refusal.reached ? {} : { [NOT_REACHED]: '1' }),
  });
  stream.end(refusalBody(refusal));
  // What is still to come of the request's body is not wanted.
  stream.resume();
}

class Http2Exchange implements Waiter {
  deadline = 0;
  private place: Place | undefined;
  private upstream: ClientHttp2Stream | undefined;
  private wasRefused = false;

  constructor(
    private readonly routes: IngressRoutes,
    private readonly pool: InstancePool,
    private readonly stream: ServerHttp2Stream,
    private readonly headers: IncomingHttpHeaders,
    private readonly ended: boolean,
  ) {}

  begin(): void {
    this.routes.entered();
    this.stream.on('close', () => this.close());
    const place = this.pool.take();
    if (place !== undefined) return this.granted(place);
    const refusal = this.pool.wait(this);
    if (refusal !== undefined) this.refused(refusal);
  }

  granted(place: Place): void {
    this.place = place;
    try {
      this.send(place);
    } catch {
      this.refused(CONNECTION_LOST);
    }
  }

  refused(refusal: Refusal): void {
    this.wasRefused = true;
    refuseHttp2(this.stream, refusal);
  }

  private send(place: Place): void {
    const upstream = place
      .http2()
      .request(this.headers, { endStream: this.ended, waitForTrailers: !this.ended });
    this.upstream = upstream;
    upstream.on('response', (headers, flags) => this.answer(upstream, headers, flags));
    upstream.on('error', (error: NodeJS.ErrnoException) => this.failed(error));
    upstream.on('close', () => this.instanceEnded(upstream.rstCode));
    if (!this.ended) flow(this.stream, upstream);
  }

  private answer(upstream: ClientHttp2Stream, headers: Headers, flags: number): void {
    const { stream } = this;
    if (stream.destroyed || stream.closed) return;
    delete headers[NOT_REACHED];
    // An answer without a body, e.g. gRPC's error that is only trailers, stays one frame.
    const endStream = (flags & constants.NGHTTP2_FLAG_END_STREAM) !== 0;
    stream.respond(headers, { endStream, waitForTrailers: !endStream });
    if (endStream) return void upstream.resume();
    flow(upstream, stream);
  }

  private failed(error: NodeJS.ErrnoException): void {
    // A reset by the instance: `ended` hands it on.
    if (error.code === 'ERR_HTTP2_STREAM_ERROR') return;
    this.refused(causeOf(error) === 'ECONNREFUSED' ? INSTANCE_AWAY : CONNECTION_LOST);
  }

  /** The instance's stream is over; a reset goes on to the client with the same code. */
  private instanceEnded(code: number | undefined): void {
    const { stream } = this;
    if (!this.wasRefused && code !== undefined && code !== constants.NGHTTP2_NO_ERROR) stream.close(code);
    else if (!stream.headersSent) this.refused(CONNECTION_LOST);
    // What is still to come of the request's body has no reader any more.
    stream.resume();
  }

  private close(): void {
    const { upstream, place, stream } = this;
    if (upstream !== undefined && !upstream.closed)
      upstream.close(stream.rstCode || constants.NGHTTP2_CANCEL);
    if (place !== undefined) this.pool.release(place);
    else this.pool.leave(this);
    this.routes.left();
  }
}

/**
 * Hands a body and its trailers on. A stream that was reset ends too, as far as Node's reader can see, and Node marks
 * the last bytes it sends as the end before it resets; neither must make half a body look whole. So the end is sent
 * with the trailers only, even if there are none.
 */
function flow(from: Http2Stream, to: Http2Stream): void {
  let trailers: IncomingHttpHeaders = {};
  from.on('trailers', (given: IncomingHttpHeaders) => (trailers = given));
  to.on('wantTrailers', () => {
    if (!to.closed && !to.destroyed) to.sendTrailers(trailers);
  });
  from.pipe(to, { end: false });
  from.on('end', () => {
    if (from.rstCode === undefined || from.rstCode === constants.NGHTTP2_NO_ERROR) to.end();
    else to.close(from.rstCode);
  });
}

/** A connection that was never made shows as the cause of each of its streams' errors. */
function causeOf(error: NodeJS.ErrnoException): string | undefined {
  const { cause } = error;
  return cause instanceof Error && 'code' in cause ? String(cause.code) : error.code;
}
