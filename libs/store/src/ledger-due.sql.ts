import { statement } from './statement.js';

export const organizationsDueSql = statement<{ organization_id: string }>(
  'ledger_organizations_due',
  'SELECT DISTINCT organization_id FROM ledger_due',
);

/** Payments come after the invoices that they pay; both in the order in which they were made. */
export const takeDueSql = statement<{ kind: 'invoice' | 'payment'; id: string }>(
  'ledger_take_due',
  `WITH taken AS (DELETE FROM ledger_due WHERE organization_id = $1 RETURNING kind, id)
   SELECT kind, id FROM taken ORDER BY kind, id`,
);

export interface DuePaymentRow {
  id: string;
  invoice_id: string;
  number: string;
  currency: string;
  amount: string;
  reference: string | null;
  created_by: string;
  received_at: Date;
}

export const duePaymentSql = statement<DuePaymentRow>(
  'ledger_due_payment',
  `SELECT p.id, p.invoice_id, i.number, i.currency, p.amount, p.reference, p.created_by, p.received_at
   FROM payments p JOIN invoices i ON i.organization_id = p.organization_id AND i.id = p.invoice_id
   WHERE p.organization_id = $1 AND p.id = $2`,
);

/** The kinds of `usage` only of windows that begin before $2. By divisor, so that no fraction has to be added to another. */
export const chargedSql = statement<{ amount: string; divisor: string }>(
  'ledger_charged',
  `SELECT sum(-p.amount)::text AS amount, p.divisor::text AS divisor FROM ledger_entries e
   JOIN ledger_postings p ON p.organization_id = e.organization_id AND p.entry_id = e.id
   WHERE e.organization_id = $1 AND e.currency = $3 AND p.account = 'charges'
     AND (e.kind IN ('usage', 'correction') AND e.window_start_ms < $2 OR e.kind IN ('invoice', 'credit_note'))
   GROUP BY p.divisor HAVING sum(p.amount) <> 0`,
);

/** What lines of posted invoices and credit notes are at list price (`12.5`, or a fraction: `493/30`), by divisor. */
export const postedListSql = statement<{ amount: string; divisor: string }>(
  'ledger_posted_list',
  `SELECT sum(split_part(list, '/', 1)::numeric)::text AS amount, divisor::text
   FROM (SELECT line->>'list' AS list, coalesce(nullif(split_part(line->>'list', '/', 2), ''), '1')::numeric AS divisor
     FROM ledger_entries e JOIN invoices i ON i.organization_id = e.organization_id AND i.id = e.reference
     CROSS JOIN LATERAL jsonb_array_elements(i.body::jsonb->'lines') AS line
     WHERE e.organization_id = $1 AND e.currency = $2 AND e.kind IN ('invoice', 'credit_note')) lines
   GROUP BY divisor`,
);
