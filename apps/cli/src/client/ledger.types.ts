/** JSON as REST sends it. */
export interface LedgerPostingView {
  account: string;
  amount: string;
  currency: string;
}

export interface LedgerView {
  accounts: LedgerPostingView[];
  head?: string;
  seals?: number;
  day?: { day: string; seals: number; head: string; hash: string; kid: string; signature: string };
  keys: string[];
}

export interface LedgerEntryView {
  id: string;
  kind: string;
  currency: string;
  window?: string;
  reference?: string;
  actor: string;
  note?: string;
  seal?: number;
  createdAt: string;
  postings: LedgerPostingView[];
}

export interface LedgerSealView {
  number: number;
  kind: string;
  window?: string;
  position: string;
  lines: number;
  entries: number;
  root: string;
  hash: string;
  sealedAt: string;
}
