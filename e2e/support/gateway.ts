import http from 'node:http';

export interface Answer {
  status: number;
  headers: http.IncomingHttpHeaders;
  text: string;
  /** The body as JSON; throws when it is none. */
  json<T = ProbeAnswer>(): T;
}

/** What e2e/apps/probe answers. */
export interface ProbeAnswer {
  greeting?: string;
  value?: string | null;
  headers?: Record<string, string>;
  size?: number;
  revision: string;
  service: string;
  instance: string;
  served: number;
  mostAtOnce: number;
}

export interface CallOptions {
  method?: string;
  headers?: Record<string, string>;
  body?: string | Buffer;
  agent?: http.Agent;
  timeoutMs?: number;
}

/**
 * Calls a host through the gateway's address with that Host, so it works where `*.localhost` does not resolve.
 * Rejects only when the connection fails.
 */
export function callHost(
  port: number,
  host: string,
  path: string,
  options: CallOptions = {},
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const request = http.request(
      {
        host: '127.0.0.1',
        port,
        path,
        method: options.method ?? 'GET',
        headers: { ...options.headers, host },
        ...(options.agent ? { agent: options.agent } : {}),
        timeout: options.timeoutMs ?? 60_000,
      },
      (response) => {
        const parts: Buffer[] = [];
        response.on('data', (part: Buffer) => parts.push(part));
        response.on('error', reject);
        response.on('end', () => resolve(answerOf(response, Buffer.concat(parts).toString('utf8'))));
      },
    );
    request.on('timeout', () => request.destroy(new Error(`no answer from ${host}${path}`)));
    request.on('error', reject);
    request.end(options.body);
  });
}

function answerOf(response: http.IncomingMessage, text: string): Answer {
  return {
    status: response.statusCode ?? 0,
    headers: response.headers,
    text,
    json: <T>() => JSON.parse(text) as T,
  };
}
