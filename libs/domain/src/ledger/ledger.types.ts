import type { Decimal } from '../price/decimal.js';
import type { Ratio } from '../price/ratio.js';

/** Accounts of an organization. `balance` is what it owes; every entry sums to zero over them. */
export const LEDGER_ACCOUNTS = [
  'balance',
  'charges',
  'credits',
  'rounding',
  'payments',
  'adjustments',
  'tax',
] as const;
export type LedgerAccount = (typeof LEDGER_ACCOUNTS)[number];

/** What can happen to an organization's money. */
export type EntryKind =
  'usage' | 'correction' | 'invoice' | 'credit_note' | 'credit' | 'payment' | 'adjustment';

/** An amount on an account, exact; never rounded. */
export interface Posting {
  account: LedgerAccount;
  amount: Ratio;
}

/** One thing that happened, on at least two accounts, once: the key is its identity. Ids only, no personal data. */
export interface LedgerEntry {
  organizationId: string;
  id: string;
  key: string;
  kind: EntryKind;
  /** Three letters of ISO 4217. */
  currency: string;
  /** Of usage and corrections: start of the window they are about. */
  windowStartMs?: number;
  /** Id of what it is about: an invoice, a payment. */
  reference?: string;
  /** A key, a person, or `towpath`. */
  actorId: string;
  createdAt: number;
  postings: Posting[];
}

/** What a line of a window is about. */
export interface LineKey {
  windowStartMs: number;
  projectId: string;
  serviceId: string;
  /** '' for what was answered before a revision was chosen. */
  revisionId: string;
  priceZone: string;
  planId: string;
  planVersion: number;
  /** Id of the price item. */
  item: string;
}

/** One price item of one revision in one window, at list price. Lines of a correction are differences. */
export interface LedgerLine extends LineKey {
  /** The measure times its factor, in ms, bytes or counts. */
  measured: Decimal;
  multiplier: Decimal;
  amount: Ratio;
}

/** What a seal covers: a window's lines, those of its correction, or entries that came by themselves. */
export type SealKind = 'window' | 'correction' | 'entries';

/** A link of an organization's chain over its lines and entries. Hashes are lower-case hex. */
export interface Seal {
  organizationId: string;
  /** 1 for the first. */
  number: number;
  kind: SealKind;
  /** Start of the window; absent for entries. */
  windowStartMs?: number;
  /** Up to where usage was taken in; what was taken in later is not in it. */
  position: number;
  /** The highest message of stream USAGE taken in by then. */
  streamSequence: number;
  lines: number;
  entries: number;
  /** Merkle root over the lines and then the entries. */
  root: string;
  /** Hash of the seal before, '' for the first. */
  previous: string;
  sealedAt: number;
  /** Id of the key that signed: its JWK thumbprint. */
  kid: string;
}

/** A seal with its hash and the Ed25519 signature over that hash (base64url). */
export interface SignedSeal extends Seal {
  hash: string;
  signature: string;
}

/**
 * The end of a day of an organization's chain, once the day is over: all seals since the day before, by the hash of the last
 * one. Hashes are lower-case hex.
 */
export interface LedgerDay {
  organizationId: string;
  /** UTC, like 2026-11-21. */
  day: string;
  /** Numbers of its seals: those since the day before it. */
  first: number;
  last: number;
  /** Hash of the last one. */
  head: string;
  /** Hash of the day before, '' for the first. */
  previous: string;
  /** Id of the key that signed. */
  kid: string;
}

/** A day with its hash and the Ed25519 signature over that hash (base64url). */
export interface SignedDay extends LedgerDay {
  hash: string;
  signature: string;
}

/** SHA-256; passed in, since domain has no library. */
export type Hash = (bytes: Uint8Array) => Uint8Array;
