import { BUDGET, BUDGET_BASES } from '#libs/domain';
import type { StoredBudget } from '#libs/store';
import { z } from 'zod';
import { bounded, iso } from '../call/scalars.js';

const amount = z.string().describe('An exact decimal; a fraction like `29/31` where none ends.');

const thresholdFields = {
  percent: bounded(BUDGET.percent).describe('Of the amount.'),
  on: z.enum(BUDGET_BASES).meta({ id: 'BudgetBasis' }),
};

export const thresholdInput = z.strictObject(thresholdFields).meta({ id: 'ThresholdInput' });

export const budgetView = z
  .object({
    id: z.string(),
    projectId: z.string().optional(),
    serviceId: z.string().optional(),
    amount: z.string(),
    currency: z.string(),
    thresholds: z.array(z.object(thresholdFields).meta({ id: 'Threshold' })),
    state: z
      .object({
        month: z.string(),
        spent: amount,
        forecast: amount.optional().describe('Absent on the first day of the month.'),
        evaluatedAt: z.string(),
      })
      .meta({ id: 'BudgetState', description: 'What it had come to when billing last looked.' })
      .optional(),
    billedIn: z
      .string()
      .optional()
      .describe(
        'The currency of your bill, where it is another: then nothing is compared, and nothing told.',
      ),
    createdAt: z.string(),
    version: z.string(),
  })
  .meta({ id: 'Budget', description: 'An amount for each UTC month, and when to say how near it is.' });

export type BudgetView = z.input<typeof budgetView>;

/** @param currency of the bill */
export function showBudget(
  { state, organizationId: _own, ...budget }: StoredBudget,
  currency: string,
): BudgetView {
  const { createdAt, version, ...rest } = budget;
  const isOther = rest.currency !== currency;
  return {
    ...rest,
    createdAt: iso(createdAt),
    version: String(version),
    ...(isOther ? { billedIn: currency } : {}),
    ...(state && !isOther ? { state: { ...state, evaluatedAt: iso(state.evaluatedAt) } } : {}),
  };
}
