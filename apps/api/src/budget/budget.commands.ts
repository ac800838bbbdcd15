import {
  DEFAULT_THRESHOLDS,
  formatDecimal,
  parseDecimal,
  refuseIfAny,
  thresholdViolations,
  type BudgetScope,
  type Threshold,
} from '#libs/domain';
import { deleteBudget as deleteStored, insertBudget, updateBudget as updateStored } from '#libs/store';
import type { CommandCall } from '../call/call.js';
import { checkVersion } from '../call/not-found.js';
import { projectOf } from '../project/project.queries.js';
import { serviceOf } from '../service/service.queries.js';
import { billedIn, budgetOf, show } from './budget.queries.js';
import type { BudgetView } from './budget.view.js';

interface NewBudget {
  amount: string;
  currency?: string | undefined;
  project?: string | undefined;
  service?: string | undefined;
  thresholds?: Threshold[] | undefined;
}

export async function createBudget(call: CommandCall, input: NewBudget): Promise<BudgetView> {
  const currency = await billedIn(call);
  const thresholds = input.thresholds ?? [...DEFAULT_THRESHOLDS];
  refuseIfAny([
    ...(input.currency === undefined || input.currency === currency
      ? []
      : [{ field: 'currency', message: `must be ${currency}, which your organization pays in` }]),
    ...(input.service !== undefined && input.project === undefined
      ? [{ field: 'project', message: 'is required with a service' }]
      : []),
    ...thresholdViolations(thresholds),
  ]);
  const scope = await scopeOf(call, input);
  const amount = formatDecimal(parseDecimal(input.amount));
  const id = call.newId('bdg');
  const { organizationId } = call.actor;
  const made = { id, organizationId, ...scope, amount, currency, thresholds, createdAt: call.now };
  await insertBudget(call.tx, made);
  await call.audit(id, { after: { ...scope, amount, thresholds } });
  return show(call, await budgetOf(call, id));
}

export async function updateBudget(
  call: CommandCall,
  input: {
    budget: string;
    amount?: string | undefined;
    thresholds?: Threshold[] | undefined;
    version?: string | undefined;
  },
): Promise<BudgetView> {
  const before = await budgetOf(call, input.budget);
  checkVersion(input.version, before.version);
  const thresholds = input.thresholds ?? before.thresholds;
  refuseIfAny(thresholdViolations(thresholds));
  const amount = input.amount === undefined ? before.amount : formatDecimal(parseDecimal(input.amount));
  await updateStored(call.tx, { ...before, amount, thresholds });
  const { amount: was, thresholds: were } = before;
  await call.audit(before.id, { before: { amount: was, thresholds: were }, after: { amount, thresholds } });
  return show(call, await budgetOf(call, before.id));
}

/** Gives it as it was. */
export async function deleteBudget(call: CommandCall, input: { budget: string }): Promise<BudgetView> {
  const budget = await budgetOf(call, input.budget);
  await deleteStored(call.tx, budget.organizationId, budget.id);
  await call.audit(budget.id, { before: { amount: budget.amount, thresholds: budget.thresholds } });
  return show(call, budget);
}

async function scopeOf(call: CommandCall, { project, service }: NewBudget): Promise<BudgetScope> {
  if (project === undefined) return {};
  if (service === undefined) return { projectId: (await projectOf(call, project)).id };
  const found = await serviceOf(call, { project, service });
  return { projectId: found.project.id, serviceId: found.service.id };
}
