import type { QuarantineReason } from '#libs/domain';
import type { LeasedTx } from './lease.store.js';
import {
  findReleasedSql,
  listQuarantineSql,
  releaseQuarantineSql,
  settleReleasedSql,
} from './quarantine.sql.js';
import { ms, present, time, type PageRequest } from './row.js';
import type { Tx } from './statement.js';

/** What came of a released record. */
export type ReleaseOutcome = 'stored' | QuarantineReason;

/** A usage record that was refused, as an operator is shown it. */
export interface QuarantineEntry {
  number: number;
  producer: string;
  position: number;
  reason: QuarantineReason;
  /** The record as it came, as JSON, cut off when it is long. */
  record: string;
  receivedAt: number;
  releasedAt?: number;
  releasedBy?: string;
  settledAt?: number;
  outcome?: ReleaseOutcome;
}

/** Nobody reads more of one record. */
const SHOWN_CHARACTERS = 2_000;

/** Newest first; `waiting`: only what can still be released. */
export async function listQuarantine(
  tx: Tx,
  which: { reason?: string | undefined; organizationId?: string | undefined; waiting: boolean },
  page: PageRequest,
): Promise<QuarantineEntry[]> {
  const { reason, organizationId, waiting } = which;
  const rows = await tx.run(listQuarantineSql, [
    ...[reason ?? null, organizationId ?? null, waiting],
    ...[page.after ?? null, SHOWN_CHARACTERS, page.limit],
  ]);
  return rows.map((row) => ({
    number: row.number,
    producer: row.producer,
    position: row.position,
    reason: row.reason,
    record: row.record,
    receivedAt: ms(row.received_at),
    ...present({
      releasedAt: row.released_at?.getTime(),
      releasedBy: row.released_by,
      settledAt: row.settled_at?.getTime(),
      outcome: row.outcome as ReleaseOutcome | null,
    }),
  }));
}

/**
 * The operator's word about records that name this organization: billing looks at them again.
 * @param which numbers of records; without, all of these reasons, at most `limit`
 * @returns the numbers that are released now
 */
export async function releaseQuarantine(
  tx: Tx,
  which: {
    organizationId: string;
    reasons: readonly QuarantineReason[];
    numbers?: readonly number[] | undefined;
    limit: number;
  },
  by: { actorId: string; now: number },
): Promise<number[]> {
  const { organizationId, reasons, numbers, limit } = which;
  const values = [organizationId, reasons, numbers ?? null, limit, time(by.now), by.actorId];
  return (await tx.run(releaseQuarantineSql, values)).map(({ number }) => number);
}

/** What an operator released and nobody has looked at since, as it came; locked to the end of the transaction. */
export function findReleased(tx: LeasedTx, limit: number): Promise<{ number: number; body: unknown }[]> {
  return tx.run(findReleasedSql, [limit]);
}

/** Notes what came of released records. */
export async function settleReleased(
  tx: LeasedTx,
  outcomes: ReadonlyMap<number, ReleaseOutcome>,
  now: number,
): Promise<void> {
  await tx.run(settleReleasedSql, [[...outcomes.keys()], [...outcomes.values()], time(now)]);
}
