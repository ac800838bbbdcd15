import type { DeviceRequest } from './people.types.js';
import type { Random } from '../id.js';

export const DEVICE = {
  /** How long a code is good. */
  lifeMs: 10 * 60_000,
  /** How long a device waits between polls; a quicker one is told to wait so much longer (RFC 8628 3.5). */
  intervalMs: 5_000,
} as const;

/** No vowels and no digits, so no words and nothing to mistake (RFC 8628 6.1): 20^8, 34 bits. */
const LETTERS = 'BCDFGHJKLMNPQRSTVWXZ';
const HALF = 4;
/** 240 = 12 * 20: a larger byte would favour the first letters. */
const FAIR = 240;

/** A code for a person to read and type, like `BCDF-GHJK`. */
export function newUserCode(random: Random): string {
  let text = '';
  while (text.length < 2 * HALF) {
    for (const byte of random(2 * HALF))
      if (byte < FAIR && text.length < 2 * HALF) text += LETTERS[byte % LETTERS.length];
  }
  return `${text.slice(0, HALF)}-${text.slice(HALF)}`;
}

/** The code as it was shown, from whatever a person typed; undefined when it is none. */
export function readUserCode(typed: string): string | undefined {
  const text = typed.toUpperCase().replace(/[\s-]/g, '');
  if (text.length !== 2 * HALF || [...text].some((letter) => !LETTERS.includes(letter))) return undefined;
  return `${text.slice(0, HALF)}-${text.slice(HALF)}`;
}

export type DevicePoll = 'pending' | 'slow_down' | 'denied' | 'expired' | 'approved';

/** What a poll is answered. An approval is given out once, also to a device that polls too often. */
export function judgePoll(request: DeviceRequest, now: number): DevicePoll {
  if (request.status === 'used' || request.expiresAt <= now) return 'expired';
  if (request.status === 'denied') return 'denied';
  if (request.status === 'approved') return 'approved';
  const { lastPolledAt, intervalMs } = request;
  // A timer of the device may run a little early.
  const tooSoon = lastPolledAt !== undefined && now - lastPolledAt < intervalMs * 0.9;
  return tooSoon ? 'slow_down' : 'pending';
}
