import { findBudget, listBudgets as listStored, type PageRequest, type StoredBudget } from '#libs/store';
import type { Call } from '../call/call.js';
import { notFound } from '../call/not-found.js';
import { showBudget, type BudgetView } from './budget.view.js';

export async function budgetOf(call: Call, id: string): Promise<StoredBudget> {
  const budget = await findBudget(call.tx, call.actor.organizationId, id);
  if (!budget) throw notFound('budget');
  return budget;
}

export async function getBudget(call: Call, input: { budget: string }): Promise<BudgetView> {
  return showBudget(await budgetOf(call, input.budget));
}

export async function listBudgets(call: Call, page: PageRequest): Promise<BudgetView[]> {
  return (await listStored(call.tx, call.actor.organizationId, page)).map(showBudget);
}
