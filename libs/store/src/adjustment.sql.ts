import { statement } from './statement.js';

export interface AdjustmentRow {
  id: string;
  amount: string;
  currency: string;
  key: string;
  reason: string | null;
  actor_id: string;
  created_at: Date;
  /** Number of the invoice that asked for it. */
  invoice: string | null;
  /** Number of the credit note that voids that invoice. */
  taken_back: string | null;
}

const SELECT = `SELECT e.id, e.currency, e.key, e.actor_id, e.created_at, n.text AS reason, i.number AS invoice,
     (SELECT v.number FROM invoices v WHERE v.organization_id = i.organization_id AND v.voids = i.id) AS taken_back,
     (SELECT p.amount FROM ledger_postings p
      WHERE p.organization_id = e.organization_id AND p.entry_id = e.id AND p.account = 'balance') AS amount
   FROM ledger_entries e
   LEFT JOIN ledger_notes n ON n.organization_id = e.organization_id AND n.entry_id = e.id
   LEFT JOIN invoice_adjustments a ON a.organization_id = e.organization_id AND a.entry_id = e.id
   LEFT JOIN invoices i ON i.organization_id = a.organization_id AND i.id = a.invoice_id
   WHERE e.organization_id = $1 AND e.kind = 'adjustment'`;

export const findAdjustmentSql = statement<AdjustmentRow>('adjustment_find', `${SELECT} AND e.key = $2`);

export const listAdjustmentsSql = statement<AdjustmentRow>(
  'adjustment_list',
  `${SELECT} AND e.id < $2 ORDER BY e.id DESC LIMIT $3`,
);

export const pendingAdjustmentsSql = statement<AdjustmentRow>(
  'adjustment_pending',
  `${SELECT} AND a.entry_id IS NULL ORDER BY e.id`,
);

export const invoiceAdjustmentsSql = statement<unknown>(
  'adjustment_invoiced',
  'INSERT INTO invoice_adjustments (organization_id, entry_id, invoice_id) SELECT $1, unnest($2::text[]), $3',
);

/** The month whose invoice is the next one: after those that are done with, or the first that there is one of. */
export const nextMonthSql = statement<{ month: string }>(
  'adjustment_next_month',
  `SELECT to_char(greatest(date_trunc('month', o.created_at AT TIME ZONE 'UTC'), (v.since || '-01')::timestamp,
     (SELECT (max(d.month) || '-01')::timestamp + interval '1 month' FROM invoiced_months d WHERE d.organization_id = o.id)),
     'YYYY-MM') AS month
   FROM organizations o CROSS JOIN invoicing v WHERE o.id = $1`,
);
