import { isIPv6 } from 'node:net';
import { Agent as Dispatcher, request } from 'undici';
import type { IngressWay, Knock } from './ingress.ways.js';

/** What a policy forbids is mostly met with silence: for how long that is waited for. */
export const ANSWER_MS = 2_000;
/** A host of nobody: the ingress says of it that it is not there. */
const NOBODY = 'door.invalid';
/** What a proxy in front of the ingress says when it does not reach it. */
const OF_PROXIES = [502, 503, 504];
/** The network knows no way there, or nobody knows the name. */
const AWAY = ['EHOSTUNREACH', 'ENETUNREACH', 'EADDRNOTAVAIL', 'ENOTFOUND', 'EAI_AGAIN'];

/** Asks whoever has that address for something, with and without TLS, as somebody would who is not let in. */
export async function knockAt(way: IngressWay, signal: AbortSignal, answerMs: number): Promise<Knock> {
  const dispatcher = new Dispatcher({ connect: { rejectUnauthorized: false, timeout: answerMs } });
  const limit = AbortSignal.any([signal, AbortSignal.timeout(answerMs)]);
  const address = `${isIPv6(way.host) ? `[${way.host}]` : way.host}:${way.port}`;
  try {
    const knocks = await Promise.all(
      ['http', 'https'].map((scheme) => ask(`${scheme}://${address}/`, dispatcher, limit)),
    );
    return (
      knocks.find((knock) => knock === 'answered') ?? knocks.find((knock) => knock === 'closed') ?? 'away'
    );
  } finally {
    await dispatcher.destroy();
  }
}

async function ask(url: string, dispatcher: Dispatcher, signal: AbortSignal): Promise<Knock> {
  try {
    const { statusCode, body } = await request(url, { headers: { host: NOBODY }, dispatcher, signal });
    body.on('error', () => undefined).destroy();
    return OF_PROXIES.includes(statusCode) ? 'closed' : 'answered';
  } catch (error) {
    return unanswered(error);
  }
}

/** What an error of the network says. */
export function unanswered(error: unknown): Knock {
  return AWAY.includes((error as { code?: string }).code ?? '') ? 'away' : 'closed';
}
