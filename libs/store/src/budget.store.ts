import { formatDecimal, parseDecimal, type Budget, type BudgetState, type Threshold } from '#libs/domain';
import {
  budgetedOrganizationsSql,
  budgetsOfSql,
  deleteBudgetSql,
  findBudgetSql,
  insertAlertsSql,
  insertBudgetSql,
  listBudgetsSql,
  saveBudgetStatesSql,
  updateBudgetSql,
  type BudgetRow,
} from './budget.sql.js';
import type { LeasedTx } from './lease.store.js';
import { ms, present, time, type PageRequest } from './row.js';
import type { Tx } from './statement.js';

/** A budget with what billing last found; no state before its first look. */
export interface StoredBudget extends Budget {
  state?: BudgetState;
}

export async function insertBudget(tx: Tx, budget: Omit<Budget, 'version'>): Promise<void> {
  await tx.run(insertBudgetSql, [
    budget.id,
    budget.organizationId,
    budget.projectId ?? null,
    budget.serviceId ?? null,
    budget.amount,
    budget.currency,
    JSON.stringify(budget.thresholds),
    time(budget.createdAt),
  ]);
}

export async function findBudget(
  tx: Tx,
  organizationId: string,
  id: string,
): Promise<StoredBudget | undefined> {
  const row = await tx.one(findBudgetSql, [organizationId, id]);
  return row && toBudget(row);
}

/** Oldest first. */
export async function listBudgets(
  tx: Tx,
  organizationId: string,
  page: PageRequest,
): Promise<StoredBudget[]> {
  return (await tx.run(listBudgetsSql, [organizationId, page.after ?? '', page.limit])).map(toBudget);
}

/** All of an organization, for evaluating them. */
export async function budgetsOf(tx: Tx, organizationId: string): Promise<StoredBudget[]> {
  return (await tx.run(budgetsOfSql, [organizationId])).map(toBudget);
}

/** Ids of all organizations that have a budget; needs the system role. */
export async function budgetedOrganizations(tx: Tx): Promise<string[]> {
  return (await tx.run(budgetedOrganizationsSql)).map((row) => row.organization_id);
}

export async function updateBudget(
  tx: Tx,
  { organizationId, id, amount, thresholds }: Pick<Budget, 'organizationId' | 'id' | 'amount' | 'thresholds'>,
): Promise<void> {
  await tx.run(updateBudgetSql, [organizationId, id, amount, JSON.stringify(thresholds)]);
}

/** With its state and alerts; notices that were given stay. */
export async function deleteBudget(tx: Tx, organizationId: string, id: string): Promise<void> {
  await tx.run(deleteBudgetSql, [organizationId, id]);
}

/** Notes what the budgets of an organization have come to. All of one month and one look. */
export async function saveBudgetStates(
  tx: LeasedTx,
  organizationId: string,
  states: readonly { budgetId: string; state: BudgetState }[],
): Promise<void> {
  const [first] = states;
  if (!first) return;
  await tx.run(saveBudgetStatesSql, [
    organizationId,
    states.map(({ budgetId }) => budgetId),
    first.state.month,
    states.map(({ state }) => state.spent),
    states.map(({ state }) => state.forecast ?? null),
    time(first.state.evaluatedAt),
  ]);
}

/** Notes which thresholds were reached in a month; gives those that had not been before. */
export async function insertAlerts(
  tx: LeasedTx,
  organizationId: string,
  month: string,
  reached: readonly { budgetId: string; threshold: Threshold }[],
  now: number,
): Promise<{ budgetId: string; threshold: Threshold }[]> {
  if (reached.length === 0) return [];
  const rows = await tx.run(insertAlertsSql, [
    organizationId,
    reached.map(({ budgetId }) => budgetId),
    month,
    reached.map(({ threshold }) => threshold.on),
    reached.map(({ threshold }) => threshold.percent),
    time(now),
  ]);
  return rows.map(({ budget_id: budgetId, basis: on, percent }) => ({
    budgetId,
    threshold: { percent, on },
  }));
}

function toBudget(row: BudgetRow): StoredBudget {
  const state = stateOf(row);
  return {
    id: row.id,
    organizationId: row.organization_id,
    amount: formatDecimal(parseDecimal(row.amount)),
    currency: row.currency,
    thresholds: row.thresholds,
    createdAt: ms(row.created_at),
    version: row.version,
    ...present({ projectId: row.project_id, serviceId: row.service_id }),
    ...(state ? { state } : {}),
  };
}

function stateOf({ month, spent, forecast, evaluated_at: at }: BudgetRow): BudgetState | undefined {
  if (month === null || spent === null || at === null) return undefined;
  return { month, spent, evaluatedAt: ms(at), ...present({ forecast }) };
}
