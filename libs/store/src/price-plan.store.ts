import { BUILTIN_DOCUMENTS, parsePricePlan, type Id, type PricePlan } from '#libs/domain';
import {
  currencyPlacesSql,
  insertPlanVersionSql,
  listPlanVersionsSql,
  lockPlanSql,
  planVersionsSql,
  type PlanVersionRow,
} from './price-plan.sql.js';
import { ms, time, type PageRequest } from './row.js';
import type { Tx } from './statement.js';

/** A version of a price plan as it is kept: what was given, and what it means. */
export interface PlanVersion {
  id: Id<'ppv'>;
  plan: PricePlan;
  document: Record<string, unknown>;
  /** Who stored it; absent for what is built in. */
  createdBy?: string;
  /** UTC ms */
  createdAt: number;
}

/** There without any row, as the first versions of their plans. Their ids come before all others. */
const BUILTIN_VERSIONS: readonly PlanVersion[] = BUILTIN_DOCUMENTS.map((document, i) => ({
  id: `ppv_${String(i + 1).padStart(20, '0')}`,
  plan: parsePricePlan(document),
  document,
  createdAt: 0,
}));

/** Keeps everybody else from storing versions of the plan until the transaction ends. */
export async function lockPlan(tx: Tx, id: string): Promise<void> {
  await tx.run(lockPlanSql, [id]);
}

/** All versions of these plans, ascending by version within a plan. */
export async function findPlanVersions(tx: Tx, ids: readonly string[]): Promise<PlanVersion[]> {
  const builtin = BUILTIN_VERSIONS.filter(({ plan }) => ids.includes(plan.id));
  return [...builtin, ...(await tx.run(planVersionsSql, [ids])).map(toVersion)];
}

/** Places of amounts in a currency: the fewest that a plan in it has; 0 when there is none. */
export async function currencyPlaces(tx: Tx, currency: string): Promise<number> {
  const stored = (await tx.one(currencyPlacesSql, [currency]))?.places ?? Infinity;
  const builtin = BUILTIN_VERSIONS.filter(({ plan }) => plan.currency === currency);
  const places = Math.min(stored, ...builtin.map(({ plan }) => plan.decimals));
  return Number.isFinite(places) ? places : 0;
}

/** Versions of all plans in the order in which they were stored. */
export async function listPlanVersions(tx: Tx, { after = '', limit }: PageRequest): Promise<PlanVersion[]> {
  const builtin = BUILTIN_VERSIONS.filter(({ id }) => id > after);
  const stored = await tx.run(listPlanVersionsSql, [after, limit]);
  return [...builtin, ...stored.map(toVersion)].slice(0, limit);
}

/** Stored once and for all; the caller has checked it against the versions before (see lockPlan). */
export async function insertPlanVersion(
  tx: Tx,
  { id, plan, document, createdBy, createdAt }: PlanVersion & { createdBy: string },
): Promise<void> {
  const { id: planId, version, effectiveFromMs } = plan;
  const row = [id, planId, version, time(effectiveFromMs), JSON.stringify(document), createdBy];
  await tx.run(insertPlanVersionSql, [...row, time(createdAt)]);
}

function toVersion({ id, document, created_by, created_at }: PlanVersionRow): PlanVersion {
  return { id, plan: parsePricePlan(document), document, createdBy: created_by, createdAt: ms(created_at) };
}
