import type { Id } from '#libs/domain';
import { statement } from './statement.js';

/**
 * Months that ended before $1 and that an organization has no row of, oldest first; none while minutes up to its end wait to
 * be folded or hours to be settled in the ledger, or before invoices were made at all.
 */
export const openMonthsSql = statement<{ organization_id: Id<'org'>; month: string }>(
  'invoice_open_months',
  `SELECT o.id AS organization_id, to_char(m, 'YYYY-MM') AS month
   FROM organizations o CROSS JOIN invoicing i CROSS JOIN LATERAL generate_series(
     greatest(date_trunc('month', o.created_at AT TIME ZONE 'UTC'), (i.since || '-01')::timestamp),
     date_trunc('month', $1::timestamptz AT TIME ZONE 'UTC') - interval '1 month', interval '1 month') m
   WHERE NOT EXISTS (SELECT FROM invoiced_months d WHERE d.organization_id = o.id AND d.month = to_char(m, 'YYYY-MM'))
     AND NOT EXISTS (SELECT FROM billing_dirty_windows w WHERE w.organization_id = o.id
       AND w.window_start_ms < extract(epoch FROM m + interval '1 month') * 1000)
     AND NOT EXISTS (SELECT FROM ledger_windows l WHERE l.organization_id = o.id AND l.unsettled
       AND l.start_ms < extract(epoch FROM m + interval '1 month') * 1000)
   ORDER BY 2, 1 LIMIT $2`,
);

export const findMonthSql = statement<{ month: string }>(
  'invoice_month_find',
  'SELECT month FROM invoiced_months WHERE organization_id = $1 AND month = $2',
);

export const closeMonthSql = statement<unknown>(
  'invoice_month_close',
  'INSERT INTO invoiced_months (organization_id, month, invoice_id, closed_at) VALUES ($1, $2, $3, $4)',
);

/**
 * Months that are done with, of which hours were sealed since, or wait for it (a minute of them was set). Since the last seal that
 * the month's invoice knew; without one by time, an hour too many, so that neither a transaction that was under way nor clocks
 * that differ hide one. A month that did not change has no correction.
 */
export const changedMonthsSql = statement<{ month: string }>(
  'invoice_changed_months',
  `SELECT m.month FROM (
     SELECT month, invoice_id, closed_at, (extract(epoch FROM (month || '-01')::timestamp) * 1000)::bigint AS from_ms,
       (extract(epoch FROM (month || '-01')::timestamp + interval '1 month') * 1000)::bigint AS to_ms
     FROM invoiced_months WHERE organization_id = $1) m
   LEFT JOIN invoices i ON i.organization_id = $1 AND i.id = m.invoice_id
   WHERE EXISTS (SELECT FROM ledger_windows w WHERE w.organization_id = $1 AND w.unsettled
       AND w.start_ms >= m.from_ms AND w.start_ms < m.to_ms)
     OR EXISTS (SELECT FROM ledger_seals s WHERE s.organization_id = $1
       AND s.window_start_ms >= m.from_ms AND s.window_start_ms < m.to_ms
       AND CASE WHEN i.seal_number IS NULL THEN s.sealed_at > m.closed_at - interval '1 hour' ELSE s.number > i.seal_number END)
   ORDER BY m.month`,
);

/** The next number of the present series: the row is locked until the transaction ends, and undone with it. */
export const nextNumberSql = statement<{ series: string; last: string }>(
  'invoice_next_number',
  `INSERT INTO invoice_numbers AS n (kind, series, last) SELECT $1, epoch, 1 FROM hub
   ON CONFLICT (kind, series) DO UPDATE SET last = n.last + 1 RETURNING series::text, last::text`,
);

export interface InvoiceRow {
  id: Id<'ivc'>;
  organization_id: Id<'org'>;
  body: string;
  digest: Buffer;
  buyer: Record<string, unknown> | null;
  due_at: Date;
  position: number | null;
  payable: string;
  paid: string;
  /** Number of the credit note that takes it back. */
  voided_by: string | null;
}

const SELECT = `SELECT i.id, i.organization_id, i.body, i.digest, i.due_at, i.position, i.payable, b.buyer,
     coalesce((SELECT sum(p.amount) FROM payments p WHERE p.organization_id = i.organization_id AND p.invoice_id = i.id), 0)
       AS paid,
     (SELECT n.number FROM invoices n WHERE n.organization_id = i.organization_id AND n.voids = i.id) AS voided_by
   FROM invoices i
   LEFT JOIN invoice_buyers b ON b.organization_id = i.organization_id AND b.digest = i.buyer_digest`;

export const insertInvoiceSql = statement<unknown>(
  'invoice_insert',
  `INSERT INTO invoices (organization_id, id, kind, number, month, currency, voids, payable, body, digest, buyer_digest,
     issued_at, due_at, position, seal_number)
   VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)`,
);

export const findInvoiceSql = statement<InvoiceRow>(
  'invoice_find',
  `${SELECT} WHERE i.organization_id = $1 AND (i.id = $2 OR i.number = $2)`,
);

export const findMonthInvoiceSql = statement<InvoiceRow>(
  'invoice_of_month',
  `${SELECT} JOIN invoiced_months m ON m.organization_id = i.organization_id AND m.invoice_id = i.id
   WHERE i.organization_id = $1 AND m.month = $2`,
);

export const lastInvoiceIdSql = statement<{ id: Id<'ivc'> | null }>(
  'invoice_last_id',
  'SELECT max(id) AS id FROM invoices WHERE organization_id = $1',
);

export const listInvoicesSql = statement<InvoiceRow>(
  'invoice_list',
  `${SELECT} WHERE i.organization_id = $1 AND i.id < $2 ORDER BY i.id DESC LIMIT $3`,
);

export const invoiceBodiesSql = statement<{ body: string; seal_number: number | null }>(
  'invoice_bodies',
  'SELECT body, seal_number FROM invoices WHERE organization_id = $1 ORDER BY id',
);

export const saveInvoiceBuyerSql = statement<unknown>(
  'invoice_buyer_save',
  `INSERT INTO invoice_buyers (organization_id, digest, buyer) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING`,
);

export const useCreditSql = statement<unknown>(
  'invoice_use_credit',
  'INSERT INTO credit_uses (organization_id, credit_id, invoice_id, amount) VALUES ($1, $2, $3, $4)',
);

export interface PaymentRow {
  id: Id<'pay'>;
  invoice_id: Id<'ivc'>;
  amount: string;
  reference: string | null;
  received_at: Date;
  created_by: string;
  created_at: Date;
}

const PAYMENT = 'id, invoice_id, amount, reference, received_at, created_by, created_at';

export const insertPaymentSql = statement<PaymentRow>(
  'payment_insert',
  `INSERT INTO payments (organization_id, id, invoice_id, amount, reference, received_at, created_by, created_at)
   VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
   ON CONFLICT (organization_id, invoice_id, reference) WHERE reference IS NOT NULL DO NOTHING RETURNING ${PAYMENT}`,
);

export const listPaymentsSql = statement<PaymentRow>(
  'payment_list',
  `SELECT ${PAYMENT} FROM payments WHERE organization_id = $1 AND invoice_id = $2 ORDER BY id`,
);
