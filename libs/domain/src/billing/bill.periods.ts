import { monthSpan } from '../month.js';
import { BUILTIN_PLAN } from '../price/builtin.plans.js';
import type { PricePlan } from '../price/plan.types.js';
import type { Interval } from '../usage/usage.types.js';

/** From an instant on an organization is billed by a plan: by whichever of its versions is in force. */
export interface PlanTerm {
  effectiveFromMs: number;
  /** Id of the plan. */
  plan: string;
}

/** What an organization is billed by that nobody has given another plan. */
export const STANDARD_TERM: PlanTerm = { effectiveFromMs: 0, plan: BUILTIN_PLAN.id };

/** A part of a month in which one version of one plan is in force: what opens in it is rated by it. */
export interface BillPeriod extends Interval {
  plan: PricePlan;
}

/**
 * The parts of a month, in the order of time: they cover it without a gap.
 * @param terms of the organization, ascending; before the first one the standard term counts
 * @param plans all versions of the plans that the terms name
 * @throws RangeError when a plan has no version in force yet; nobody can be given such a plan
 */
export function billPeriods(
  month: string,
  terms: readonly PlanTerm[],
  plans: readonly PricePlan[],
): BillPeriod[] {
  const span = monthSpan(month);
  const borders = [...terms, ...plans].map(({ effectiveFromMs }) => effectiveFromMs);
  const inside = borders.filter((at) => at > span.startMs && at < span.endMs);
  const starts = [...new Set([span.startMs, ...inside])].sort((a, b) => a - b);
  const periods: BillPeriod[] = [];
  starts.forEach((startMs, i) => {
    const plan = planInForce(termAt(terms, startMs), plans, startMs);
    const endMs = starts[i + 1] ?? span.endMs;
    const before = periods.at(-1);
    // a border of a plan that this organization does not have
    if (before?.plan === plan) before.endMs = endMs;
    else periods.push({ startMs, endMs, plan });
  });
  return periods;
}

function termAt(terms: readonly PlanTerm[], atMs: number): PlanTerm {
  return terms.findLast(({ effectiveFromMs }) => effectiveFromMs <= atMs) ?? STANDARD_TERM;
}

function planInForce({ plan: id }: PlanTerm, plans: readonly PricePlan[], atMs: number): PricePlan {
  const versions = plans.filter((plan) => plan.id === id).toSorted((a, b) => a.version - b.version);
  const found = versions.findLast(({ effectiveFromMs }) => effectiveFromMs <= atMs);
  if (!found) throw new RangeError(`plan ${id} is not in force`);
  return found;
}
