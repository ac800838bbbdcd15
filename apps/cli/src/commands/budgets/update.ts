import type { BudgetView } from '../../client/budget.types.js';
import { path } from '../../client/path.js';
import { defineCommand } from '../../command.js';
import { declareThresholds, type ThresholdFlags } from '../../flags/threshold.flags.js';

interface BudgetFlags extends ThresholdFlags {
  amount?: string;
}

/** `tow budgets update ID`: what is not given stays. */
export const budgetsUpdate = defineCommand<[string], BudgetFlags>({
  calls: ['PATCH /v1/budgets/{budget}'],
  declare(command) {
    command.argument('<id>', 'the budget').option('--amount <amount>', 'for each month (UTC)');
    declareThresholds(command);
  },
  async run(tow, [id], { amount, threshold: thresholds }) {
    const body = { amount, thresholds };
    const budget = await (await tow.client()).patch<BudgetView>(path`/v1/budgets/${id}`, body);
    tow.out.talk(`The budget is ${budget.amount} ${budget.currency} a month.`);
    tow.out.line(budget, budget.id);
    return undefined;
  },
});
