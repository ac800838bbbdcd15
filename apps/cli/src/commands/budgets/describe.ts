import type { BudgetView } from '../../client/budget.types.js';
import { path } from '../../client/path.js';
import { defineCommand } from '../../command.js';
import { fieldsOf, tableOf } from '../../output/table.js';
import { notCompared } from './not.compared.js';

/** `tow budgets describe ID` */
export const budgetsDescribe = defineCommand<[string], object>({
  calls: ['GET /v1/budgets/{budget}'],
  declare(command) {
    command.argument('<id>', 'the budget');
  },
  async run(tow, [id]) {
    const budget = await (await tow.client()).get<BudgetView>(path`/v1/budgets/${id}`);
    if (tow.out.json) {
      tow.out.value(budget);
      return undefined;
    }
    const { state } = budget;
    tow.out.lines([
      ...fieldsOf({
        Budget: budget.id,
        Of: budget.serviceId ?? budget.projectId ?? 'organization',
        Amount: `${budget.amount} ${budget.currency}`,
        Month: state?.month,
        Compared: notCompared(budget),
        Spent: state?.spent,
        Forecast: state?.forecast,
        'As of': state?.evaluatedAt,
      }),
      '',
      ...tableOf(budget.thresholds, { PERCENT: (one) => one.percent, OF: (one) => one.on }),
    ]);
    return undefined;
  },
});
