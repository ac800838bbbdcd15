import { once } from 'node:events';
import { connect as connectH2 } from 'node:http2';
import type { ClientHttp2Session } from 'node:http2';
import { connect } from 'node:tls';
import type { ConnectionOptions, TLSSocket } from 'node:tls';
import type { Answer, Question } from './ask.js';

export interface TlsQuestion extends Question {
  /** The root the caller trusts, PEM. */
  ca: string;
  /** What the caller names in the handshake; the host by default, '' names none. */
  sni?: string;
  tls?: ConnectionOptions;
}

/** A finished handshake, with the name checked unless the caller says otherwise. */
export async function handshake({ port, host, ca, sni = host, tls }: TlsQuestion): Promise<TLSSocket> {
  const socket = connect({ host: '127.0.0.1', port, servername: sni, ca, ...tls });
  await Promise.race([
    once(socket, 'secureConnect'),
    once(socket, 'close').then(() => Promise.reject(new Error('closed before the handshake ended'))),
  ]);
  return socket;
}

/** One HTTP/1.1 request on a connection of its own; `serial` is the served certificate's. */
export async function askTls(question: TlsQuestion): Promise<Answer & { serial: string }> {
  const socket = await handshake(question);
  const { serialNumber: serial } = socket.getPeerCertificate();
  return { ...(await askOn(socket, question)), serial };
}

/** One HTTP/1.1 request on that connection, which stays open unless asked to be closed. */
export async function askOn(
  socket: TLSSocket,
  { host, path = '/', method = 'GET', headers = {} }: Pick<Question, 'host' | 'path' | 'method' | 'headers'>,
): Promise<Answer> {
  const { request } = await import('node:http');
  return new Promise((resolve, reject) => {
    const options = { createConnection: () => socket, path, method, headers: { ...headers, host } };
    const sent = request(options, (response) => {
      let body = '';
      response.on('data', (chunk: Buffer) => (body += chunk.toString()));
      response.on('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          trailers: response.trailers,
          body,
        }),
      );
    });
    sent.on('error', reject);
    sent.end();
  });
}

export function sessionOf({ port, host, ca, sni = host }: TlsQuestion): ClientHttp2Session {
  return connectH2(`https://127.0.0.1:${port}`, { servername: sni, ca });
}

/** One request over HTTP/2 with TLS, as gRPC callers speak. */
export function askH2Tls(question: TlsQuestion): Promise<Answer> {
  const { host, path = '/', method = 'POST', headers, body = '' } = question;
  return new Promise((resolve, reject) => {
    const session = sessionOf(question);
    session.on('error', reject);
    const stream = session.request({ ':authority': host, ':path': path, ':method': method, ...headers });
    const answer: Answer = { status: 0, headers: {}, trailers: {}, body: '' };
    stream.on('response', (received) => {
      answer.status = received[':status'] ?? 0;
      answer.headers = received;
    });
    stream.on('trailers', (received) => (answer.trailers = received as NodeJS.Dict<string>));
    stream.on('data', (data: Buffer) => (answer.body += data.toString()));
    stream.on('error', reject);
    stream.on('close', () => {
      session.close();
      resolve(answer);
    });
    stream.end(body);
  });
}
