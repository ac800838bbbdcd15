import { request } from 'node:http';
import type { Agent, IncomingHttpHeaders } from 'node:http';
import { connect } from 'node:http2';
import type { Duplex } from 'node:stream';

export interface Answer {
  status: number;
  headers: IncomingHttpHeaders;
  trailers: NodeJS.Dict<string>;
  body: string;
}

export interface Question {
  port: number;
  host: string;
  path?: string;
  method?: string;
  headers?: Record<string, string>;
  body?: string;
  agent?: Agent;
}

/** One HTTP/1.1 request to a gateway on 127.0.0.1, with the Host of a service. */
export function ask({
  port,
  host,
  path = '/',
  method = 'GET',
  headers,
  body,
  agent,
}: Question): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const options = {
      host: '127.0.0.1',
      port,
      path,
      method,
      headers: { ...headers, host },
      ...(agent ? { agent } : {}),
    };
    const sent = request(options, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          trailers: response.trailers,
          body: Buffer.concat(chunks).toString(),
        }),
      );
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

/** One request over cleartext HTTP/2, as gRPC callers speak. */
export function askH2({
  port,
  host,
  path = '/',
  method = 'POST',
  headers,
  body = '',
}: Question): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const session = connect(`http://127.0.0.1:${port}`);
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

/** Opens an upgraded connection; what is written comes back from an echoing service. */
export function upgrade({ port, host, path = '/' }: Question): Promise<Duplex> {
  return new Promise((resolve, reject) => {
    const sent = request({
      host: '127.0.0.1',
      port,
      path,
      headers: {
        host,
        connection: 'upgrade',
        upgrade: 'websocket',
        'sec-websocket-version': '13',
        'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
      },
    });
    sent.on('upgrade', (_response, socket) => resolve(socket));
    sent.on('response', (response) => reject(new Error(`not upgraded: ${response.statusCode}`)));
    sent.on('error', reject);
    sent.end();
  });
}
