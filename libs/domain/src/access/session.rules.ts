const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const DAY = 24 * 60 * MINUTE;

export const SESSION = {
  /** How long an access token is good. */
  accessMs: 10 * MINUTE,
  /** A session that is not refreshed for so long is over. */
  idleMs: 30 * DAY,
  /** A session ends after so long, however busy it is. */
  absoluteMs: 90 * DAY,
  /** A spent refresh token is answered again for so long: two tabs that refresh at once are no theft. */
  replayMs: 10 * SECOND,
  /** A person has at most so many; the one used longest ago makes room. */
  maximum: 50,
} as const;

/** What is known of a refresh token that somebody shows. Times in UTC ms. */
export interface ShownRefresh {
  expiresAt: number;
  spentAt?: number | undefined;
  /** Whether the token that replaced it was spent too. */
  successorSpent: boolean;
  session: { expiresAt: number; endedAt?: number | undefined };
}

/**
 * What a shown refresh token gets: `rotate` a new one, `replay` the one it was replaced by, `over` nothing, and `reuse`
 * ends the whole session: one of two owners of a spent token is a thief, and nobody knows which.
 */
export function judgeRefresh(shown: ShownRefresh, now: number): 'rotate' | 'replay' | 'reuse' | 'over' {
  const { session, spentAt, expiresAt } = shown;
  if (session.endedAt !== undefined || session.expiresAt <= now) return 'over';
  if (spentAt === undefined) return expiresAt > now ? 'rotate' : 'over';
  return !shown.successorSpent && now - spentAt < SESSION.replayMs ? 'replay' : 'reuse';
}
