import type { Violation } from '../error.js';
import { compare, parseDecimal, ZERO } from '../price/decimal.js';
import { compareRatios, fraction, parseRatio, ratioOf, times, total, type Ratio } from '../price/ratio.js';
import type { Interval } from '../usage/usage.types.js';
import type { Bill, BillPart } from './bill.js';
import { forecastTotal } from './bill.forecast.js';
import type { Budget, BudgetBasis, BudgetScope, Threshold } from './budget.types.js';

/** Bounds of what a budget says. */
export const BUDGET = { digits: 12, places: 12, percent: { minimum: 1, maximum: 1_000 }, thresholds: 20 };

/** What is said when nothing else was asked for. */
export const DEFAULT_THRESHOLDS: readonly Threshold[] = [
  { percent: 50, on: 'actual' },
  { percent: 90, on: 'actual' },
  { percent: 100, on: 'actual' },
  { percent: 100, on: 'forecast' },
];

const AMOUNT = new RegExp(`^\\d{1,${BUDGET.digits}}(\\.\\d{1,${BUDGET.places}})?$`);

/** Why the text is no amount of a budget, or undefined. */
export function budgetAmountProblem(text: string): string | undefined {
  const good = AMOUNT.test(text) && compare(parseDecimal(text), ZERO) > 0;
  return good
    ? undefined
    : `must be a decimal above 0 like 25.50, with at most ${BUDGET.digits} digits before and ${BUDGET.places} after the point`;
}

/** The same threshold twice says nothing twice. */
export function thresholdViolations(thresholds: readonly Threshold[]): Violation[] {
  const seen = new Set<string>();
  return thresholds.flatMap(({ percent, on }, i) => {
    const name = `${percent} ${on}`;
    if (seen.has(name)) return [{ field: `thresholds[${i}]`, message: 'is there twice' }];
    seen.add(name);
    return [];
  });
}

/**
 * What the scope has cost, from the bill. The organization's cost is its bill's total, with grants and tiers; those of a
 * project or service are its lines at list price, since grants and tiers belong to the organization.
 */
export function spentOf(scope: BudgetScope, bill: Bill): Ratio {
  if (isWhole(scope)) return parseRatio(bill.total);
  const { projectId, serviceId } = scope;
  const lines = bill.lines.filter((line) =>
    serviceId === undefined ? line.projectId === projectId : line.serviceId === serviceId,
  );
  return total(lines.map(({ amount }) => parseRatio(amount)));
}

const DAY_MS = 86_400_000;

/**
 * How many times as much as so far the month will have used if it goes on like this. Nothing is said on its first day: a few
 * hours say nothing about a month.
 */
export function paceOf({ startMs, endMs }: Interval, now: number): Ratio | undefined {
  const elapsed = now - startMs;
  if (elapsed < DAY_MS) return undefined;
  return fraction(BigInt(endMs - startMs), BigInt(Math.min(elapsed, endMs - startMs)));
}

/** What the scope will cost at that pace: usage grows; of the organization's cost, grants, tiers and fees do not. */
export function forecastOf(
  scope: BudgetScope,
  { bill, parts }: { bill: Bill; parts: readonly BillPart[] },
  pace: Ratio,
): Ratio {
  return isWhole(scope) ? forecastTotal(parts, pace) : times(spentOf(scope, bill), pace);
}

/** Whether it is about the organization. */
function isWhole({ projectId, serviceId }: BudgetScope): boolean {
  return projectId === undefined && serviceId === undefined;
}

/** The thresholds that the cost has reached. Reaching is exact: no rounding decides it. */
export function reachedThresholds(
  { amount, thresholds }: Pick<Budget, 'amount' | 'thresholds'>,
  cost: Readonly<Record<BudgetBasis, Ratio | undefined>>,
): Threshold[] {
  const whole = ratioOf(parseDecimal(amount));
  return thresholds.filter(({ percent, on }) => {
    const reached = cost[on];
    return (
      reached !== undefined && compareRatios(reached, times(whole, fraction(BigInt(percent), 100n))) >= 0
    );
  });
}
