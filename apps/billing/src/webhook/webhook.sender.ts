import { createHmac } from 'node:crypto';
import dns, { type LookupAddress } from 'node:dns';
import http from 'node:http';
import https from 'node:https';
import type { LookupFunction } from 'node:net';
import {
  WEBHOOK,
  isPublicAddress,
  signedContent,
  webhookUrlProblem,
  type Attempt,
  type Notice,
  type WebhookReach,
} from '#libs/domain';

/** One message as it goes out: Standard Webhooks, symmetric signatures. */
export interface WebhookMessage {
  url: string;
  notice: Omit<Notice, 'organizationId'>;
  /** What the webhook's owner was shown, without its prefix. */
  key: Uint8Array;
}

/** Gives every address of a name, as `dns.lookup` does. */
export type Resolve = (
  name: string,
  options: { all: true },
  callback: (error: Error | null, found?: LookupAddress[]) => void,
) => void;

const NOT_PUBLIC = 'the address is not of the public Internet';

/**
 * Sends one message and tells what came of it; never rejects. The address that was checked is the one that is connected to,
 * redirects are not followed, and nothing of the answer but its status is read.
 */
export async function sendWebhook(
  { url, notice, key }: WebhookMessage,
  reach: WebhookReach,
  now: number,
  signal: AbortSignal,
  resolve: Resolve = dns.lookup,
): Promise<Attempt> {
  const problem = webhookUrlProblem(url, reach);
  if (problem !== undefined) return { result: `not sent: the URL ${problem}` };
  const body = JSON.stringify({
    type: notice.type,
    timestamp: new Date(notice.createdAt).toISOString(),
    data: notice.data,
  });
  const seconds = Math.floor(now / 1_000);
  const headers = {
    'content-type': 'application/json',
    'content-length': String(Buffer.byteLength(body)),
    'user-agent': 'Towpath-Webhooks/1',
    'webhook-id': notice.id,
    'webhook-timestamp': String(seconds),
    'webhook-signature': `v1,${signature(key, signedContent(notice.id, seconds, body))}`,
  };
  const within = AbortSignal.any([signal, AbortSignal.timeout(WEBHOOK.timeoutMs)]);
  try {
    const status = await post(new URL(url), headers, body, lookupWithin(reach, resolve), within);
    return { status, result: `answered ${status}` };
  } catch (error) {
    return { result: reasonOf(error) };
  }
}

function signature(key: Uint8Array, content: string): string {
  return createHmac('sha256', key).update(content).digest('base64');
}

function post(
  url: URL,
  headers: http.OutgoingHttpHeaders,
  body: string,
  lookup: LookupFunction,
  signal: AbortSignal,
): Promise<number> {
  return new Promise((done, failed) => {
    const { request } = url.protocol === 'https:' ? https : http;
    const options = { method: 'POST', headers, lookup, signal, agent: false as const };
    const sent = request(url, options, (answer) => {
      done(answer.statusCode ?? 0);
      answer.destroy();
    });
    sent.on('error', failed);
    // Of an answer that changes the protocol (101) nothing else is told, not even at the end of the time.
    sent.on('close', () => failed(new Error('closed without an answer')));
    sent.end(body);
  });
}

class NotPublic extends Error {}

/** Resolves a name; where only public addresses may be reached, a name with any other one is refused. */
function lookupWithin(reach: WebhookReach, resolve: Resolve): LookupFunction {
  return (name, options, callback) => {
    resolve(name, { ...options, all: true }, (error, found) => {
      const refused = reach === 'public' && found?.some(({ address }) => !isPublicAddress(address));
      const [first] = found ?? [];
      if (error || !first) callback(error ?? new Error('no address'), '');
      else if (refused) callback(new NotPublic(NOT_PUBLIC), '');
      else if (options.all) callback(null, found ?? []);
      else callback(null, first.address, first.family);
    });
  };
}

/** In our own words: what a library says may hold addresses of our network. */
function reasonOf(error: unknown): string {
  if (error instanceof NotPublic) return NOT_PUBLIC;
  const { name, code = '' } = error as { name: string; code?: string };
  if (name === 'TimeoutError' || code === 'ETIMEDOUT') return 'no answer in time';
  if (name === 'AbortError') return 'no answer in time';
  if (/^(ENOTFOUND|EAI_)/.test(code)) return 'the name was not found';
  if (/CERT|TLS|SSL|SIGNATURE|SELF_SIGNED/.test(code)) return 'its certificate is not good';
  return 'no connection';
}
