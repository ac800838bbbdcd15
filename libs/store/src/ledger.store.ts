import {
  balanced,
  balancesOf,
  decimalOver,
  formatDecimal,
  newId,
  parseRatio,
  type LedgerAccount,
  type LedgerEntry,
  type NewEntry,
  type Posting,
  type Random,
  type Ratio,
} from '#libs/domain';
import {
  balancesSql,
  findEntrySql,
  insertEntrySql,
  insertNoteSql,
  insertPostingsSql,
  listEntriesSql,
  organizationsToSealSql,
  sealedEntriesSql,
  unsealedEntriesSql,
  type EntryRow,
} from './ledger.sql.js';
import type { LeasedTx } from './lease.store.js';
import { AFTER_ALL, ms, present, time, type PageRequest } from './row.js';
import type { Tx } from './statement.js';

/** An entry as it is kept. */
export interface StoredEntry extends LedgerEntry {
  /** The seal that covers it; absent for a moment after it was written. */
  sealNumber?: number;
  /** Why, in somebody's words. Not part of the ledger: it is erased with the organization. */
  note?: string;
}

/**
 * Adds an entry, once by its key: the same key again gives what was written the first time.
 * @throws TowpathError INTERNAL for postings that do not sum to zero
 */
export async function appendEntry(tx: Tx, entry: LedgerEntry, note?: string): Promise<StoredEntry> {
  const { organizationId, id, key, kind, currency, windowStartMs, reference, actorId, createdAt } = entry;
  const postings = balanced(entry.postings);
  const values = [organizationId, id, key, kind, currency, windowStartMs ?? null, reference ?? null];
  const isNew = (await tx.one(insertEntrySql, [...values, actorId, time(createdAt)])) !== undefined;
  if (isNew) {
    const amounts = postings.map(({ amount }) => decimalOver(amount));
    await tx.run(insertPostingsSql, [
      organizationId,
      id,
      postings.map(({ account }) => account),
      amounts.map(({ decimal }) => formatDecimal(decimal)),
      amounts.map(({ divisor }) => String(divisor)),
    ]);
    if (note !== undefined) await tx.run(insertNoteSql, [organizationId, id, note]);
  }
  const row = await tx.one(findEntrySql, [organizationId, key]);
  if (!row) throw new Error(`ledger entry ${key} is not there after it was written`);
  return entryOf(organizationId, row);
}

/** Who writes an entry, and when. */
export interface EntryMaker {
  organizationId: string;
  actorId: string;
  nowMs: number;
  random: Random;
}

/** Adds what a rule made, once by its key (see appendEntry), under an id of its own. */
export function postEntry(
  tx: Tx,
  made: NewEntry,
  { organizationId, actorId, nowMs, random }: EntryMaker,
): Promise<StoredEntry> {
  const id = newId('ent', nowMs, random);
  return appendEntry(tx, { ...made, organizationId, actorId, id, createdAt: nowMs });
}

/** The entry of a key, if it was written. */
export async function findEntry(
  tx: Tx,
  organizationId: string,
  key: string,
): Promise<StoredEntry | undefined> {
  const row = await tx.one(findEntrySql, [organizationId, key]);
  return row && entryOf(organizationId, row);
}

/** Newest first. */
export async function listEntries(tx: Tx, organizationId: string, page: PageRequest): Promise<StoredEntry[]> {
  const rows = await tx.run(listEntriesSql, [organizationId, page.after ?? AFTER_ALL, page.limit]);
  return rows.map((row) => entryOf(organizationId, row));
}

/** What is on each account of an organization, by currency: exact. Those of one currency sum to zero. */
export async function ledgerBalances(
  tx: Tx,
  organizationId: string,
): Promise<Map<string, Map<LedgerAccount, Ratio>>> {
  const byCurrency = Map.groupBy(await tx.run(balancesSql, [organizationId]), ({ currency }) => currency);
  return new Map(
    [...byCurrency].map(([currency, rows]) => [
      currency,
      balancesOf(rows.map(({ account, amount, divisor }) => postingOf([account, amount, divisor]))),
    ]),
  );
}

/** Entries that no seal covers yet, held for the transaction that seals them; oldest first. */
export async function takeUnsealed(tx: LeasedTx, organizationId: string): Promise<StoredEntry[]> {
  return (await tx.run(unsealedEntriesSql, [organizationId])).map((row) => entryOf(organizationId, row));
}

/** Organizations with entries that no seal covers yet. */
export async function organizationsToSeal(tx: Tx): Promise<string[]> {
  return (await tx.run(organizationsToSealSql)).map((row) => row.organization_id);
}

/** Entries that these seals cover, in the order in which they are sealed. */
export async function entriesOfSeals(
  tx: Tx,
  organizationId: string,
  seals: readonly number[],
): Promise<StoredEntry[]> {
  return (await tx.run(sealedEntriesSql, [organizationId, seals])).map((row) => entryOf(organizationId, row));
}

function entryOf(organizationId: string, row: EntryRow): StoredEntry {
  return {
    organizationId,
    id: row.id,
    key: row.key,
    kind: row.kind as LedgerEntry['kind'],
    currency: row.currency,
    actorId: row.actor_id,
    createdAt: ms(row.created_at),
    postings: row.postings.map(postingOf),
    ...present({
      windowStartMs: row.window_start_ms,
      reference: row.reference,
      sealNumber: row.seal_number,
      note: row.note,
    }),
  };
}

function postingOf([account, amount, divisor]: [string, string, string]): Posting {
  return { account: account as LedgerAccount, amount: parseRatio(`${amount}/${divisor}`) };
}
