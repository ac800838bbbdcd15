import { createHmac } from 'node:crypto';
import {
  WEBHOOK,
  signedContent,
  webhookUrlProblem,
  type Attempt,
  type Notice,
  type WebhookReach,
} from '#libs/domain';
import { PrivateAddress, askOutside, type Resolve } from '#libs/process';

/** One message as it goes out: Standard Webhooks, symmetric signatures. */
export interface WebhookMessage {
  url: string;
  notice: Omit<Notice, 'organizationId'>;
  /** What the webhook's owner was shown, without its prefix. */
  key: Uint8Array;
}

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
  resolve?: Resolve,
): Promise<Attempt> {
  const problem = webhookUrlProblem(url, reach);
  if (problem !== undefined) return { result: `not sent: the URL ${problem}` };
  const content = JSON.stringify({
    type: notice.type,
    timestamp: new Date(notice.createdAt).toISOString(),
    data: notice.data,
  });
  const seconds = Math.floor(now / 1_000);
  const headers = {
    'content-type': 'application/json',
    'content-length': String(Buffer.byteLength(content)),
    'user-agent': 'Towpath-Webhooks/1',
    'webhook-id': notice.id,
    'webhook-timestamp': String(seconds),
    'webhook-signature': `v1,${signature(key, signedContent(notice.id, seconds, content))}`,
  };
  const within = AbortSignal.any([signal, AbortSignal.timeout(WEBHOOK.timeoutMs)]);
  try {
    const sent = {
      method: 'POST',
      headers,
      content,
      reach,
      signal: within,
      ...(resolve && { resolve }),
    } as const;
    const { status } = await askOutside(new URL(url), sent);
    return { status, result: `answered ${status}` };
  } catch (error) {
    return { result: reasonOf(error) };
  }
}

function signature(key: Uint8Array, content: string): string {
  return createHmac('sha256', key).update(content).digest('base64');
}

/** In our own words: what a library says may hold addresses of our network. */
function reasonOf(error: unknown): string {
  if (error instanceof PrivateAddress) return NOT_PUBLIC;
  const { name, code = '' } = error as { name: string; code?: string };
  if (name === 'TimeoutError' || code === 'ETIMEDOUT') return 'no answer in time';
  if (name === 'AbortError') return 'no answer in time';
  if (/^(ENOTFOUND|EAI_)/.test(code)) return 'the name was not found';
  if (/CERT|TLS|SSL|SIGNATURE|SELF_SIGNED/.test(code)) return 'its certificate is not good';
  return 'no connection';
}
