import type { LineRow } from './ledger-window.sql.js';
import { statement } from './statement.js';

export interface SealRow {
  number: number;
  kind: string;
  window_start_ms: number | null;
  position: number;
  stream_sequence: number;
  lines: number;
  entries: number;
  root: string;
  previous: string;
  hash: string;
  kid: string;
  signature: string;
  sealed_at: Date;
}

const SEAL = `number, kind, window_start_ms, position, stream_sequence, lines, entries, encode(root, 'hex') AS root,
  encode(previous, 'hex') AS previous, encode(hash, 'hex') AS hash, kid, encode(signature, 'base64') AS signature, sealed_at`;

export const lastSealSql = statement<SealRow>(
  'ledger_last_seal',
  `SELECT ${SEAL} FROM ledger_seals WHERE organization_id = $1 ORDER BY number DESC LIMIT 1`,
);

/** Seals after a number, ascending, and only those up to a number when one is given. */
export const listSealsSql = statement<SealRow>(
  'ledger_list_seals',
  `SELECT ${SEAL} FROM ledger_seals
   WHERE organization_id = $1 AND number > $2 AND ($3::bigint IS NULL OR number <= $3) ORDER BY number LIMIT $4`,
);

export const sealsOfSpanSql = statement<{ first: number | null; last: number | null }>(
  'ledger_seals_of_span',
  `SELECT min(number) AS first, max(number) AS last FROM ledger_seals
   WHERE organization_id = $1 AND day >= $2::date AND day < $3::date`,
);

/** Hours of a span that were sealed after a seal, by price item, each with the last seal over it; ascending. */
export const sealedAgainSql = statement<{
  plan_id: string;
  plan_version: number;
  item: string;
  window_start_ms: number;
  seal: number;
}>(
  'ledger_sealed_again',
  `SELECT plan_id, plan_version, item, window_start_ms, max(seal_number) AS seal FROM ledger_lines
   WHERE organization_id = $1 AND window_start_ms >= $2 AND window_start_ms < $3 AND seal_number > $4
   GROUP BY plan_id, plan_version, item, window_start_ms ORDER BY window_start_ms, plan_id, plan_version, item`,
);

export const insertSealSql = statement<unknown>(
  'ledger_insert_seal',
  `INSERT INTO ledger_seals (organization_id, number, kind, day, window_start_ms, position, stream_sequence, lines, entries,
     root, previous, hash, kid, signature, sealed_at)
   VALUES ($1, $2, $3, $4::date, $5, $6, $7, $8, $9, decode($10, 'hex'), decode($11, 'hex'), decode($12, 'hex'), $13, $14, $15)`,
);

export const insertLinesSql = statement<unknown>(
  'ledger_insert_lines',
  `INSERT INTO ledger_lines (organization_id, seal_number, ordinal, window_start_ms, project_id, service_id, revision_id,
     price_zone, plan_id, plan_version, item, measured, multiplier, amount, divisor)
   SELECT $1, $2, ordinality - 1, window_start_ms, project_id, service_id, revision_id, price_zone, plan_id, plan_version,
     item, measured, multiplier, amount, divisor
   FROM unnest($3::bigint[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::int[], $10::text[],
     $11::numeric[], $12::numeric[], $13::numeric[], $14::numeric[]) WITH ORDINALITY
     AS t (window_start_ms, project_id, service_id, revision_id, price_zone, plan_id, plan_version, item, measured,
       multiplier, amount, divisor, ordinality)`,
);

export const sealEntriesSql = statement<unknown>(
  'ledger_seal_entries',
  'UPDATE ledger_entries SET seal_number = $2 WHERE organization_id = $1 AND id = ANY($3)',
);

export const linesOfSealsSql = statement<LineRow & { seal_number: number; ordinal: number }>(
  'ledger_lines_of_seals',
  `SELECT seal_number, ordinal, window_start_ms, project_id, service_id, revision_id, price_zone, plan_id, plan_version,
     item, measured::text AS measured, multiplier::text AS multiplier, amount::text AS amount, divisor::text AS divisor
   FROM ledger_lines WHERE organization_id = $1 AND seal_number = ANY($2) ORDER BY seal_number, ordinal`,
);
