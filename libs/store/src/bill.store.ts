import {
  billOf,
  billPeriods,
  monthOf,
  monthSpan,
  planChanges,
  planInForce,
  STANDARD_TERMS,
  termsAt,
  type BillPart,
  type BillPeriod,
  type BillTerms,
  type BillingTerms,
  type PlanChange,
  type PlanInForce,
  type PlansInForce,
  type PricePlan,
  type ZonedPlans,
} from '#libs/domain';
import { findBillingLife, listTerms, toTerms } from './billing-account.store.js';
import { listLivesSql } from './billing-account.sql.js';
import { usageByPeriod } from './billing-window.store.js';
import { findOpenCredits } from './credit.store.js';
import { findPlanVersions } from './price-plan.store.js';
import { ms } from './row.js';
import type { Tx } from './statement.js';

/** What a month of an organization is billed from. */
export interface BillFacts {
  month: string;
  /** Its usage by the plans that were in force. */
  parts: BillPart[];
  terms: BillTerms;
}

const MINUTE_MS = 60_000;

/** The parts of a month, by the terms and versions of plans that were in force. Bound to the organization, or as the system. */
export async function findBillPeriods(tx: Tx, organizationId: string, month: string): Promise<BillPeriod[]> {
  return (await periodsOf(tx, organizationId, month)).periods;
}

/** What is in force at an instant, but not before the organization was made, and all that comes after it, ascending. */
export async function findPlanChanges(tx: Tx, organizationId: string, fromMs: number): Promise<PlanChange[]> {
  const { madeAt } = await findBillingLife(tx, organizationId);
  const terms = await listTerms(tx, organizationId);
  const madeAtMinute = madeAt - (madeAt % MINUTE_MS);
  return planChanges(terms, await versionsOf(tx, terms), Math.max(fromMs, madeAtMinute));
}

/** What an organization was billed by in the months of these instants, which ascend. */
export async function findPlansInForce(
  tx: Tx,
  organizationId: string,
  instants: readonly number[],
): Promise<PlansInForce> {
  const plans: PlanInForce[] = [];
  for (const month of new Set(instants.map((at) => monthOf(at))))
    for (const { startMs, plan } of await findBillPeriods(tx, organizationId, month))
      plans.push({ fromMs: startMs, plan });
  const [first, ...rest] = plans;
  if (!first) throw new Error(`no plan is in force for ${organizationId}`);
  return [first, ...rest];
}

/** What organizations are billed by. */
export interface PlanFinder {
  /** At an instant. */
  at(organizationId: string, atMs: number): PricePlan;
  /** Instants at which it may change, ascending. */
  changes(organizationId: string): number[];
  /** Whether any of them, at any time, has price zones. */
  hasZones: boolean;
  /** Of one of them, by which windows hand over to each other. */
  zonesOf(organizationId: string): ZonedPlans;
}

/** Finds it for these organizations, in two statements. */
export async function planFinder(tx: Tx, organizationIds: readonly string[]): Promise<PlanFinder> {
  const lives = new Map<string, { madeAtMs: number; terms: BillingTerms[] }>();
  for (const { organization_id, created_at, plan_id, ...row } of await tx.run(listLivesSql, [
    organizationIds,
  ])) {
    const life = lives.get(organization_id) ?? { madeAtMs: ms(created_at), terms: [] };
    lives.set(organization_id, life);
    if (plan_id !== null) life.terms.push(toTerms({ ...row, plan_id }));
  }
  const all = [...lives.values()].flatMap(({ terms }) => terms);
  const versions = await versionsOf(tx, all);
  const changes = (of: readonly { effectiveFromMs: number }[]): number[] =>
    of.map(({ effectiveFromMs }) => effectiveFromMs);
  const ofVersions = changes(versions);
  const at = (organizationId: string, atMs: number): PricePlan => {
    const { madeAtMs = 0, terms = [] } = lives.get(organizationId) ?? {};
    return planInForce(terms, versions, Math.max(atMs, madeAtMs - (madeAtMs % MINUTE_MS)));
  };
  const hasZones = versions.some(({ zones }) => zones.length > 0);
  return {
    at,
    hasZones,
    zonesOf: (organizationId) => ({ hasZones, at: (atMs) => at(organizationId, atMs) }),
    changes(organizationId) {
      const { terms = [] } = lives.get(organizationId) ?? {};
      return [...ofVersions, ...changes(terms)].sort((a, b) => a - b);
    },
  };
}

/** Bound to the organization, or as the system. */
export async function findBillFacts(tx: Tx, organizationId: string, month: string): Promise<BillFacts> {
  const { startMs: fromMs, endMs: toMs } = monthSpan(month);
  const { periods, terms, madeAt, endedAt } = await periodsOf(tx, organizationId, month);
  const credits = await findOpenCredits(tx, organizationId);
  const borders = periods.slice(1).map(({ startMs }) => startMs);
  const days = await usageByPeriod(tx, { organizationId, fromMs, toMs }, borders);
  const monthMs = madeAt < toMs && endedAt >= toMs ? BigInt(toMs - fromMs) : 0n;
  return {
    month,
    parts: periods.map((period, i) => ({ ...heldIn(period, monthMs), days: days[i] ?? [] })),
    terms: { taxes: termsAt(terms, toMs - 1).taxes, credits },
  };
}

/** What an organization has spent in the month that goes on, before taxes. */
export interface MonthSpent {
  month: string;
  /** UTC ms at which the month ends. */
  endMs: number;
  /** Exact (see formatRatio). */
  spent: string;
  currency: string;
  /** Those of the month. */
  plans: PricePlan[];
}

/** What the bill says of the month that an instant lies in. Bound to the organization, or as the system. */
export async function findMonthSpent(tx: Tx, organizationId: string, now: number): Promise<MonthSpent> {
  const month = monthOf(now);
  const { parts } = await findBillFacts(tx, organizationId, month);
  const { total: spent, currency } = billOf(month, parts);
  return { month, endMs: monthSpan(month).endMs, spent, currency, plans: parts.map(({ plan }) => plan) };
}

/** One statement after the other: the system role's connections take no more at a time. */
async function periodsOf(
  tx: Tx,
  organizationId: string,
  month: string,
): Promise<{ periods: BillPeriod[]; terms: BillingTerms[]; madeAt: number; endedAt: number }> {
  const { madeAt, endedAt } = await findBillingLife(tx, organizationId);
  const terms = await listTerms(tx, organizationId);
  const versions = await versionsOf(tx, terms);
  const periods = billPeriods(month, terms, versions, madeAt - (madeAt % MINUTE_MS));
  return { periods, terms, madeAt, endedAt };
}

/** All versions of the plans that terms name, and of the standard one. */
async function versionsOf(tx: Tx, terms: readonly BillingTerms[]): Promise<PricePlan[]> {
  const plans = new Set([STANDARD_TERMS, ...terms].map(({ plan }) => plan));
  return (await findPlanVersions(tx, [...plans])).map(({ plan }) => plan);
}

/** Fees are owed for the time an organization has had a plan: none before it was made, none from the month in which it ends. */
function heldIn(
  { plan, discountPercent, startMs, endMs }: BillPeriod,
  monthMs: bigint,
): Omit<BillPart, 'days'> {
  const held = monthMs === 0n ? {} : { held: { ms: BigInt(endMs - startMs), monthMs } };
  return { plan, discountPercent, ...held };
}
