import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** One request as it arrived. */
export interface SeenRequest {
  method: string;
  path: string;
  query: URLSearchParams;
  headers: IncomingHttpHeaders;
  body: Buffer;
}

/** An answer: JSON (or text) with a status, a cut connection, or whatever is written by hand. */
export type FakeReply =
  | { status?: number; headers?: Record<string, string>; body?: unknown }
  | 'cut'
  | ((response: ServerResponse) => void | Promise<void>);

/** A small HTTP server of the test's own on a free port of 127.0.0.1; keeps what it was asked. */
export class FakeHttp {
  readonly seen: SeenRequest[] = [];

  private constructor(
    readonly port: number,
    private readonly stop: () => Promise<void>,
  ) {}

  /** `answer` gets the request and how often that method and path were asked before. */
  static async start(answer: (seen: SeenRequest, before: number) => FakeReply): Promise<FakeHttp> {
    // Unreferenced, so that a test that fails before it closes the server does not hold the run.
    const server = createServer().unref();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const stop = (): Promise<void> =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      });
    const fake = new FakeHttp((server.address() as AddressInfo).port, stop);
    server.on('request', (request, response) => void fake.handle(request, response, answer));
    return fake;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** The requests of one method and path. */
  asked(method: string, path: string): SeenRequest[] {
    return this.seen.filter((one) => one.method === method && one.path === path);
  }

  close(): Promise<void> {
    return this.stop();
  }

  private async handle(
    request: IncomingMessage,
    response: ServerResponse,
    answer: (seen: SeenRequest, before: number) => FakeReply,
  ): Promise<void> {
    const url = new URL(request.url ?? '/', this.url);
    const method = request.method ?? 'GET';
    const chunks: Buffer[] = [];
    for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
    const seen = {
      method,
      path: url.pathname,
      query: url.searchParams,
      headers: request.headers,
      body: Buffer.concat(chunks),
    };
    const before = this.asked(method, url.pathname).length;
    this.seen.push(seen);
    try {
      await write(response, answer(seen, before));
    } catch (error) {
      response.writeHead(500).end(`the test's own answer failed: ${String(error)}`);
    }
  }
}

async function write(response: ServerResponse, reply: FakeReply): Promise<void> {
  if (reply === 'cut') {
    response.destroy();
    return;
  }
  if (typeof reply === 'function') {
    await reply(response);
    return;
  }
  const text = typeof reply.body === 'string' ? reply.body : JSON.stringify(reply.body ?? {});
  response.writeHead(reply.status ?? 200, { 'content-type': 'application/json', ...reply.headers }).end(text);
}
