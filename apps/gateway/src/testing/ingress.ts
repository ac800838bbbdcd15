import { once } from 'node:events';
import { createServer as createHttp1 } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { createServer as createHttp2 } from 'node:http2';
import type { IncomingHttpHeaders, ServerHttp2Stream } from 'node:http2';
import { createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { REQUEST_HEADERS } from '#libs/domain';

/** What a test's ingress saw of a request. */
export interface Seen {
  protocol: 'http1' | 'h2c';
  method: string;
  path: string;
  headers: IncomingHttpHeaders;
}

export interface TestIngress {
  port: number;
  seen: Seen[];
  close(): Promise<void>;
}

const H2_PREFACE = 'PRI';

/**
 * Stands for a cluster's ingress: one port with HTTP/1.1, WebSocket-like upgrades and h2c. It answers what it saw as
 * JSON; the path says otherwise: /hang, /slow, /stream, /not-reached, /trailers.
 */
export async function startIngress(): Promise<TestIngress> {
  const seen: Seen[] = [];
  const sockets = new Set<Socket>();
  const http1 = http1Server(seen);
  const http2 = createHttp2().on('stream', (stream, headers) => answerH2(stream, headers, seen));
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => socket.destroy());
    socket.once('data', (first) => {
      socket.pause();
      const target = first.toString('latin1').startsWith(H2_PREFACE) ? http2 : http1;
      target.emit('connection', socket);
      socket.unshift(first);
      socket.resume();
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    seen,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await once(server.close(), 'close');
    },
  };
}

function http1Server(seen: Seen[]): Server {
  return createHttp1((request, response) => answerHttp1(request, response, seen)).on(
    'upgrade',
    (request: IncomingMessage, socket: Duplex) => {
      seen.push(seenOf('http1', request.method ?? '', request.url ?? '', request.headers));
      socket.write('HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n');
      socket.on('data', (data: Buffer) => socket.write(data));
      socket.on('error', () => socket.destroy());
    },
  );
}

function answerHttp1(request: IncomingMessage, response: ServerResponse, seen: Seen[]): void {
  const what = seenOf('http1', request.method ?? '', request.url ?? '', request.headers);
  seen.push(what);
  request.resume();
  if (what.path === '/hang') return;
  if (what.path === '/stream') {
    response.write('data: 0\n\n');
    const timer = setInterval(() => response.write('data: more\n\n'), 100);
    response.on('close', () => clearInterval(timer));
    return;
  }
  if (what.path === '/not-reached') response.statusCode = 503;
  const headers = what.path === '/not-reached' ? { [REQUEST_HEADERS.notReached]: '1' } : {};
  request.on('end', () => response.writeHead(response.statusCode, headers).end(JSON.stringify(what)));
}

function answerH2(stream: ServerHttp2Stream, headers: IncomingHttpHeaders, seen: Seen[]): void {
  const what = seenOf('h2c', headers[':method'] ?? '', headers[':path'] ?? '', headers);
  seen.push(what);
  stream.on('error', () => stream.close());
  if (what.path === '/hang') {
    stream.respond({ ':status': 200, 'content-type': 'application/grpc' });
    return;
  }
  stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
  stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '5', 'grpc-message': 'nobody' }));
  stream.resume();
  stream.on('end', () => stream.end(JSON.stringify(what)));
}

function seenOf(
  protocol: Seen['protocol'],
  method: string,
  path: string,
  headers: IncomingHttpHeaders,
): Seen {
  return { protocol, method, path, headers };
}
