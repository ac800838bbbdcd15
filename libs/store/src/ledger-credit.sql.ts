import { statement } from './statement.js';

const GIVEN = `e.kind = 'credit' AND e.key = 'credit/' || e.reference`;

export const creditsInLedgerSql = statement<{ id: string }>(
  'ledger_credits',
  `SELECT e.reference AS id FROM ledger_entries e WHERE e.organization_id = $1 AND ${GIVEN}`,
);

/** Credits that pay for no month any more, of which the ledger still has more than invoices took. */
export const lostCreditsSql = statement<{ id: string; currency: string; lost: string; entries: number }>(
  'ledger_credits_lost',
  `SELECT id, currency, lost, entries FROM (
     SELECT c.id, c.currency, count(*)::int AS entries,
       sum((SELECT p.amount FROM ledger_postings p WHERE p.organization_id = e.organization_id AND p.entry_id = e.id
            AND p.account = 'credits'))
       - (SELECT coalesce(sum(u.amount), 0) FROM credit_uses u WHERE u.organization_id = c.organization_id AND u.credit_id = c.id)
         AS lost
     FROM credits c JOIN ledger_entries e ON e.organization_id = c.organization_id AND e.kind = 'credit' AND e.reference = c.id
     WHERE c.organization_id = $1 AND (c.revoked_at IS NOT NULL OR c.expires_at <= (
       SELECT (max(m.month) || '-01')::timestamp AT TIME ZONE 'UTC' + interval '1 month' FROM invoiced_months m
       WHERE m.organization_id = c.organization_id))
     GROUP BY c.organization_id, c.id) t
   WHERE lost <> 0 ORDER BY id`,
);
