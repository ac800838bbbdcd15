import type { Id, RuntimeTier } from '#libs/domain';
import { statement } from './statement.js';

export interface PlanVersionRow {
  id: Id<'ppv'>;
  plan_id: string;
  version: number;
  effective_from: Date;
  document: Record<string, unknown>;
  created_by: string;
  created_at: Date;
}

const COLUMNS = 'id, plan_id, version, effective_from, document, created_by, created_at';

/** Whoever stores versions of a plan waits for whoever does so already. */
export const lockPlanSql = statement<unknown>(
  'price_plan_lock',
  `SELECT pg_advisory_xact_lock(hashtextextended('price plan ' || $1, 0))`,
);

export const insertPlanVersionSql = statement<PlanVersionRow>(
  'price_plan_insert',
  `INSERT INTO price_plan_versions (id, plan_id, version, effective_from, document, created_by, created_at)
   VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING ${COLUMNS}`,
);

export const planVersionsSql = statement<PlanVersionRow>(
  'price_plan_versions',
  `SELECT ${COLUMNS} FROM price_plan_versions WHERE plan_id = ANY($1) ORDER BY plan_id, version`,
);

export const listPlanVersionsSql = statement<PlanVersionRow>(
  'price_plan_list',
  `SELECT ${COLUMNS} FROM price_plan_versions WHERE id > $1 ORDER BY id LIMIT $2`,
);

export const currencyPlacesSql = statement<{ places: number | null }>(
  'price_plan_currency_places',
  `SELECT min((document->>'decimals')::int) AS places FROM price_plan_versions WHERE document->>'currency' = $1`,
);

/** As `planInForce` decides it, of an organization at an instant. Null: what a plan says that says nothing. */
export const runtimeTierSql = statement<{ tier: RuntimeTier | null }>(
  'price_plan_runtime_tier',
  `SELECT document->>'runtimeTier' AS tier FROM price_plan_versions
   WHERE effective_from <= $2 AND plan_id = coalesce((SELECT plan_id FROM billing_terms
     WHERE organization_id = $1 AND effective_from <= $2 ORDER BY effective_from DESC LIMIT 1), $3)
   ORDER BY version DESC LIMIT 1`,
);
