import { decimalOver, formatDecimal, type LedgerLine, type SealKind, type SignedSeal } from '#libs/domain';
import {
  insertLinesSql,
  insertSealSql,
  lastSealSql,
  linesOfSealsSql,
  listSealsSql,
  sealEntriesSql,
  sealedAgainSql,
  sealsOfSpanSql,
  type SealRow,
} from './ledger-seal.sql.js';
import { lineOf } from './ledger-window.store.js';
import type { LeasedTx } from './lease.store.js';
import { ms, present, time } from './row.js';
import type { Tx } from './statement.js';

/** The end of an organization's chain. */
export async function lastSeal(tx: Tx, organizationId: string): Promise<SignedSeal | undefined> {
  const row = await tx.one(lastSealSql, [organizationId]);
  return row && sealOf(organizationId, row);
}

/** An hour of usage in which a price item changed, and the last seal over it. */
export interface SealedHour {
  plan: string;
  version: number;
  item: string;
  startMs: number;
  seal: number;
}

/** What of the hours in [fromMs, toMs) was sealed after a seal; ascending by hour. */
export async function sealedAfter(
  tx: Tx,
  organizationId: string,
  { fromMs, toMs }: { fromMs: number; toMs: number },
  seal: number,
): Promise<SealedHour[]> {
  const rows = await tx.run(sealedAgainSql, [organizationId, fromMs, toMs, seal]);
  return rows.map(({ plan_id: plan, plan_version: version, item, window_start_ms: startMs, seal: last }) => ({
    ...{ plan, version, item, startMs, seal: last },
  }));
}

/** Adds a seal with the lines it covers, and notes it on the entries it covers. */
export async function insertSeal(
  tx: LeasedTx,
  seal: SignedSeal,
  lines: readonly LedgerLine[],
  entryIds: readonly string[],
): Promise<void> {
  const { organizationId, number, kind, windowStartMs, position, streamSequence } = seal;
  await tx.run(insertSealSql, [
    ...[organizationId, number, kind, new Date(seal.sealedAt).toISOString().slice(0, 10)],
    ...[windowStartMs ?? null, position, streamSequence, seal.lines, seal.entries],
    ...[seal.root, seal.previous, seal.hash, seal.kid, Buffer.from(seal.signature, 'base64url')],
    time(seal.sealedAt),
  ]);
  if (lines.length > 0) await tx.run(insertLinesSql, [organizationId, number, ...lineColumns(lines)]);
  if (entryIds.length > 0) await tx.run(sealEntriesSql, [organizationId, number, entryIds]);
}

/** Seals after a number, ascending. */
export async function listSeals(
  tx: Tx,
  organizationId: string,
  page: { after: number; upTo?: number; limit: number },
): Promise<SignedSeal[]> {
  const rows = await tx.run(listSealsSql, [organizationId, page.after, page.upTo ?? null, page.limit]);
  return rows.map((row) => sealOf(organizationId, row));
}

/** Numbers of the first and the last seal made on days in [from, to), like 2026-11-21; undefined when there is none. */
export async function sealsOfDays(
  tx: Tx,
  organizationId: string,
  from: string,
  to: string,
): Promise<{ first: number; last: number } | undefined> {
  const row = await tx.one(sealsOfSpanSql, [organizationId, from, to]);
  if (row === undefined || row.first === null || row.last === null) return undefined;
  return { first: row.first, last: row.last };
}

/** A line and the seal over it. */
export interface SealedLine {
  sealNumber: number;
  ordinal: number;
  line: LedgerLine;
}

/** Lines that these seals cover, in the order in which they are sealed. */
export async function linesOfSeals(
  tx: Tx,
  organizationId: string,
  seals: readonly number[],
): Promise<SealedLine[]> {
  const rows = await tx.run(linesOfSealsSql, [organizationId, seals]);
  return rows.map((row) => ({ sealNumber: row.seal_number, ordinal: row.ordinal, line: lineOf(row) }));
}

function lineColumns(lines: readonly LedgerLine[]): unknown[] {
  const amounts = lines.map(({ amount }) => decimalOver(amount));
  return [
    lines.map((line) => line.windowStartMs),
    lines.map((line) => line.projectId),
    lines.map((line) => line.serviceId),
    lines.map((line) => line.revisionId),
    lines.map((line) => line.priceZone),
    lines.map((line) => line.planId),
    lines.map((line) => line.planVersion),
    lines.map((line) => line.item),
    lines.map((line) => formatDecimal(line.measured)),
    lines.map((line) => formatDecimal(line.multiplier)),
    amounts.map(({ decimal }) => formatDecimal(decimal)),
    amounts.map(({ divisor }) => String(divisor)),
  ];
}

function sealOf(organizationId: string, row: SealRow): SignedSeal {
  return {
    organizationId,
    number: row.number,
    kind: row.kind as SealKind,
    position: row.position,
    streamSequence: row.stream_sequence,
    lines: row.lines,
    entries: row.entries,
    root: row.root,
    previous: row.previous,
    hash: row.hash,
    kid: row.kid,
    signature: Buffer.from(row.signature, 'base64').toString('base64url'),
    sealedAt: ms(row.sealed_at),
    ...present({ windowStartMs: row.window_start_ms }),
  };
}
