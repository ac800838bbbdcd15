import { isPublicAddress } from './public-address.js';
import type { Attempt, Delivery } from './webhook.types.js';

/** Bounds of webhooks; the secret is the key that messages are signed with. */
export const WEBHOOK = { perOrganization: 20, urlLength: 500, secretBytes: 32, timeoutMs: 10_000 } as const;

/** Which addresses an operator lets messages go to: only those of the public Internet by TLS, or any. */
export type WebhookReach = 'public' | 'any';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
/** How long after each attempt that failed comes the next one (Standard Webhooks' example schedule). */
const PAUSES = [
  5 * SECOND,
  5 * MINUTE,
  30 * MINUTE,
  2 * HOUR,
  5 * HOUR,
  10 * HOUR,
  14 * HOUR,
  20 * HOUR,
  24 * HOUR,
];
/** The most that is added to a pause, so that what failed together does not come back together. */
const JITTER = 0.1;
const GONE = 410;

/** Why no messages can be sent there, or undefined. What a name resolves to is checked again at every sending. */
export function webhookUrlProblem(text: string, reach: WebhookReach): string | undefined {
  if (text.length > WEBHOOK.urlLength) return `must be at most ${WEBHOOK.urlLength} characters long`;
  const url = URL.parse(text);
  if (!url || !['https:', 'http:'].includes(url.protocol)) return 'must be an https URL';
  if (url.username !== '' || url.password !== '') return 'must not hold a user or a password';
  if (url.hash !== '') return 'must not hold a fragment';
  if (reach === 'any') return undefined;
  if (url.protocol !== 'https:') return 'must be an https URL';
  return isLocalName(url.hostname) ? 'must be an address of the public Internet' : undefined;
}

/** A name that can only be of this machine or network, or an address written out that is not public. */
function isLocalName(hostname: string): boolean {
  const host = hostname.replace(/\.$/, '');
  if (/^[\d.]+$/.test(host) || host.startsWith('[')) return !isPublicAddress(host.replace(/^\[|\]$/g, ''));
  return !host.includes('.') || /(^|\.)(localhost|local|internal)$/.test(host);
}

/** What is signed (Standard Webhooks): the id, seconds and body, apart by a point. */
export function signedContent(id: string, atSeconds: number, body: string): string {
  return `${id}.${atSeconds}.${body}`;
}

/**
 * What a delivery becomes by an attempt. `random` is in [0, 1).
 * @returns also whether the webhook is to get nothing more
 */
export function judgeAttempt(
  { attempts }: Pick<Delivery, 'attempts'>,
  { status, result }: Attempt,
  now: number,
  random: number,
): Pick<Delivery, 'status' | 'attempts' | 'at'> & { lastResult: string; gone: boolean } {
  const after = { attempts: attempts + 1, lastResult: result, at: now, gone: status === GONE };
  if (status !== undefined && status >= 200 && status < 300) return { ...after, status: 'delivered' };
  const pause = PAUSES[attempts];
  if (after.gone || pause === undefined) return { ...after, status: 'failed' };
  return { ...after, status: 'pending', at: now + Math.round(pause * (1 + JITTER * random)) };
}
