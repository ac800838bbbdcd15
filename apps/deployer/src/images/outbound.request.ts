import { request as plainRequest, type IncomingHttpHeaders } from 'node:http';
import { request as secureRequest } from 'node:https';
import { publicAddresses } from './public.addresses.js';

export interface Outbound {
  method: 'GET' | 'HEAD';
  headers: Record<string, string>;
  /** Whether the operator allowed this origin: it may then be on a private address. */
  allowed: boolean;
  signal: AbortSignal;
}

export interface Answer {
  status: number;
  headers: IncomingHttpHeaders;
  body: Buffer;
}

/** No manifest is larger (the distribution specification asks registries for 4 MiB). */
const MAX_BYTES = 4 * 1024 * 1024;

/** Asks a server that a customer named: it is dialled at a public address only, and no redirect is followed. */
export async function ask(url: URL, { allowed, ...options }: Outbound): Promise<Answer> {
  const addresses = allowed ? undefined : await publicAddresses(url.hostname);
  const send = url.protocol === 'https:' ? secureRequest : plainRequest;
  return new Promise((resolve, reject) => {
    const pinned = addresses && { lookup: pinnedLookup(addresses) };
    const asked = send(url, { ...options, ...pinned, agent: false }, (response) => {
      const parts: Buffer[] = [];
      let size = 0;
      response.on('data', (part: Buffer) => {
        size += part.length;
        if (size > MAX_BYTES) response.destroy(new Error('the answer is too long'));
        else parts.push(part);
      });
      response.on('error', reject);
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(parts) }),
      );
    });
    asked.on('error', reject);
    // Nothing else is told of an answer that changes the protocol (101), not even at the end of the time.
    asked.on('upgrade', (_response, socket) => {
      socket.destroy();
      reject(new Error('the answer changes the protocol'));
    });
    asked.end();
  });
}

type Found = { address: string; family: number }[];
type Callback = (error: Error | null, address: string | Found, family?: number) => void;

/** Node asks for one address or for all. */
const pinnedLookup =
  (found: Found) =>
  (_host: string, { all }: { all?: boolean | undefined }, callback: Callback): void => {
    const [first] = found;
    if (all === true || first === undefined) callback(null, found);
    else callback(null, first.address, first.family);
  };
