import {
  billOf,
  forecastOf,
  formatRatio,
  monthOf,
  monthSpan,
  paceOf,
  parseRatio,
  reachedThresholds,
  spentOf,
  type Bill,
  type BillPart,
  type Budget,
  type BudgetState,
  type Id,
  type NoticeData,
  type Random,
  type Threshold,
} from '#libs/domain';
import {
  budgetsOf,
  findBillFacts,
  giveNotice,
  insertAlerts,
  saveBudgetStates,
  type LeasedTx,
  type StoredBudget,
} from '#libs/store';

/**
 * Looks at all budgets of an organization: notes what they have come to this month, and gives notice of each threshold
 * that was reached for the first time in it.
 * @returns how many notices were given
 */
export async function evaluateBudgets(
  tx: LeasedTx,
  organizationId: Id<'org'>,
  now: number,
  random: Random,
): Promise<number> {
  const month = monthOf(now);
  const { parts } = await findBillFacts(tx, organizationId, month);
  const bill = billOf(month, parts);
  // one of before the bill was in this currency is shown as that, and compared with nothing
  const budgets = (await budgetsOf(tx, organizationId)).filter(({ currency }) => currency === bill.currency);
  const looked = budgets.map((budget) => ({ budget, state: stateOf(budget, { bill, parts }, now) }));
  const states = looked.map(({ budget, state }) => ({ budgetId: budget.id, state }));
  await saveBudgetStates(tx, organizationId, states);
  const reached = looked.flatMap(({ budget, state }) => reachedBy(budget, state));
  const fresh = await insertAlerts(tx, organizationId, month, reached, now);
  for (const { budgetId, threshold } of fresh) {
    const one = looked.find(({ budget }) => budget.id === budgetId);
    if (!one) continue;
    const data = noticeOf(one.budget, one.state, threshold);
    await giveNotice(tx, { organizationId, type: 'budget.threshold', data, now }, random);
  }
  return fresh.length;
}

function stateOf(
  budget: Budget,
  month: { bill: Bill; parts: readonly BillPart[] },
  evaluatedAt: number,
): BudgetState {
  const { bill } = month;
  const pace = paceOf(monthSpan(bill.month), evaluatedAt);
  return {
    month: bill.month,
    spent: formatRatio(spentOf(budget, bill)),
    evaluatedAt,
    ...(pace === undefined ? {} : { forecast: formatRatio(forecastOf(budget, month, pace)) }),
  };
}

function reachedBy(budget: StoredBudget, state: BudgetState): { budgetId: string; threshold: Threshold }[] {
  const actual = parseRatio(state.spent);
  const forecast = state.forecast === undefined ? undefined : parseRatio(state.forecast);
  return reachedThresholds(budget, { actual, forecast }).map((threshold) => ({
    budgetId: budget.id,
    threshold,
  }));
}

function noticeOf(
  { id, projectId, serviceId, amount, currency }: Budget,
  { month, spent, forecast }: BudgetState,
  { percent, on }: Threshold,
): NoticeData['budget.threshold'] {
  return {
    budgetId: id,
    ...(projectId === undefined ? {} : { projectId }),
    ...(serviceId === undefined ? {} : { serviceId }),
    ...{ month, percent, on, amount, currency, spent },
    ...(forecast === undefined ? {} : { forecast }),
  };
}
