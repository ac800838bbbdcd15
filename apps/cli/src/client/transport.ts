import { request as httpRequest, type ClientRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { urlToHttpOptions } from 'node:url';
import type { Readable } from 'node:stream';

/** One HTTP exchange as it goes over the wire. */
export interface WireRequest {
  method: string;
  url: URL;
  headers: Record<string, string | string[]>;
  body?: string | Buffer | Readable | undefined;
  /** Where to connect instead of the URL's host; the Host header still says the URL's. */
  connect?: { host: string; port: number } | undefined;
  /** What an https server's certificate must lead to, PEM; the system's roots when absent. */
  ca?: string[] | undefined;
  signal?: AbortSignal | undefined;
  /** No byte for so long means that the other side is gone. */
  idleMs?: number;
}

/** The other side did not send a byte in time. */
export class SilenceError extends Error {
  readonly code = 'ESILENCE';
}

/** Sends a request and resolves with the head of the answer; the body is read by the caller. Each has its own connection. */
export function send(request: WireRequest): Promise<IncomingMessage> {
  const { url, connect } = request;
  const open = url.protocol === 'https:' ? httpsRequest : httpRequest;
  const target = urlToHttpOptions(url);
  const outgoing = open({
    ...target,
    ...(connect ? { host: connect.host, hostname: connect.host, port: connect.port } : {}),
    ...(connect && url.protocol === 'https:' ? { servername: url.hostname } : {}),
    ...(request.ca ? { ca: request.ca } : {}),
    method: request.method,
    headers: { host: url.host, ...request.headers },
    agent: false,
    ...(request.signal ? { signal: request.signal } : {}),
  });
  if (request.idleMs !== undefined) watchSilence(outgoing, request.idleMs);
  const answered = answerOf(outgoing);
  writeBody(outgoing, request.body);
  return answered;
}

function answerOf(outgoing: ClientRequest): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    outgoing.once('response', resolve);
    // Stays for the whole exchange: a server may answer and then close while we still write.
    outgoing.on('error', reject);
  });
}

function watchSilence(outgoing: ClientRequest, idleMs: number): void {
  outgoing.setTimeout(idleMs, () => {
    outgoing.destroy(new SilenceError(`no byte for ${Math.round(idleMs / 1000)} s`));
  });
}

function writeBody(outgoing: ClientRequest, body: WireRequest['body']): void {
  if (body === undefined || typeof body === 'string' || Buffer.isBuffer(body)) {
    outgoing.end(body);
    return;
  }
  body.on('error', (error) => outgoing.destroy(error));
  outgoing.on('close', () => body.destroy());
  body.pipe(outgoing);
}

/** Reads a whole body as text. */
export async function textOf(message: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of message as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
}
