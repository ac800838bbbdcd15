import { monthSpan } from '../month.js';
import { compare, type Decimal } from '../price/decimal.js';
import type { PricePlan } from '../price/plan.types.js';
import type { Interval } from '../usage/usage.types.js';
import { termsAt, type BillingTerms } from './terms.js';

/** A part of a month in which one version of one plan is in force: what opens in it is rated by it. */
export interface BillPeriod extends Interval {
  plan: PricePlan;
  discountPercent: Decimal;
}

/**
 * The parts of a month, in the order of time, without a gap; from the organization's making on, when it was made in it.
 * @param terms of the organization, ascending; before the first ones the standard terms count
 * @param plans all versions of the plans that the terms name
 * @throws RangeError when a plan has no version in force yet; nobody can be given such a plan
 */
export function billPeriods(
  month: string,
  terms: readonly BillingTerms[],
  plans: readonly PricePlan[],
  madeAtMs = 0,
): BillPeriod[] {
  const { startMs: monthStartMs, endMs: monthEndMs } = monthSpan(month);
  const fromMs = madeAtMs < monthEndMs ? Math.max(monthStartMs, madeAtMs) : monthStartMs;
  const borders = [...terms, ...plans].map(({ effectiveFromMs }) => effectiveFromMs);
  const inside = borders.filter((at) => at > fromMs && at < monthEndMs);
  const starts = [...new Set([fromMs, ...inside])].sort((a, b) => a - b);
  const periods: BillPeriod[] = [];
  starts.forEach((startMs, i) => {
    const { discountPercent } = termsAt(terms, startMs);
    const plan = planInForce(terms, plans, startMs);
    const endMs = starts[i + 1] ?? monthEndMs;
    const before = periods.at(-1);
    // a border of a plan that this organization does not have
    if (before?.plan === plan && compare(before.discountPercent, discountPercent) === 0) before.endMs = endMs;
    else periods.push({ startMs, endMs, plan, discountPercent });
  });
  return periods;
}

/** A version of a plan, and from when on (UTC ms) it is in force. */
export interface PlanChange {
  fromMs: number;
  plan: PricePlan;
}

/**
 * What is in force at an instant, and all that comes after it, ascending.
 * @param plans all versions of the plans that the terms name
 * @throws RangeError when a plan has no version in force yet
 */
export function planChanges(
  terms: readonly BillingTerms[],
  plans: readonly PricePlan[],
  fromMs: number,
): PlanChange[] {
  const borders = [...terms, ...plans].map(({ effectiveFromMs }) => effectiveFromMs);
  const starts = [...new Set([fromMs, ...borders.filter((at) => at > fromMs)])].sort((a, b) => a - b);
  const changes = starts.map((startMs) => ({ fromMs: startMs, plan: planInForce(terms, plans, startMs) }));
  return changes.filter(({ plan }, i) => plan !== changes[i - 1]?.plan);
}

/**
 * The version of a plan that an organization is billed by at an instant.
 * @throws RangeError when there is none yet
 */
export function planInForce(
  terms: readonly BillingTerms[],
  plans: readonly PricePlan[],
  atMs: number,
): PricePlan {
  const { plan: id } = termsAt(terms, atMs);
  const versions = plans.filter((plan) => plan.id === id).toSorted((a, b) => a.version - b.version);
  const found = versions.findLast(({ effectiveFromMs }) => effectiveFromMs <= atMs);
  if (!found) throw new RangeError(`plan ${id} is not in force`);
  return found;
}
