import { BUDGET, budgetAmountProblem } from '#libs/domain';
import { z } from 'zod';
import { defineCommand, defineQuery } from '../call/definition.js';
import { definePage } from '../call/page.js';
import { reference, ruledText } from '../call/scalars.js';
import { createBudget, deleteBudget, updateBudget } from './budget.commands.js';
import { getBudget, listBudgets } from './budget.queries.js';
import { budgetView, thresholdInput } from './budget.view.js';

const budget = reference('Id of the budget.');
const amount = ruledText(budgetAmountProblem).describe('For each UTC month, an exact decimal above 0.');
const thresholds = z
  .array(thresholdInput)
  .max(BUDGET.thresholds)
  .describe('When to give notice, each once a month; 50, 90 and 100 % spent and 100 % forecast when absent.');

export const budgetOperations = [
  definePage({
    name: 'budgets.list',
    permission: 'budget.read',
    rest: { method: 'GET', path: '/v1/budgets', status: 200 },
    graphql: 'budgets',
    summary: 'Budgets of your organization, with what they have come to this month.',
    input: z.strictObject({}),
    item: budgetView,
    key: 'id',
    handler: (call, _input, page) => listBudgets(call, page),
  }),
  defineCommand({
    name: 'budgets.create',
    permission: 'budget.write',
    rest: { method: 'POST', path: '/v1/budgets', status: 201 },
    graphql: 'createBudget',
    summary: 'Set an amount for each month, of the organization, a project or a service. It stops nothing.',
    input: z.strictObject({
      amount,
      currency: z.string().max(3).optional().describe('That of your bill, which it is when absent.'),
      project: reference('Handle or id: of this project only.').optional(),
      service: reference('Name or id: of this service of the project only.').optional(),
      thresholds: thresholds.optional(),
    }),
    output: budgetView,
    handler: createBudget,
  }),
  defineQuery({
    name: 'budgets.get',
    permission: 'budget.read',
    rest: { method: 'GET', path: '/v1/budgets/{budget}', status: 200 },
    graphql: 'budget',
    summary: 'One budget, with what it has come to this month.',
    input: z.strictObject({ budget }),
    output: budgetView,
    handler: getBudget,
  }),
  defineCommand({
    name: 'budgets.update',
    permission: 'budget.write',
    rest: { method: 'PATCH', path: '/v1/budgets/{budget}', status: 200 },
    graphql: 'updateBudget',
    summary: 'Change the amount or the thresholds. What was told this month is not told again.',
    input: z.strictObject({
      budget,
      amount: amount.optional(),
      thresholds: thresholds.optional(),
      version: z.string().max(20).optional().describe('Refuse when it changed since this version.'),
    }),
    output: budgetView,
    handler: updateBudget,
  }),
  defineCommand({
    name: 'budgets.delete',
    permission: 'budget.write',
    rest: { method: 'DELETE', path: '/v1/budgets/{budget}', status: 200 },
    graphql: 'deleteBudget',
    summary: 'Delete a budget. Notices that were given stay.',
    input: z.strictObject({ budget }),
    output: budgetView,
    handler: deleteBudget,
  }),
];
