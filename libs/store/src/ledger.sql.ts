import { statement } from './statement.js';

// The same key again changes nothing: whoever comes second is told what is there.
export const insertEntrySql = statement<{ id: string }>(
  'ledger_insert_entry',
  `INSERT INTO ledger_entries (organization_id, id, key, kind, currency, window_start_ms, reference, actor_id, created_at)
   VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
   ON CONFLICT (organization_id, key) DO NOTHING RETURNING id`,
);

export const insertPostingsSql = statement<unknown>(
  'ledger_insert_postings',
  `INSERT INTO ledger_postings (organization_id, entry_id, account, amount, divisor)
   SELECT $1, $2, account, amount, divisor FROM unnest($3::text[], $4::numeric[], $5::numeric[]) AS t (account, amount, divisor)`,
);

export const insertNoteSql = statement<unknown>(
  'ledger_insert_note',
  'INSERT INTO ledger_notes (organization_id, entry_id, text) VALUES ($1, $2, $3)',
);

export interface EntryRow {
  id: string;
  key: string;
  kind: string;
  currency: string;
  window_start_ms: number | null;
  reference: string | null;
  actor_id: string;
  created_at: Date;
  seal_number: number | null;
  note: string | null;
  /** [account, amount, divisor], by account */
  postings: [string, string, string][];
}

const ENTRY = `e.id, e.key, e.kind, e.currency, e.window_start_ms, e.reference, e.actor_id, e.created_at, e.seal_number,
  n.text AS note,
  (SELECT coalesce(json_agg(json_build_array(p.account, p.amount::text, p.divisor::text) ORDER BY p.account), '[]')
   FROM ledger_postings p WHERE p.organization_id = e.organization_id AND p.entry_id = e.id) AS postings
  FROM ledger_entries e
  LEFT JOIN ledger_notes n ON n.organization_id = e.organization_id AND n.entry_id = e.id`;

export const findEntrySql = statement<EntryRow>(
  'ledger_find_entry',
  `SELECT ${ENTRY} WHERE e.organization_id = $1 AND e.key = $2`,
);

/** Newest first; `$2` is the id of the last one of the page before. */
export const listEntriesSql = statement<EntryRow>(
  'ledger_list_entries',
  `SELECT ${ENTRY} WHERE e.organization_id = $1 AND e.id < $2 ORDER BY e.id DESC LIMIT $3`,
);

export const unsealedEntriesSql = statement<EntryRow>(
  'ledger_unsealed_entries',
  `SELECT ${ENTRY} WHERE e.organization_id = $1 AND e.seal_number IS NULL ORDER BY e.id FOR UPDATE OF e`,
);

export const sealedEntriesSql = statement<EntryRow>(
  'ledger_sealed_entries',
  `SELECT ${ENTRY} WHERE e.organization_id = $1 AND e.seal_number = ANY($2) ORDER BY e.seal_number, e.id`,
);

export const organizationsToSealSql = statement<{ organization_id: string }>(
  'ledger_organizations_to_seal',
  'SELECT DISTINCT organization_id FROM ledger_entries WHERE seal_number IS NULL',
);

export const balancesSql = statement<{
  currency: string;
  account: string;
  amount: string;
  divisor: string;
}>(
  'ledger_balances',
  `SELECT e.currency, p.account, sum(p.amount)::text AS amount, p.divisor::text AS divisor FROM ledger_postings p
   JOIN ledger_entries e ON e.organization_id = p.organization_id AND e.id = p.entry_id
   WHERE p.organization_id = $1 GROUP BY 1, 2, p.divisor HAVING sum(p.amount) <> 0 ORDER BY 1, 2, p.divisor`,
);
