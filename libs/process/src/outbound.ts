import dns, { type LookupAddress } from 'node:dns';
import http, { type IncomingHttpHeaders } from 'node:http';
import https from 'node:https';
import { isIP, type LookupFunction } from 'node:net';
import { isPublicAddress } from '#libs/domain';

/** One request to a server that a customer named. */
export interface Outbound {
  method: 'GET' | 'HEAD' | 'POST';
  headers: Record<string, string>;
  content?: string;
  /** `public`: a host with any address that is not of the public Internet is not connected to. */
  reach: 'public' | 'any';
  signal: AbortSignal;
  /** What of the answer's body is read, bytes; a longer one is an error. Without it nothing is. */
  maxBytes?: number;
  resolve?: Resolve;
}

export interface OutboundAnswer {
  status: number;
  headers: IncomingHttpHeaders;
  /** Empty where nothing of it is read. */
  body: Buffer;
}

/** Gives every address of a name, as `dns.lookup` does. */
export type Resolve = (
  name: string,
  options: { all: true },
  callback: (error: Error | null, found?: LookupAddress[]) => void,
) => void;

/** Thrown for a host that is not on the public Internet. */
export class PrivateAddress extends Error {}

const NOT_PUBLIC = 'is not on the public Internet';

/**
 * Asks a server that a customer named. The address that was checked is the one that is connected to, so that a second answer of
 * DNS changes nothing; redirects are not followed.
 * @throws PrivateAddress, or what node says of name, connection and time
 */
export async function askOutside(url: URL, outbound: Outbound): Promise<OutboundAnswer> {
  const { method, headers, content, reach, signal, maxBytes, resolve = dns.lookup } = outbound;
  const host = url.hostname.replace(/^\[|\]$/g, '');
  if (reach === 'public' && isIP(host) !== 0 && !isPublicAddress(host))
    throw new PrivateAddress(`${host} ${NOT_PUBLIC}`);
  const { request } = url.protocol === 'https:' ? https : http;
  return new Promise((done, failed) => {
    const options = { method, headers, lookup: lookupWithin(reach, resolve), signal, agent: false as const };
    const sent = request(url, options, (answer) => {
      const { statusCode: status = 0, headers: told } = answer;
      const end = (body: Buffer): void => done({ status, headers: told, body });
      if (maxBytes === undefined) {
        end(Buffer.alloc(0));
        answer.destroy();
      } else read(answer, maxBytes).then(end, failed);
    });
    sent.on('error', failed);
    // Of an answer that changes the protocol (101) nothing else is told, not even at the end of the time.
    sent.on('upgrade', (_answer, socket) => {
      socket.destroy();
      failed(new Error('the answer changes the protocol'));
    });
    sent.end(content);
  });
}

async function read(answer: AsyncIterable<Buffer>, maxBytes: number): Promise<Buffer> {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of answer) {
    size += part.length;
    if (size > maxBytes) throw new Error('the answer is too long');
    parts.push(part);
  }
  return Buffer.concat(parts);
}

/** Node asks for one address or for all. */
function lookupWithin(reach: Outbound['reach'], resolve: Resolve): LookupFunction {
  return (name, options, callback) => {
    resolve(name, { ...options, all: true }, (error, found) => {
      const isPrivate = reach === 'public' && found?.some(({ address }) => !isPublicAddress(address));
      const [first] = found ?? [];
      if (error || !first) callback(error ?? new Error('no address'), '');
      else if (isPrivate) callback(new PrivateAddress(`${name} ${NOT_PUBLIC}`), '');
      else if (options.all) callback(null, found ?? []);
      else callback(null, first.address, first.family);
    });
  };
}
