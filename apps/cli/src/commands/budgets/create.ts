import type { BudgetView } from '../../client/budget.types.js';
import { defineCommand } from '../../command.js';
import { declareThresholds, type ThresholdFlags } from '../../flags/threshold.flags.js';

interface BudgetFlags extends ThresholdFlags {
  service?: string;
}

/** `tow budgets create AMOUNT`: prints its id. With `--project`, or `--service` too, it is about that only. */
export const budgetsCreate = defineCommand<[string], BudgetFlags>({
  calls: ['POST /v1/budgets'],
  declare(command) {
    command
      .argument('<amount>', 'for each month (UTC), in the currency of your bill')
      .option('--service <name>', 'of this service of the project only');
    declareThresholds(command);
    command.addHelpText('after', '\nWith --project it is about that project, else about the organization.');
  },
  async run(tow, [amount], { service, threshold: thresholds }) {
    const body = { amount, project: tow.globals.project, service, thresholds };
    const budget = await (await tow.client()).post<BudgetView>('/v1/budgets', body);
    tow.out.talk(`Made a budget of ${budget.amount} ${budget.currency} a month. It stops nothing.`);
    tow.out.line(budget, budget.id);
    return undefined;
  },
});
