import type { Budget, Threshold } from '#libs/domain';
import { statement } from './statement.js';

export interface BudgetRow {
  id: Budget['id'];
  organization_id: Budget['organizationId'];
  project_id: NonNullable<Budget['projectId']> | null;
  service_id: NonNullable<Budget['serviceId']> | null;
  amount: string;
  currency: string;
  thresholds: Threshold[];
  created_at: Date;
  version: number;
  month: string | null;
  spent: string | null;
  forecast: string | null;
  evaluated_at: Date | null;
}

const BUDGETS = `SELECT b.id, b.organization_id, b.project_id, b.service_id, b.amount, b.currency, b.thresholds, b.created_at,
    b.version, s.month, s.spent, s.forecast, s.evaluated_at
  FROM budgets b LEFT JOIN budget_states s ON s.organization_id = b.organization_id AND s.budget_id = b.id`;

export const insertBudgetSql = statement<unknown>(
  'budget_insert',
  `INSERT INTO budgets (id, organization_id, project_id, service_id, amount, currency, thresholds, created_at)
   VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
);

export const findBudgetSql = statement<BudgetRow>(
  'budget_find',
  `${BUDGETS} WHERE b.organization_id = $1 AND b.id = $2`,
);

export const listBudgetsSql = statement<BudgetRow>(
  'budget_list',
  `${BUDGETS} WHERE b.organization_id = $1 AND b.id > $2 ORDER BY b.id LIMIT $3`,
);

export const budgetsOfSql = statement<BudgetRow>(
  'budget_of_organization',
  `${BUDGETS} WHERE b.organization_id = $1 ORDER BY b.id`,
);

export const budgetedOrganizationsSql = statement<{ organization_id: string }>(
  'budget_organizations',
  `SELECT DISTINCT organization_id FROM budgets ORDER BY organization_id`,
);

export const updateBudgetSql = statement<unknown>(
  'budget_update',
  `UPDATE budgets SET amount = $3, thresholds = $4, version = version + 1 WHERE organization_id = $1 AND id = $2`,
);

export const deleteBudgetSql = statement<unknown>(
  'budget_delete',
  `DELETE FROM budgets WHERE organization_id = $1 AND id = $2`,
);

// A budget may be deleted while it is evaluated: then there is nothing to note.
export const saveBudgetStatesSql = statement<unknown>(
  'budget_save_states',
  `INSERT INTO budget_states (organization_id, budget_id, month, spent, forecast, evaluated_at)
   SELECT $1, b.id, $3, t.spent, t.forecast, $6
   FROM unnest($2::text[], $4::text[], $5::text[]) AS t (id, spent, forecast)
   JOIN budgets b ON b.organization_id = $1 AND b.id = t.id
   FOR KEY SHARE OF b
   ON CONFLICT (organization_id, budget_id) DO UPDATE SET month = excluded.month, spent = excluded.spent,
     forecast = excluded.forecast, evaluated_at = excluded.evaluated_at`,
);

/** The alerts that were not there before. */
export const insertAlertsSql = statement<{ budget_id: string; basis: Threshold['on']; percent: number }>(
  'budget_insert_alerts',
  `INSERT INTO budget_alerts (organization_id, budget_id, month, basis, percent, reached_at)
   SELECT $1, b.id, $3, t.basis, t.percent, $6
   FROM unnest($2::text[], $4::text[], $5::int[]) AS t (id, basis, percent)
   JOIN budgets b ON b.organization_id = $1 AND b.id = t.id
   FOR KEY SHARE OF b
   ON CONFLICT DO NOTHING RETURNING budget_id, basis, percent`,
);
