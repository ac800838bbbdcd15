import type { CommandEntry } from './command.js';

/** Commands about prices, bills and what may be spent. */
export const MONEY_COMMANDS: readonly CommandEntry[] = [
  {
    words: 'bill',
    summary: 'the current bill',
    load: async () => (await import('./commands/bill.js')).bill,
  },
  {
    words: 'plans list',
    summary: 'the versions of all price plans (platform operator)',
    load: async () => (await import('./commands/plans/list.js')).plansList,
  },
  {
    words: 'plans create',
    summary: 'store price plans from a file (platform operator)',
    load: async () => (await import('./commands/plans/create.js')).plansCreate,
  },
  {
    words: 'plans describe',
    summary: 'one price plan as data (platform operator)',
    load: async () => (await import('./commands/plans/describe.js')).plansDescribe,
  },
  {
    words: 'budgets list',
    summary: 'the budgets and what they have come to',
    load: async () => (await import('./commands/budgets/list.js')).budgetsList,
  },
  {
    words: 'budgets create',
    summary: 'set an amount for each month',
    load: async () => (await import('./commands/budgets/create.js')).budgetsCreate,
  },
  {
    words: 'budgets describe',
    summary: 'one budget',
    load: async () => (await import('./commands/budgets/describe.js')).budgetsDescribe,
  },
  {
    words: 'budgets update',
    summary: 'change the amount or the thresholds',
    load: async () => (await import('./commands/budgets/update.js')).budgetsUpdate,
  },
  {
    words: 'budgets delete',
    summary: 'delete a budget',
    load: async () => (await import('./commands/budgets/delete.js')).budgetsDelete,
  },
  {
    words: 'notices list',
    summary: 'what your organization was told',
    load: async () => (await import('./commands/notices/list.js')).noticesList,
  },
];
