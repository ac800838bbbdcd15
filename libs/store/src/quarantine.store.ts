import type { Id, QuarantineReason } from '#libs/domain';
import type { LeasedTx } from './lease.store.js';
import {
  correctedRevisionSql,
  countQuarantineSql,
  dismissQuarantineSql,
  findReleasedSql,
  listQuarantineSql,
  releaseQuarantineSql,
  settleReleasedSql,
  type QuarantineState,
} from './quarantine.sql.js';
import { ms, present, time, type PageRequest } from './row.js';
import type { Tx } from './statement.js';

/** What came of a released record. */
export type ReleaseOutcome = 'stored' | QuarantineReason;

/** Fields of a record that billing is to read otherwise than they came. */
export interface UsageCorrection {
  /** UTC ms. */
  endMs?: number;
  /** With `position`: another identity, for what came under one that was taken. */
  producer?: Id<'spl'>;
  position?: number;
  /** Of the record's service. */
  revisionId?: Id<'rev'>;
}

/** Refused records of one reason of which the same became. */
export interface QuarantineCount {
  reason: QuarantineReason;
  state: QuarantineState;
  count: number;
}

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
  /** What an operator put in place of what came, at the last release. */
  correction?: UsageCorrection;
  /** Why an operator corrected or dismissed it. */
  because?: string;
  /** Never to be billed, by an operator's word. */
  dismissedAt?: number;
  dismissedBy?: string;
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
      correction: row.correction,
      because: row.because,
      dismissedAt: row.dismissed_at?.getTime(),
      dismissedBy: row.dismissed_by,
    }),
  }));
}

/**
 * The operator's word about records that name this organization: billing looks at them again.
 * @param which numbers of records; without, all of these reasons, at most `limit`
 * @param word what billing reads in place of what came; the record itself stays as it came
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
  word: { correction?: UsageCorrection | undefined; because?: string | undefined } = {},
): Promise<number[]> {
  const { organizationId, reasons, numbers, limit } = which;
  const values = [organizationId, reasons, numbers ?? null, limit, time(by.now), by.actorId];
  const said = [word.correction ?? null, word.because ?? null];
  return (await tx.run(releaseQuarantineSql, [...values, ...said])).map(({ number }) => number);
}

/**
 * The revision of that name or id, of the service that a refused record names. Bound to the organization.
 * @returns undefined when no record of that number names the organization; no id when the service has no such revision
 */
export async function findCorrectedRevision(
  tx: Tx,
  organizationId: string,
  number: number,
  revision: string,
): Promise<{ revisionId?: Id<'rev'> } | undefined> {
  const row = await tx.one(correctedRevisionSql, [organizationId, number, revision]);
  return row && present({ revisionId: row.revision_id });
}

/**
 * The operator's word that these are never billed; they stay where they are.
 * @param which numbers of records, or a reason, at most `limit`
 * @returns the numbers of those that waited
 */
export async function dismissQuarantine(
  tx: Tx,
  which: { reason?: string | undefined; numbers?: number[] | undefined; limit: number },
  by: { actorId: string; now: number; because: string },
): Promise<number[]> {
  const { reason, numbers, limit } = which;
  const values = [reason ?? null, time(by.now), by.actorId, by.because, numbers ?? null, limit];
  return (await tx.run(dismissQuarantineSql, values)).map(({ number }) => number);
}

/** What an operator released and nobody has looked at since, as it came; locked to the end of the transaction. */
export function findReleased(tx: LeasedTx, limit: number): Promise<{ number: number; body: unknown }[]> {
  return tx.run(findReleasedSql, [limit]);
}

/** How many records were ever refused, by reason and what became of them. Reads all of them. */
export function countQuarantine(tx: Tx): Promise<QuarantineCount[]> {
  return tx.run(countQuarantineSql);
}

/** Notes what came of released records. */
export async function settleReleased(
  tx: LeasedTx,
  outcomes: ReadonlyMap<number, ReleaseOutcome>,
  now: number,
): Promise<void> {
  await tx.run(settleReleasedSql, [[...outcomes.keys()], [...outcomes.values()], time(now)]);
}
