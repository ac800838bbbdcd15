import { canonical } from '../canonical.js';
import { formatDecimal } from '../price/decimal.js';
import { formatRatio } from '../price/ratio.js';
import type {
  Hash,
  LedgerDay,
  LedgerEntry,
  LedgerLine,
  Seal,
  SignedDay,
  SignedSeal,
} from './ledger.types.js';

/** A row of an export of the ledger: plain JSON, keys sorted when written. */
export type LedgerRow = Record<string, unknown> & {
  kind: 'ledger' | 'line' | 'entry' | 'seal' | 'day' | 'end';
};

const LEAF = 0;
const NODE = 1;

/** A line as it is sealed and exported. */
export function lineRow(sealNumber: number, ordinal: number, line: LedgerLine): LedgerRow {
  return {
    kind: 'line',
    seal: sealNumber,
    ordinal,
    window: new Date(line.windowStartMs).toISOString(),
    projectId: line.projectId,
    serviceId: line.serviceId,
    ...(line.revisionId === '' ? {} : { revisionId: line.revisionId }),
    priceZone: line.priceZone,
    plan: line.planId,
    version: line.planVersion,
    item: line.item,
    measured: formatDecimal(line.measured),
    multiplier: formatDecimal(line.multiplier),
    amount: formatRatio(line.amount),
  };
}

/** An entry as it is sealed and exported; postings by account. */
export function entryRow(sealNumber: number, ordinal: number, entry: LedgerEntry): LedgerRow {
  const { id, key, currency, actorId, windowStartMs, reference } = entry;
  return {
    kind: 'entry',
    seal: sealNumber,
    ordinal,
    ...{ id, key, entry: entry.kind, currency, actorId },
    ...(windowStartMs === undefined ? {} : { window: new Date(windowStartMs).toISOString() }),
    ...(reference === undefined ? {} : { reference }),
    at: new Date(entry.createdAt).toISOString(),
    postings: entry.postings
      .toSorted((a, b) => (a.account < b.account ? -1 : 1))
      .map(({ account, amount }) => ({ account, amount: formatRatio(amount) })),
  };
}

/** A seal as it is exported. */
export function sealRow({ hash, signature, ...seal }: SignedSeal): LedgerRow {
  return { ...sealedFields(seal), hash, signature };
}

/** Merkle root over rows, as in RFC 6962: leaves and nodes are told apart, an odd one goes up as it is. */
export function merkleRoot(rows: readonly LedgerRow[], hash: Hash): string {
  if (rows.length === 0) return hexOf(hash(new Uint8Array()));
  let level = rows.map((row) => hash(joined(LEAF, textBytes(canonical(row)))));
  while (level.length > 1) {
    const next: Uint8Array[] = [];
    for (let i = 0; i < level.length; i += 2) {
      const [left, right] = [level[i], level[i + 1]];
      if (left !== undefined) next.push(right === undefined ? left : hash(joined(NODE, left, right)));
    }
    level = next;
  }
  return hexOf(level[0] ?? new Uint8Array());
}

/** The hash of a seal: over everything it says, the seal before and its root included. */
export function sealHash(seal: Seal, hash: Hash): string {
  return hashOfRow(seal.organizationId, sealedFields(seal), hash);
}

/** The same from an exported seal or day without its hash and signature. */
export function hashOfRow(organizationId: string, row: LedgerRow, hash: Hash): string {
  return hexOf(hash(textBytes(canonical({ ...row, organizationId }))));
}

/** The UTC day of an instant, like 2026-11-21. */
export function dayOfInstant(atMs: number): string {
  return new Date(atMs).toISOString().slice(0, 10);
}

/** The hash of a day: over everything it says, the day before included. */
export function dayHash(day: LedgerDay, hash: Hash): string {
  return hashOfRow(day.organizationId, dayFields(day), hash);
}

/** A day as it is exported, behind its last seal. */
export function dayRow({ hash, signature, ...day }: SignedDay): LedgerRow {
  return { ...dayFields(day), hash, signature };
}

/** The first row of an export. */
export function headRow(of: {
  organizationId: string;
  /** Number of the first seal, and the hash of the one before it. */
  first: number;
  previous: string;
  /** The same of days: the seal that the first day in the file begins with, and the hash of the day before. */
  firstOfDay: number;
  previousDay: string;
  keys: readonly Record<string, unknown>[];
}): LedgerRow {
  return { kind: 'ledger', schemaVersion: 2, ...of };
}

/** The last row of an export. */
export function endRow(of: { seals: number; head: string; days: number }): LedgerRow {
  return { kind: 'end', ...of };
}

/**
 * A row as a line of an export: with a hash over it and the row before, so that whatever is changed, taken out, swapped
 * or cut off is found where it was done.
 * @param before the hash of the row before, '' for the first
 */
export function chainedRow(row: LedgerRow, before: string, hash: Hash): { text: string; chain: string } {
  const chain = hexOf(hash(textBytes(`${before} ${canonical(row)}`)));
  return { text: canonical({ ...row, chain }), chain };
}

/** Bytes of a text. */
export function textBytes(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

/** Lower-case hex. */
export function hexOf(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

function sealedFields(seal: Seal): LedgerRow {
  const { number, windowStartMs, position, streamSequence, lines, entries, root, previous, kid } = seal;
  const at = new Date(seal.sealedAt).toISOString();
  return {
    kind: 'seal',
    number,
    of: seal.kind,
    day: dayOfInstant(seal.sealedAt),
    ...(windowStartMs === undefined ? {} : { window: new Date(windowStartMs).toISOString() }),
    ...{ position, streamSequence, lines, entries, root, previous, kid },
    sealedAt: at,
  };
}

function dayFields({ day, first, last, head, previous, kid }: LedgerDay): LedgerRow {
  return { kind: 'day', day, first, last, head, previous, kid };
}

function joined(tag: number, ...parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(1 + parts.reduce((sum, { length }) => sum + length, 0));
  bytes[0] = tag;
  let at = 1;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}
