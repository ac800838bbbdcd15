/** So many at once, then one every `everyMs`. */
export interface Rate {
  burst: number;
  everyMs: number;
}

const SECOND = 1_000;
const MINUTE = 60 * SECOND;

/** What is limited, by whom. Held in PostgreSQL, so that replicas share one count. */
export const RATES = {
  /** Passwords tried for one e-mail address; a right one begins anew. */
  'password.account': { burst: 10, everyMs: MINUTE },
  /** Passwords and invitations tried from one network address. */
  'password.address': { burst: 100, everyMs: 2 * SECOND },
  /** Device sign-ins started from one network address. */
  'device.address': { burst: 30, everyMs: 10 * SECOND },
  /** Device codes typed by one person: a code has 34 bits. */
  'device.person': { burst: 10, everyMs: MINUTE },
} as const satisfies Record<string, Rate>;

export type RateName = keyof typeof RATES;

/** What one more use comes to. */
export type RateVerdict = { allowed: true; emptyAt: number } | { allowed: false; retryAfterMs: number };

/**
 * One more use under a rate (GCRA: one time says it all). `emptyAt` is when nothing of the past counts any more, in UTC
 * ms; 0 when there is no past. A refused use costs nothing.
 */
export function judgeRate(rate: Rate, emptyAt: number, now: number): RateVerdict {
  const next = Math.max(emptyAt, now) + rate.everyMs;
  const wait = next - now - rate.burst * rate.everyMs;
  return wait > 0 ? { allowed: false, retryAfterMs: wait } : { allowed: true, emptyAt: next };
}
