import {
  findBudget,
  listBudgets as listStored,
  listTerms,
  type PageRequest,
  type StoredBudget,
} from '#libs/store';
import { planNow } from '../account/account.queries.js';
import type { Call } from '../call/call.js';
import { notFound } from '../call/not-found.js';
import { showBudget, type BudgetView } from './budget.view.js';

export async function budgetOf(call: Call, id: string): Promise<StoredBudget> {
  const budget = await findBudget(call.tx, call.actor.organizationId, id);
  if (!budget) throw notFound('budget');
  return budget;
}

export async function getBudget(call: Call, input: { budget: string }): Promise<BudgetView> {
  return show(call, await budgetOf(call, input.budget));
}

export async function listBudgets(call: Call, page: PageRequest): Promise<BudgetView[]> {
  const budgets = await listStored(call.tx, call.actor.organizationId, page);
  const currency = await billedIn(call);
  return budgets.map((budget) => showBudget(budget, currency));
}

export async function show(call: Call, budget: StoredBudget): Promise<BudgetView> {
  return showBudget(budget, await billedIn(call));
}

/** The currency of the organization's bill now. */
export async function billedIn(call: Call): Promise<string> {
  return (await planNow(call, await listTerms(call.tx, call.actor.organizationId))).currency;
}
