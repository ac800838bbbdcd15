import { TowpathError } from '../error.js';
import { canonical } from '../canonical.js';
import { NOTHING, formatRatio, parseRatio, plus, type Ratio } from '../price/ratio.js';
import { chainedRow, hashOfRow, merkleRoot, type LedgerRow } from './ledger.seal.js';
import type { Hash } from './ledger.types.js';

/** What a file said about an organization's ledger, once all of it was found to be right. */
export interface LedgerReport {
  organizationId: string;
  seals: number;
  lines: number;
  entries: number;
  /** The hash of the last seal: compare it with what the installation says. */
  head: string;
  /** Signed ends of days in the file, and the last one: its signature says what had been sealed by then. */
  days: number;
  lastDay?: { day: string; hash: string };
  /** Ids of the keys that signed. */
  kids: string[];
  /** What the entries of the file come to on each account in each currency; exact. */
  accounts: { account: string; amount: string; currency: string }[];
}

/** Exports of this version hold signed ends of days; the ones before had none. */
const WITH_DAYS = 2;

/** Checks a signature over a hash in hex by a public JWK, and that the key's id is the JWK's thumbprint. */
export type CheckSignature = (kid: string, jwk: unknown, hash: string, signature: string) => boolean;

/**
 * Checks an export of the ledger row by row, offline: every row follows from the one before, every seal covers the rows
 * before it and is signed, every entry sums to zero, and nothing is missing at the end.
 */
export class LedgerVerifier {
  private line = 0;
  private chain = '';
  private head: LedgerRow | undefined;
  private previous = '';
  private next = 1;
  private firstOfDay = 1;
  private previousDay = '';
  private lastDay: LedgerReport['lastDay'];
  private rows: LedgerRow[] = [];
  private ended = false;
  private holdsKept: boolean;
  private readonly count = { seals: 0, lines: 0, entries: 0, days: 0 };
  private readonly kids = new Set<string>();
  /** By account and currency. */
  private readonly sums = new Map<string, Ratio>();

  constructor(
    private readonly hash: Hash,
    private readonly check: CheckSignature,
    /** Hash of a seal or of the end of a day that was seen before: the file must hold it, or go on right behind it. */
    private readonly kept?: string,
  ) {
    this.holdsKept = kept === undefined;
  }

  /** @throws TowpathError INVALID_ARGUMENT naming the line, the first one that is not right */
  add(text: string): void {
    this.line += 1;
    if (this.ended) this.refuse('comes after the end');
    try {
      this.take(this.read(text));
    } catch (error) {
      if (error instanceof TowpathError) throw error;
      // only a file that somebody made: what an installation writes has these fields
      this.refuse('is of another form');
    }
  }

  private take(row: LedgerRow): void {
    if (this.head === undefined) this.begin(row);
    else if (row.kind === 'seal') this.seal(row);
    else if (row.kind === 'day') this.day(row);
    else if (row.kind === 'end') this.end(row);
    else this.cover(row);
  }

  /** @throws TowpathError INVALID_ARGUMENT when the file ends early */
  finish(): LedgerReport {
    this.line += 1;
    if (!this.ended) this.refuse('is missing: the file ends before its end row');
    return {
      organizationId: String(this.head?.['organizationId']),
      ...this.count,
      head: this.previous,
      ...(this.lastDay && { lastDay: this.lastDay }),
      kids: [...this.kids],
      accounts: [...this.sums].map(([key, amount]) => {
        const [account = '', currency = ''] = key.split(' ');
        return { account, amount: formatRatio(amount), currency };
      }),
    };
  }

  private read(text: string): LedgerRow {
    const row = objectOf(text);
    if (row === undefined) this.refuse('is no JSON object');
    const { chain, ...rest } = row;
    const expected = chainedRow(rest, this.chain, this.hash);
    if (expected.text !== text) this.refuse('is not what was written here');
    this.chain = String(chain);
    return rest;
  }

  private begin(row: LedgerRow): void {
    const version = Number(row['schemaVersion']);
    if (row.kind !== 'ledger' || (version !== 1 && version !== WITH_DAYS))
      this.refuse('must be the head of an export');
    this.head = row;
    this.next = Number(row['first']);
    this.previous = String(row['previous']);
    if (version !== WITH_DAYS) return;
    this.firstOfDay = Number(row['firstOfDay']);
    this.previousDay = String(row['previousDay']);
  }

  private cover(row: LedgerRow): void {
    if (row.kind !== 'line' && row.kind !== 'entry') this.refuse('is of no known kind');
    if (row['seal'] !== this.next || row['ordinal'] !== this.rows.length)
      this.refuse(`is not row ${this.rows.length} of seal ${this.next}`);
    this.rows.push(row);
    if (row.kind === 'entry') this.post(row);
    this.count[row.kind === 'entry' ? 'entries' : 'lines'] += 1;
  }

  private post(row: LedgerRow): void {
    const postings = row['postings'] as { account: string; amount: string }[];
    let sum = NOTHING;
    for (const { account, amount } of postings) {
      const exact = parseRatio(amount);
      sum = plus(sum, exact);
      const key = `${account} ${String(row['currency'])}`;
      this.sums.set(key, plus(this.sums.get(key) ?? NOTHING, exact));
    }
    if (sum.top !== 0n) this.refuse('does not sum to zero');
  }

  private seal(row: LedgerRow): void {
    const { hash, signature: _, ...said } = row;
    const entries = this.rows.filter(({ kind }) => kind === 'entry').length;
    if (said['number'] !== this.next || said['previous'] !== this.previous)
      this.refuse(`is not seal ${this.next} after the one before`);
    if (said['lines'] !== this.rows.length - entries || said['entries'] !== entries)
      this.refuse('covers another number of rows');
    if (said['root'] !== merkleRoot(this.rows, this.hash)) this.refuse('does not cover the rows before it');
    this.checkSigned(row);
    this.previous = String(hash);
    this.next += 1;
    this.rows = [];
    this.count.seals += 1;
  }

  private day(row: LedgerRow): void {
    if (this.rows.length > 0) this.refuse('comes before the seal of the rows before it');
    if (row['first'] !== this.firstOfDay || row['previous'] !== this.previousDay)
      this.refuse('is not the day after the one before');
    if (row['last'] !== this.next - 1 || row['head'] !== this.previous)
      this.refuse('does not end with the seal before it');
    if (this.lastDay && String(row['day']) <= this.lastDay.day) this.refuse('is no later day');
    this.checkSigned(row);
    this.firstOfDay = this.next;
    this.previousDay = String(row['hash']);
    this.lastDay = { day: String(row['day']), hash: this.previousDay };
    this.count.days += 1;
  }

  private checkSigned({ hash, signature, ...said }: LedgerRow): void {
    if (hash !== hashOfRow(String(this.head?.['organizationId']), said, this.hash))
      this.refuse('has another hash');
    this.checkSignature(String(said['kid']), String(hash), String(signature));
    this.holdsKept ||= hash === this.kept || said['previous'] === this.kept;
  }

  private checkSignature(kid: string, hash: string, signature: string): void {
    const keys = (this.head?.['keys'] ?? []) as { kid?: string }[];
    const jwk = keys.find((key) => key.kid === kid);
    if (jwk === undefined || !this.check(kid, jwk, hash, signature)) this.refuse('is not signed by its key');
    this.kids.add(kid);
  }

  private end(row: LedgerRow): void {
    if (this.rows.length > 0) this.refuse('comes before the seal of the rows before it');
    const days = this.head?.['schemaVersion'] === WITH_DAYS ? this.count.days : undefined;
    if (row['seals'] !== this.count.seals || row['head'] !== this.previous || row['days'] !== days)
      this.refuse('is the end of another file');
    if (!this.holdsKept)
      this.refuse(
        `comes before the seal or day ${this.kept}, or the file begins later: it neither holds it nor goes on from it`,
      );
    this.ended = true;
  }

  private refuse(message: string): never {
    const violations = [{ field: `line ${this.line}`, message }];
    throw new TowpathError('INVALID_ARGUMENT', `line ${this.line} ${message}`, { violations });
  }
}

function objectOf(text: string): (LedgerRow & { chain?: unknown }) | undefined {
  try {
    const row: unknown = JSON.parse(text);
    return typeof row === 'object' && row !== null && canonical(row) === text
      ? (row as LedgerRow)
      : undefined;
  } catch {
    return undefined;
  }
}
