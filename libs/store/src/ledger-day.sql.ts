import { statement } from './statement.js';

export interface DayRow {
  day: string;
  first_seal: number;
  last_seal: number;
  head: string;
  previous: string;
  hash: string;
  kid: string;
  signature: string;
}

const DAY = `to_char(day, 'YYYY-MM-DD') AS day, first_seal, last_seal, encode(head, 'hex') AS head,
  encode(previous, 'hex') AS previous, encode(hash, 'hex') AS hash, kid, encode(signature, 'base64') AS signature`;

/** The last day that ends at a seal or before it; without one the last there is. */
export const lastDaySql = statement<DayRow>(
  'ledger_last_day',
  `SELECT ${DAY} FROM ledger_days WHERE organization_id = $1 AND ($2::bigint IS NULL OR last_seal <= $2)
   ORDER BY last_seal DESC LIMIT 1`,
);

/** Days that end at one of the seals from $2 to $3. */
export const listDaysSql = statement<DayRow>(
  'ledger_list_days',
  `SELECT ${DAY} FROM ledger_days WHERE organization_id = $1 AND last_seal BETWEEN $2 AND $3 ORDER BY last_seal`,
);

export const insertDaySql = statement<unknown>(
  'ledger_insert_day',
  `INSERT INTO ledger_days (organization_id, day, first_seal, last_seal, head, previous, hash, kid, signature)
   VALUES ($1, $2::date, $3, $4, decode($5, 'hex'), decode($6, 'hex'), decode($7, 'hex'), $8, $9)`,
);

// A look at the last seal of each organization, by its index.
export const daysToCloseSql = statement<{ organization_id: string }>(
  'ledger_days_to_close',
  `SELECT o.id AS organization_id FROM organizations o CROSS JOIN LATERAL (
     SELECT number, day FROM ledger_seals WHERE organization_id = o.id ORDER BY number DESC LIMIT 1) s
   WHERE s.day < $1::date AND NOT EXISTS (
     SELECT FROM ledger_days d WHERE d.organization_id = o.id AND (d.last_seal >= s.number OR d.day >= s.day))
   ORDER BY o.id LIMIT $2`,
);
