import { newId, type HubEventName, type Random } from '#libs/domain';
import {
  dropSentSql,
  highestSequenceSql,
  markSentSql,
  refillSql,
  takeUnsentSql,
  writeOutboxSql,
  writeServicesChangedSql,
} from './outbox.sql.js';
import { ms, present, time } from './row.js';
import type { Tx } from './statement.js';

/** Sent rows are kept at least this long, so that a broker that lost its newest messages can be refilled. */
export const OUTBOX_KEPT_MS = 24 * 3_600_000;

export interface NewOutboxRow {
  id: string;
  name: HubEventName;
  /** What to look at; never what to do. */
  key: string;
  /** The tenant it belongs to; absent for the platform's own things. */
  organizationId?: string;
  /** What it says; only of messages that others read. */
  data?: object;
  now: number;
}

/** A row the broker has not acknowledged yet. `time` is UTC ms. */
export interface UnsentRow {
  id: string;
  name: HubEventName;
  key: string;
  data?: object;
  time: number;
}

/** Writes the message in the writer's transaction; after commit the writer calls `db.notify('outbox')`. */
export async function writeOutbox(tx: Tx, row: NewOutboxRow): Promise<void> {
  const data = row.data === undefined ? null : JSON.stringify(row.data);
  await tx.run(writeOutboxSql, [row.id, row.name, row.key, row.organizationId ?? null, time(row.now), data]);
}

/** The deployer is to look at these services of the organization: one message each, as by `writeOutbox`. */
export async function writeServicesChanged(
  tx: Tx,
  organizationId: string,
  serviceIds: readonly string[],
  { now, random }: { now: number; random: Random },
): Promise<void> {
  const ids = serviceIds.map(() => newId('evt', now, random));
  await tx.run(writeServicesChangedSql, [ids, serviceIds, organizationId, time(now)]);
}

/** The oldest unsent rows, locked until the transaction ends; rows another relay holds are left out. */
export async function takeUnsent(tx: Tx, limit: number): Promise<UnsentRow[]> {
  const rows = await tx.run(takeUnsentSql, [limit]);
  return rows.map(({ id, name, key, data, created_at: created }) => ({
    ...{ id, name, key, time: ms(created) },
    ...present({ data }),
  }));
}

/** Notes that the broker has stored them, each at a sequence of its stream. */
export async function markSent(
  tx: Tx,
  sent: readonly { id: string; sequence: number }[],
  now: number,
): Promise<void> {
  const ids = sent.map((row) => row.id);
  const sequences = sent.map((row) => row.sequence);
  await tx.run(markSentSql, [ids, sequences, time(now)]);
}

/** The highest sequence the broker ever acknowledged among the rows kept; 0 when none. */
export async function highestSequence(tx: Tx): Promise<number> {
  return (await tx.one(highestSequenceSql))?.sequence ?? 0;
}

/** Makes rows above `lastSequence` unsent again: the broker lost them. Returns how many. */
export async function refillAfter(tx: Tx, lastSequence: number): Promise<number> {
  return (await tx.run(refillSql, [lastSequence])).length;
}

/** Drops rows sent long ago (see OUTBOX_KEPT_MS). Returns how many. */
export async function dropSent(tx: Tx, now: number): Promise<number> {
  return (await tx.run(dropSentSql, [time(now - OUTBOX_KEPT_MS)])).length;
}
