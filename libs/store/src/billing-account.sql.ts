import { statement } from './statement.js';

/** Whoever changes how an organization is billed waits for whoever does so already. */
export const lockBillingSql = statement<unknown>(
  'billing_lock',
  `SELECT pg_advisory_xact_lock(hashtextextended('billing ' || $1, 0))`,
);

export interface AccountRow {
  buyer: Record<string, unknown>;
  version: number;
}

export const findAccountSql = statement<AccountRow>(
  'billing_account_find',
  'SELECT buyer, version FROM billing_accounts WHERE organization_id = $1',
);

export const saveAccountSql = statement<AccountRow>(
  'billing_account_save',
  `INSERT INTO billing_accounts AS a (organization_id, buyer, updated_at) VALUES ($1, $2, $3)
   ON CONFLICT (organization_id) DO UPDATE SET buyer = excluded.buyer, updated_at = excluded.updated_at,
     version = a.version + 1
   RETURNING buyer, version`,
);

export interface TermsRow {
  effective_from: Date;
  plan_id: string;
  discount_percent: string;
  taxes: { name: string; percent: string }[];
}

export const listTermsSql = statement<TermsRow>(
  'billing_terms_list',
  `SELECT effective_from, plan_id, discount_percent, taxes FROM billing_terms
   WHERE organization_id = $1 ORDER BY effective_from`,
);

export interface LifeRow extends Omit<TermsRow, 'plan_id'> {
  organization_id: string;
  created_at: Date;
  /** Null where there are no terms. */
  plan_id: string | null;
}

/** Organizations and their terms, ascending. */
export const listLivesSql = statement<LifeRow>(
  'billing_terms_lives',
  `SELECT o.id AS organization_id, o.created_at, t.effective_from, t.plan_id, t.discount_percent, t.taxes
   FROM organizations o LEFT JOIN billing_terms t ON t.organization_id = o.id
   WHERE o.id = ANY($1) ORDER BY o.id, t.effective_from`,
);

/** Only terms that nothing was rated by are replaced: the caller says so. */
export const saveTermsSql = statement<unknown>(
  'billing_terms_save',
  `INSERT INTO billing_terms (organization_id, effective_from, plan_id, discount_percent, taxes, created_by, created_at)
   VALUES ($1, $2, $3, $4, $5, $6, $7)
   ON CONFLICT (organization_id, effective_from) DO UPDATE SET plan_id = excluded.plan_id,
     discount_percent = excluded.discount_percent, taxes = excluded.taxes, created_by = excluded.created_by,
     created_at = excluded.created_at`,
);

/** When it was made, and when it began to close, if it did. */
export const findLifeSql = statement<{ created_at: Date; ended_at: Date | null }>(
  'billing_life_find',
  'SELECT created_at, ended_at FROM organizations WHERE id = $1',
);

export const hasUsageSql = statement<{ used: boolean }>(
  'billing_has_usage',
  `SELECT EXISTS (SELECT FROM usage_records WHERE organization_id = $1)
     OR EXISTS (SELECT FROM billing_windows WHERE organization_id = $1)
     OR EXISTS (SELECT FROM instance_slices WHERE organization_id = $1)
     OR EXISTS (SELECT FROM build_times WHERE organization_id = $1) AS used`,
);
