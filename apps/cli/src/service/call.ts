import type { IncomingMessage } from 'node:http';
import { isLoopback } from '../config/url.js';
import { send } from '../client/transport.js';
import type { CallerTokenView, WhoamiView } from '../client/wire.types.js';
import type { Tow } from '../tow.js';

/** A request to a service as `tow curl` was asked for it. */
export interface ServiceCall {
  url: URL;
  method: string;
  headers: Record<string, string | string[]>;
  body?: Buffer | undefined;
  connect?: { host: string; port: number } | undefined;
  ca?: string[] | undefined;
}

/**
 * Where the gateway listens. A service's name under `localhost` resolves in browsers and curl but not everywhere, and a
 * domain of one's own may not be in the DNS yet; so the address of the API's machine is used in both cases, otherwise
 * the DNS.
 */
export function gatewayAddress(
  url: URL,
  apiUrl: string,
  installation: WhoamiView['installation'],
): { host: string; port: number } | undefined {
  const api = new URL(apiUrl).hostname.replace(/^\[|\]$/g, '');
  if (!isLoopback(api) && !isLoopback(url.hostname)) return undefined;
  const usual = url.protocol === 'https:' ? (installation.gatewayTlsPort ?? 443) : installation.gatewayPort;
  const port = url.port === '' ? usual : Number(url.port);
  return { host: isLoopback(api) && !api.startsWith(':') ? '127.0.0.1' : api, port };
}

/** A token with which the caller may call a private service for so many seconds. */
export async function callerToken(
  tow: Tow,
  name: string,
  lifetimeSeconds?: number,
): Promise<CallerTokenView> {
  const body = lifetimeSeconds === undefined ? {} : { lifetimeSeconds };
  return (await tow.client()).post<CallerTokenView>(`${await tow.servicePath(name)}/token`, body);
}

/** Header lines as curl takes them: `Name: value`; a name given twice is sent twice. */
export function headersOf(lines: readonly string[]): Record<string, string | string[]> | string {
  const headers = new Map<string, string[]>();
  for (const line of lines) {
    const [, name, value] = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):\s*(.*)$/.exec(line) ?? [];
    if (name === undefined || value === undefined) return line;
    headers.set(name.toLowerCase(), [...(headers.get(name.toLowerCase()) ?? []), value]);
  }
  return Object.fromEntries(
    [...headers].map(([name, values]) => [name, values.length === 1 ? (values[0] ?? '') : values]),
  );
}

export function callService(
  call: ServiceCall,
  signal: AbortSignal,
  idleMs: number,
): Promise<IncomingMessage> {
  return send({ ...call, signal, idleMs });
}

/** The head of an answer as `curl -i` shows it. */
export function headText(answer: IncomingMessage): string {
  const lines = [
    `HTTP/${answer.httpVersion} ${answer.statusCode ?? 0} ${answer.statusMessage ?? ''}`.trimEnd(),
  ];
  for (let at = 0; at + 1 < answer.rawHeaders.length; at += 2) {
    lines.push(`${answer.rawHeaders[at] ?? ''}: ${answer.rawHeaders[at + 1] ?? ''}`);
  }
  return `${lines.join('\n')}\n\n`;
}
