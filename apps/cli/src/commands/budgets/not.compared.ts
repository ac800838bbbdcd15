import type { BudgetView } from '../../client/budget.types.js';

/** What is said of a budget in another currency than the bill's. */
export function notCompared({ billedIn }: BudgetView): string | undefined {
  return billedIn === undefined ? undefined : `not: the bill is in ${billedIn}`;
}
