import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';

/** One request as it stood on the wire. */
export interface WireRequest {
  method: string;
  target: string;
  /** Names as they were written. */
  headers: [name: string, value: string][];
  body: string;
}

export interface WireReading {
  requests: WireRequest[];
  /** Bytes behind the last whole request. */
  rest: string;
  /** Why the bytes are no sequence of well-formed requests. */
  fault?: string;
}

const REQUEST_LINE = /^([A-Z]+) ([\x21-\x7e]+) HTTP\/1\.1$/;
const FIELD_LINE = /^([!#$%&'*+\-.^_`|~0-9A-Za-z]+):[ \t]*([\t\x20-\x7e\x80-\xff]*?)[ \t]*$/;
const CHUNK_LINE = /^([0-9A-Fa-f]{1,8})$/;

/**
 * Reads requests by the letter of RFC 9112 and forgives nothing: what a proxy hands on must leave no room for a second
 * reading. `bytes` in latin1.
 */
export function readRequests(bytes: string): WireReading {
  const requests: WireRequest[] = [];
  let rest = bytes;
  while (rest !== '') {
    const end = rest.indexOf('\r\n\r\n');
    if (end < 0) return { requests, rest, ...faultOf(oddBytes(rest)) };
    const head = headOf(rest.slice(0, end));
    if (typeof head === 'string') return { requests, rest, fault: head };
    const body = bodyOf(head, rest.slice(end + 4));
    if (typeof body === 'string') return { requests, rest, fault: body };
    if (body === undefined) return { requests, rest };
    requests.push({ ...head, body: body.text });
    rest = body.rest;
  }
  return { requests, rest };
}

/** Values of one header, in the order they came. */
export function fieldsOf({ headers }: Pick<WireRequest, 'headers'>, name: string): string[] {
  return headers.filter(([given]) => given.toLowerCase() === name).map(([, value]) => value);
}

type Head = Omit<WireRequest, 'body'>;

const faultOf = (fault: string | undefined) => (fault === undefined ? {} : { fault });

function oddBytes(text: string): string | undefined {
  if (/(^|[^\r])\n/.test(text)) return 'a line feed without its carriage return';
  if (/\r[^\n]/.test(text)) return 'a carriage return without its line feed';
  return text.includes('\0') ? 'a NUL' : undefined;
}

function headOf(text: string): Head | string {
  const odd = oddBytes(text);
  if (odd !== undefined) return odd;
  const [first = '', ...lines] = text.split('\r\n');
  const line = REQUEST_LINE.exec(first);
  if (!line) return `no request line: ${first.slice(0, 60)}`;
  const headers: [string, string][] = [];
  for (const one of lines) {
    const field = FIELD_LINE.exec(one);
    if (!field) return `no header line: ${one.slice(0, 60)}`;
    headers.push([field[1] ?? '', field[2] ?? '']);
  }
  if (fieldsOf({ headers }, 'host').length !== 1) return 'not exactly one Host';
  return { method: line[1] ?? '', target: line[2] ?? '', headers };
}

/** The body, undefined while it is not whole, or why its framing can be read in two ways. */
function bodyOf(head: Head, text: string): { text: string; rest: string } | string | undefined {
  const lengths = fieldsOf(head, 'content-length');
  const codings = fieldsOf(head, 'transfer-encoding');
  if (lengths.length > 0 && codings.length > 0) return 'a length and a coding';
  if (codings.length > 0)
    return codings.join() === 'chunked' ? chunked(text) : `the coding ${codings.join()}`;
  if (lengths.length === 0) return { text: '', rest: text };
  const [length = ''] = lengths;
  if (lengths.length > 1 || !/^\d{1,19}$/.test(length)) return `the length ${lengths.join()}`;
  if (text.length < Number(length)) return undefined;
  return { text: text.slice(0, Number(length)), rest: text.slice(Number(length)) };
}

function chunked(text: string): { text: string; rest: string } | string | undefined {
  let [body, rest] = ['', text];
  for (;;) {
    const end = rest.indexOf('\r\n');
    if (end < 0) return undefined;
    const line = CHUNK_LINE.exec(rest.slice(0, end));
    if (!line) return `the chunk size ${rest.slice(0, Math.min(end, 40))}`;
    const size = parseInt(line[1] ?? '', 16);
    rest = rest.slice(end + 2);
    if (size === 0) return trailers(body, rest);
    if (rest.length < size + 2) return undefined;
    if (rest.slice(size, size + 2) !== '\r\n') return 'a chunk longer than its size';
    body += rest.slice(0, size);
    rest = rest.slice(size + 2);
  }
}

function trailers(body: string, text: string): { text: string; rest: string } | string | undefined {
  let rest = text;
  for (;;) {
    const end = rest.indexOf('\r\n');
    if (end < 0) return undefined;
    const line = rest.slice(0, end);
    rest = rest.slice(end + 2);
    if (line === '') return { text: body, rest };
    if (!FIELD_LINE.test(line)) return `no trailer line: ${line.slice(0, 40)}`;
  }
}

/** A target whose answer begins before the request has ended. */
export const EARLY = '/early';

/** What came over one connection. */
export interface WireConnection {
  bytes: string;
}

/**
 * An upstream that notes every byte it gets and answers every well-formed request with its target; EARLY is answered, in part,
 * as soon as its head is there.
 */
export class WireRecorder {
  readonly connections: WireConnection[] = [];
  private readonly sockets = new Set<Socket>();
  private readonly server = createServer((socket) => this.accept(socket));

  static async start(): Promise<WireRecorder> {
    const recorder = new WireRecorder();
    recorder.server.listen(0, '127.0.0.1');
    await once(recorder.server, 'listening');
    return recorder;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  /** Everything that came, read strictly, connection by connection. */
  readings(): WireReading[] {
    return this.connections.map(({ bytes }) => readRequests(bytes));
  }

  async close(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    await once(this.server.close(), 'close');
  }

  private accept(socket: Socket): void {
    const connection: WireConnection = { bytes: '' };
    let answered = 0;
    this.connections.push(connection);
    this.sockets.add(socket);
    socket.on('close', () => this.sockets.delete(socket));
    socket.on('error', () => socket.destroy());
    socket.on('data', (data: Buffer) => {
      connection.bytes += data.toString('latin1');
      const { requests, rest, fault } = readRequests(connection.bytes);
      if (rest.startsWith(`POST ${EARLY} `))
        socket.write(`HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\nsaw`);
      for (const { method, target } of requests.slice(answered)) {
        const body = method === 'HEAD' ? '' : `saw ${target}`;
        socket.write(`HTTP/1.1 200 OK\r\ncontent-length: ${`saw ${target}`.length}\r\n\r\n${body}`);
      }
      answered = requests.length;
      if (fault !== undefined) socket.destroy();
    });
  }
}

/** What a raw client got back. */
export interface RawAnswer {
  /** Latin1. */
  text: string;
  /** Status codes of the answers, in order. */
  statuses: number[];
  closed: boolean;
}

/**
 * Writes these bytes (latin1), part by part, and reads until the peer closes, `enough` says so, or nothing has come for
 * `quietMs`.
 */
export async function sendRaw(
  port: number,
  parts: readonly string[],
  { quietMs = 400, enough }: { quietMs?: number; enough?: (answer: RawAnswer) => boolean } = {},
): Promise<RawAnswer> {
  const socket = connect(port, '127.0.0.1');
  const answer: RawAnswer = { text: '', statuses: [], closed: false };
  await new Promise<void>((resolve) => {
    let quiet = setTimeout(resolve, quietMs * 5);
    const heard = (): void => {
      clearTimeout(quiet);
      if (answer.closed || enough?.(answer)) resolve();
      else quiet = setTimeout(resolve, quietMs);
    };
    socket.on('data', (data: Buffer) => {
      answer.text += data.toString('latin1');
      answer.statuses = [...answer.text.matchAll(/HTTP\/1\.[01] (\d{3})[ \r]/g)].map(([, code]) =>
        Number(code),
      );
      heard();
    });
    socket.on('error', () => undefined);
    socket.on('close', () => {
      answer.closed = true;
      heard();
    });
    void writeParts(socket, parts);
  });
  socket.destroy();
  return answer;
}

/** Each part in a packet of its own, as far as a loopback connection has packets. */
async function writeParts(socket: Socket, parts: readonly string[]): Promise<void> {
  socket.setNoDelay(true);
  for (const part of parts) {
    if (socket.destroyed) return;
    await new Promise((resolve) => socket.write(Buffer.from(part, 'latin1'), resolve));
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** Writes the first part, and the second when an answer has begun; reads until the peer closes. */
export async function sendWhenAnswered(port: number, first: string, second: string): Promise<void> {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => undefined);
  socket.write(Buffer.from(first, 'latin1'));
  await once(socket, 'data');
  const closed = once(socket.resume(), 'close');
  socket.write(Buffer.from(second, 'latin1'));
  await closed;
}
