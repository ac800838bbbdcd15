import { request, STATUS_CODES, type ClientRequest, type IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { isRefusal, type IngressRoutes } from './ingress.routes.js';
import type { InstancePool, Waiter } from './instance.pool.js';
import { MAX_HEADER_BYTES, type Place } from './place.js';
import { CONNECTION_LOST, INSTANCE_AWAY, NOT_REACHED, refusalBody, type Refusal } from './refusal.js';
import { RequestHead, responseLines } from './request.head.js';

/** Carries a request that changes the protocol (WebSocket): one place of an instance for as long as it is open. */
export function serveUpgrade(
  routes: IngressRoutes,
  req: IncomingMessage,
  socket: Duplex,
  first: Buffer,
): void {
  socket.on('error', () => socket.destroy());
  const head = new RequestHead(req.rawHeaders, true);
  const found = routes.find(head.host);
  if (isRefusal(found)) return refuseOnSocket(socket, found);
  new UpgradeExchange(routes, found.pool, head, req, socket, first).begin();
}

function refuseOnSocket(socket: Duplex, refusal: Refusal): void {
  const body = refusalBody(refusal);
  const lines = ['content-type', 'application/json', 'content-length', String(Buffer.byteLength(body))];
  if (!refusal.reached) lines.push(NOT_REACHED, '1');
  lines.push('connection', 'close');
  socket.end(headText(refusal.status, STATUS_CODES[refusal.status] ?? '', lines) + body);
}

function headText(status: number, phrase: string, lines: readonly string[]): string {
  let text = `HTTP/1.1 ${status} ${phrase}\r\n`;
  for (let i = 0; i + 1 < lines.length; i += 2) text += `${lines[i] ?? ''}: ${lines[i + 1] ?? ''}\r\n`;
  return `${text}\r\n`;
}

class UpgradeExchange implements Waiter {
  deadline = 0;
  private place: Place | undefined;
  private upstream: ClientRequest | undefined;
  private instance: Duplex | undefined;
  private answered = false;

  constructor(
    private readonly routes: IngressRoutes,
    private readonly pool: InstancePool,
    private readonly head: RequestHead,
    private readonly req: IncomingMessage,
    private readonly socket: Duplex,
    private readonly first: Buffer,
  ) {}

  begin(): void {
    this.routes.entered();
    this.socket.on('close', () => this.close());
    const place = this.pool.take();
    if (place !== undefined) return this.granted(place);
    const refusal = this.pool.wait(this);
    if (refusal !== undefined) refuseOnSocket(this.socket, refusal);
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
    this.answered = true;
    refuseOnSocket(this.socket, refusal);
  }

  private send(place: Place): void {
    const upstream = request({
      agent: place.agent,
      host: '127.0.0.1',
      port: place.port,
      method: this.req.method ?? 'GET',
      path: this.req.url ?? '/',
      headers: this.head.lines,
      maxHeaderSize: MAX_HEADER_BYTES,
    });
    this.upstream = upstream;
    upstream.on('upgrade', (answer, instance, rest) => this.join(answer, instance, rest));
    upstream.on('response', (answer) => this.declined(answer));
    upstream.on('error', (error: NodeJS.ErrnoException) => {
      if (this.answered) this.socket.destroy();
      else this.refused(error.code === 'ECONNREFUSED' ? INSTANCE_AWAY : CONNECTION_LOST);
    });
    upstream.end();
  }

  private join(answer: IncomingMessage, instance: Duplex, rest: Buffer): void {
    this.answered = true;
    this.instance = instance;
    const lines = answer.rawHeaders.filter((_, i, all) => all[i - (i % 2)]?.toLowerCase() !== NOT_REACHED);
    this.socket.write(headText(answer.statusCode ?? 101, answer.statusMessage ?? '', lines));
    if (rest.length > 0) this.socket.write(rest);
    if (this.first.length > 0) instance.write(this.first);
    instance.on('error', () => this.socket.destroy());
    instance.on('close', () => {
      if (!instance.readableEnded) this.socket.destroy();
    });
    instance.pipe(this.socket);
    this.socket.pipe(instance);
  }

  /** The instance answered without changing the protocol. */
  private declined(answer: IncomingMessage): void {
    this.answered = true;
    const lines = [...responseLines(answer.rawHeaders), 'connection', 'close'];
    this.socket.write(headText(answer.statusCode ?? 502, answer.statusMessage ?? '', lines));
    answer.on('error', () => this.socket.destroy());
    answer.pipe(this.socket);
  }

  private close(): void {
    this.instance?.destroy();
    this.upstream?.destroy();
    if (this.place !== undefined) this.pool.release(this.place);
    else this.pool.leave(this);
    this.routes.left();
  }
}
