import { TowpathError } from '#libs/domain';
import { findAnswerSql, forgetAnswersSql, holdKeySql, insertAnswerSql } from './idempotency.sql.js';
import { time } from './row.js';
import type { Tx } from './statement.js';

/** How long an answer is kept and given again, in ms. */
export const IDEMPOTENCY_KEPT_MS = 24 * 3_600_000;

/** Whose key it is, and a digest of the request it came with. */
export interface IdempotencyClaim {
  organizationId: string;
  actorId: string;
  key: string;
  fingerprint: string;
}

export interface StoredAnswer {
  status: number;
  body: unknown;
}

/**
 * Holds the key for this transaction, unless another does, and gives the answer of the first request, if there was one. The answer is
 * stored in the transaction of the work itself, so a crash leaves either both or neither.
 * @throws TowpathError IDEMPOTENCY_CONFLICT when the key came with another request, or its first request still runs
 */
export async function claimIdempotencyKey(
  tx: Tx,
  claim: IdempotencyClaim,
  now: number,
): Promise<StoredAnswer | undefined> {
  const { organizationId, actorId, key } = claim;
  const oldest = time(now - IDEMPOTENCY_KEPT_MS);
  const lock = await tx.one(holdKeySql, [organizationId, actorId, key]);
  if (lock?.held) await tx.run(forgetAnswersSql, [organizationId, oldest]);
  const stored = await tx.one(findAnswerSql, [organizationId, actorId, key, oldest]);
  if (!stored) {
    if (lock?.held) return undefined;
    throw new TowpathError(
      'IDEMPOTENCY_CONFLICT',
      'The first request with this Idempotency-Key still runs.',
      {
        nextStep: 'Wait for it, then send the same request again.',
      },
    );
  }
  if (stored.fingerprint !== claim.fingerprint) {
    throw new TowpathError('IDEMPOTENCY_CONFLICT', 'This Idempotency-Key was used for another request.', {
      nextStep: 'Use a new key for a new request.',
    });
  }
  return { status: stored.status, body: stored.body };
}

/** Keeps the answer of the work done in this transaction. */
export async function storeAnswer(
  tx: Tx,
  claim: IdempotencyClaim,
  answer: StoredAnswer,
  now: number,
): Promise<void> {
  const { organizationId, actorId, key, fingerprint } = claim;
  const body = JSON.stringify(answer.body ?? null);
  await tx.run(insertAnswerSql, [organizationId, actorId, key, fingerprint, answer.status, body, time(now)]);
}
