import type { SignedDay } from '#libs/domain';
import { daysToCloseSql, insertDaySql, lastDaySql, listDaysSql, type DayRow } from './ledger-day.sql.js';
import type { LeasedTx } from './lease.store.js';
import type { Tx } from './statement.js';

/** The last day of an organization's chain that is over and signed; with a seal, of those that end there or before. */
export async function lastDay(
  tx: Tx,
  organizationId: string,
  upToSeal?: number,
): Promise<SignedDay | undefined> {
  const row = await tx.one(lastDaySql, [organizationId, upToSeal ?? null]);
  return row && dayOf(organizationId, row);
}

/** Days that end at one of these seals, ascending. */
export async function listDays(
  tx: Tx,
  organizationId: string,
  seals: { first: number; last: number },
): Promise<SignedDay[]> {
  const rows = await tx.run(listDaysSql, [organizationId, seals.first, seals.last]);
  return rows.map((row) => dayOf(organizationId, row));
}

/** Adds a day to the end of the chain. */
export async function insertDay(tx: LeasedTx, one: SignedDay): Promise<void> {
  await tx.run(insertDaySql, [
    ...[one.organizationId, one.day, one.first, one.last, one.head, one.previous, one.hash, one.kid],
    Buffer.from(one.signature, 'base64url'),
  ]);
}

/** Organizations whose last seals are of a day before this one, like 2026-11-21, and are under no day yet; at most so many. */
export async function daysToClose(tx: Tx, today: string, limit: number): Promise<string[]> {
  return (await tx.run(daysToCloseSql, [today, limit])).map((row) => row.organization_id);
}

function dayOf(organizationId: string, row: DayRow): SignedDay {
  const { day, first_seal: first, last_seal: last, head, previous, hash, kid } = row;
  const signature = Buffer.from(row.signature, 'base64').toString('base64url');
  return { organizationId, day, first, last, head, previous, hash, kid, signature };
}
