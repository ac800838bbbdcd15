import type { BudgetView } from '../../client/budget.types.js';
import { notCompared } from './not.compared.js';
import { listCommand } from '../../list.command.js';

/** `tow budgets list` */
export const budgetsList = listCommand<BudgetView>({
  calls: ['GET /v1/budgets'],
  address: () => Promise.resolve('/v1/budgets'),
  columns: {
    ID: (budget) => budget.id,
    OF: (budget) => budget.serviceId ?? budget.projectId ?? 'organization',
    AMOUNT: (budget) => `${budget.amount} ${budget.currency}`,
    MONTH: (budget) => budget.state?.month ?? notCompared(budget),
    SPENT: (budget) => budget.state?.spent,
    FORECAST: (budget) => budget.state?.forecast,
  },
  nothing: 'No budget. Make one: tow budgets create AMOUNT',
});
