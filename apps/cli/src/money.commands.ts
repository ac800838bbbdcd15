import type { CommandEntry } from './command.js';

/** Commands about prices and bills. */
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
];
