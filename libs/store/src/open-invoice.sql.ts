import type { Organization } from '#libs/domain';
import { statement } from './statement.js';

const PAID = `coalesce((SELECT sum(p.amount) FROM payments p WHERE p.organization_id = i.organization_id AND p.invoice_id = i.id), 0)`;
const OPEN = `i.kind = 'invoice' AND i.payable > ${PAID} AND NOT EXISTS (
     SELECT FROM invoices n WHERE n.organization_id = i.organization_id AND n.voids = i.id)`;

export const closeInvoiceSql = statement<unknown>(
  'open_invoice_close',
  `DELETE FROM open_invoices o USING invoices i
   WHERE o.organization_id = $1 AND i.organization_id = $1 AND i.id = o.invoice_id AND NOT (${OPEN})`,
);

export const openInvoiceSql = statement<unknown>(
  'open_invoice_open',
  `INSERT INTO open_invoices (organization_id, invoice_id, due_at)
   SELECT i.organization_id, i.id, i.due_at FROM invoices i WHERE i.organization_id = $1 AND ${OPEN}
   ON CONFLICT DO NOTHING`,
);

// Whom an invoice that is past due makes another status, or whose status an invoice made that is past due no more; and whoever
// is to be told.
export const debtorsSql = statement<{ organization_id: Organization['id'] }>(
  'open_invoice_debtors',
  `SELECT DISTINCT organization_id FROM open_invoices JOIN organizations g ON g.id = organization_id
   WHERE due_at < $1 AND (told_at IS NULL OR g.status IN ('active', 'past_due'))
   UNION
   SELECT g.id FROM organizations g WHERE (g.status = 'past_due' OR g.status = 'suspended' AND g.status_reason = $2)
     AND NOT EXISTS (SELECT FROM open_invoices o WHERE o.organization_id = g.id AND o.due_at < $1)`,
);

export const lockOrganizationSql = statement<unknown>(
  'open_invoice_lock',
  'SELECT 1 FROM organizations WHERE id = $1 FOR UPDATE',
);

export interface OverdueRow {
  invoice_id: string;
  number: string;
  month: string;
  currency: string;
  payable: string;
  paid: string;
  due_at: Date;
  told_at: Date | null;
}

export const overdueSql = statement<OverdueRow>(
  'open_invoice_overdue',
  `SELECT o.invoice_id, i.number, i.month, i.currency, i.payable, ${PAID} AS paid, o.due_at, o.told_at
   FROM open_invoices o JOIN invoices i ON i.organization_id = o.organization_id AND i.id = o.invoice_id
   WHERE o.organization_id = $1 AND o.due_at < $2 ORDER BY o.due_at, o.invoice_id`,
);

export const toldSql = statement<unknown>(
  'open_invoice_told',
  `UPDATE open_invoices SET told_at = $2 WHERE organization_id = $1 AND told_at IS NULL AND due_at < $2`,
);
