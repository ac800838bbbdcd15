import { createServer as createHttp1, type Server as Http1Server } from 'node:http';
import { constants, createServer as createHttp2, type Http2Server } from 'node:http2';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { serveHttp1 } from './ingress.http1.js';
import { serveHttp2 } from './ingress.http2.js';
import { IngressRoutes } from './ingress.routes.js';
import { serveUpgrade } from './ingress.upgrade.js';
import { CONNECTION_WINDOW, MAX_HEADER_BYTES, STREAM_WINDOW } from './place.js';

const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n');
/** `PRI` is no method of HTTP/1.1, so three bytes tell the two protocols apart. */
const TELLING = 3;

/** The one address of this cluster: HTTP/1.1 and HTTP/2 without TLS on one port, routed by host. Loopback only. */
export class Ingress {
  readonly routes = new IngressRoutes();
  private readonly http1: Http1Server = this.makeHttp1();
  private readonly http2: Http2Server = this.makeHttp2();
  private readonly sockets = new Set<Socket>();
  private readonly server: Server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) =>
    this.accept(socket),
  );

  /** Listens on the wished port, or on any when that one is taken; returns the port. */
  async open(wished: number): Promise<number> {
    try {
      await this.listen(wished);
    } catch {
      await this.listen(0);
    }
    return (this.server.address() as AddressInfo).port;
  }

  /** Refuses new requests, waits for those in flight, at most `drainMs`, then closes every connection. */
  async close(drainMs: number): Promise<void> {
    const closed = new Promise<void>((resolve) => this.server.close(() => resolve()));
    const timer = new AbortController();
    await Promise.race([
      this.routes.drain(),
      delay(drainMs, undefined, { signal: timer.signal }).catch(() => undefined),
    ]);
    timer.abort();
    for (const socket of this.sockets) socket.destroy();
    await closed;
  }

  private listen(port: number): Promise<void> {
    return new Promise((resolve, reject) => {
      this.server.once('error', reject);
      this.server.listen(port, '127.0.0.1', 4096, () => {
        this.server.off('error', reject);
        resolve();
      });
    });
  }

  private accept(socket: Socket): void {
    this.sockets.add(socket);
    socket.on('close', () => this.sockets.delete(socket));
    socket.on('error', () => socket.destroy());
    const silent = () => socket.destroy();
    const look = () => {
      const chunk = socket.read() as Buffer | null;
      if (chunk === null) return;
      socket.unshift(chunk);
      if (chunk.length < TELLING && PREFACE.subarray(0, chunk.length).equals(chunk)) return;
      socket.off('readable', look);
      socket.off('end', silent);
      this.handOver(socket, PREFACE.subarray(0, TELLING).equals(chunk.subarray(0, TELLING)));
    };
    socket.on('readable', look);
    socket.on('end', silent);
  }

  private handOver(socket: Socket, isHttp2: boolean): void {
    if (!isHttp2) return void this.http1.emit('connection', socket);
    socket.allowHalfOpen = false;
    this.http2.emit('connection', socket);
  }

  private makeHttp1(): Http1Server {
    const server = createHttp1(
      { maxHeaderSize: MAX_HEADER_BYTES, keepAliveTimeout: 0, requestTimeout: 0, headersTimeout: 0 },
      (req, res) => serveHttp1(this.routes, req, res),
    );
    server.timeout = 0;
    server.on('upgrade', (req, socket, first) => serveUpgrade(this.routes, req, socket, first));
    server.on('clientError', (_error, socket) => socket.destroy());
    return server;
  }

  private makeHttp2(): Http2Server {
    const server = createHttp2({
      settings: { initialWindowSize: STREAM_WINDOW, enablePush: false },
      maxSessionMemory: 256,
      // One gateway carries the resets of all its clients; Node's guard is meant for one client.
      streamResetBurst: 1_000_000,
      streamResetRate: 100_000,
    });
    server.on('session', (session) => session.setLocalWindowSize(CONNECTION_WINDOW));
    server.on('sessionError', () => undefined);
    server.on('stream', (stream, headers, flags) =>
      serveHttp2(this.routes, stream, headers, (flags & constants.NGHTTP2_FLAG_END_STREAM) !== 0),
    );
    return server;
  }
}
