import { createHash } from 'node:crypto';
import { RATES, judgeRate, type RateName, type RateVerdict } from '#libs/domain';
import { clearRateSql, forgetRatesSql, holdRateSql, setRateSql } from './rate-limit.sql.js';
import { ms, time } from './row.js';
import type { Tx } from './statement.js';

/**
 * Counts one more use under a rate. In a transaction of its own, so that what is refused later was counted. The subject
 * (an e-mail address, a network address) is kept as its SHA-256.
 */
export async function useRate(tx: Tx, name: RateName, subject: string, now: number): Promise<RateVerdict> {
  const key = [name, digest(subject)];
  const row = await tx.one(holdRateSql, [...key, time(now)]);
  const verdict = judgeRate(RATES[name], row ? ms(row.empty_at) : now, now);
  if (verdict.allowed) await tx.run(setRateSql, [...key, time(verdict.emptyAt)]);
  await tx.run(forgetRatesSql, [time(now - 60_000)]);
  return verdict;
}

/** Begins anew. */
export async function clearRate(tx: Tx, name: RateName, subject: string): Promise<void> {
  await tx.run(clearRateSql, [name, digest(subject)]);
}

function digest(subject: string): Buffer {
  return createHash('sha256').update(subject).digest();
}
