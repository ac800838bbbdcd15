import type { CommandEntry } from './command.js';

/** Commands about prices, bills and what may be spent. */
export const MONEY_COMMANDS: readonly CommandEntry[] = [
  {
    words: 'bill',
    summary: 'the current bill',
    load: async () => (await import('./commands/bill.js')).bill,
  },
  {
    words: 'bill request',
    summary: 'what one request costs',
    load: async () => (await import('./commands/bill/request.js')).billRequest,
  },
  {
    words: 'bill explain',
    summary: 'the minutes, and the requests, that a line of a bill or an invoice is made of',
    load: async () => (await import('./commands/bill/explain.js')).billExplain,
  },
  {
    words: 'bill replay',
    summary: 'count a month again from its records, also by another plan',
    load: async () => (await import('./commands/bill/replay.js')).billReplay,
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
    words: 'caps set',
    summary: 'set the most that may be spent in a month',
    load: async () => (await import('./commands/caps/caps.js')).capsSet,
  },
  {
    words: 'caps describe',
    summary: 'the cap, and what of it is used',
    load: async () => (await import('./commands/caps/caps.js')).capsDescribe,
  },
  {
    words: 'caps delete',
    summary: 'let your organization spend without a cap',
    load: async () => (await import('./commands/caps/caps.js')).capsDelete,
  },
  {
    words: 'notices list',
    summary: 'what your organization was told',
    load: async () => (await import('./commands/notices/list.js')).noticesList,
  },
  {
    words: 'plans preview',
    summary: 'what a plan would have made of last month, for every organization (platform operator)',
    load: async () => (await import('./commands/plans/preview.js')).plansPreview,
  },
  {
    words: 'clusters set-price',
    summary: 'say what instances in a cluster cost, for your margin (platform operator)',
    load: async () => (await import('./commands/clusters/set-price.js')).clustersSetPrice,
  },
  {
    words: 'admin margin',
    summary:
      'what organizations were billed against what their instances cost, by cluster (platform operator)',
    load: async () => (await import('./commands/admin/margin.js')).adminMargin,
  },
  {
    words: 'billing describe',
    summary: 'how an organization is billed, and who pays',
    load: async () => (await import('./commands/billing/account.js')).billingDescribe,
  },
  {
    words: 'billing update',
    summary: 'say who is asked to pay',
    load: async () => (await import('./commands/billing/account.js')).billingUpdate,
  },
  {
    words: 'billing set-terms',
    summary: 'plan, discount and taxes of an organization (platform operator)',
    load: async () => (await import('./commands/billing/terms.js')).billingSetTerms,
  },
  {
    words: 'invoices list',
    summary: 'invoices and credit notes',
    load: async () => (await import('./commands/invoices/invoices.js')).invoicesList,
  },
  {
    words: 'invoices describe',
    summary: 'one invoice: lines, payments, what is still to be paid',
    load: async () => (await import('./commands/invoices/invoices.js')).invoicesDescribe,
  },
  {
    words: 'invoices download',
    summary: 'one invoice as JSON, CSV, HTML, PDF or rows of FOCUS 1.2',
    load: async () => (await import('./commands/invoices/invoices.js')).invoicesDownload,
  },
  {
    words: 'invoices void',
    summary: 'take an invoice back by a credit note (platform operator)',
    load: async () => (await import('./commands/invoices/invoices.js')).invoicesVoid,
  },
  {
    words: 'invoices record-payment',
    summary: 'say that money came in for an invoice (platform operator)',
    load: async () => (await import('./commands/invoices/invoices.js')).invoicesRecordPayment,
  },
  {
    words: 'credits list',
    summary: 'money that pays invoices first',
    load: async () => (await import('./commands/credits/credits.js')).creditsList,
  },
  {
    words: 'credits create',
    summary: 'give an organization a credit (platform operator)',
    load: async () => (await import('./commands/credits/credits.js')).creditsCreate,
  },
  {
    words: 'credits revoke',
    summary: 'take back what is left of a credit (platform operator)',
    load: async () => (await import('./commands/credits/credits.js')).creditsRevoke,
  },
  {
    words: 'ledger show',
    summary: 'what your organization owes, by account',
    load: async () => (await import('./commands/ledger/show.js')).ledgerShow,
  },
  {
    words: 'ledger entries',
    summary: 'what happened to what your organization owes',
    load: async () => (await import('./commands/ledger/entries.js')).ledgerEntries,
  },
  {
    words: 'ledger adjustments',
    summary: 'what was added to what an organization owes, or taken off',
    load: async () => (await import('./commands/ledger/adjustments.js')).ledgerAdjustments,
  },
  {
    words: 'ledger adjust',
    summary: 'add to what an organization owes, or take off (platform operator)',
    load: async () => (await import('./commands/ledger/adjustments.js')).ledgerAdjust,
  },
  {
    words: 'ledger seals',
    summary: 'closed hours of usage and other entries, sealed',
    load: async () => (await import('./commands/ledger/seals.js')).ledgerSeals,
  },
  {
    words: 'ledger export',
    summary: 'the whole ledger as a file that anybody can check',
    load: async () => (await import('./commands/ledger/export.js')).ledgerExport,
  },
  {
    words: 'webhooks list',
    summary: 'the addresses that notices are sent to',
    load: async () => (await import('./commands/webhooks/list.js')).webhooksList,
  },
  {
    words: 'webhooks create',
    summary: 'have notices sent to an address',
    load: async () => (await import('./commands/webhooks/create.js')).webhooksCreate,
  },
  {
    words: 'webhooks delete',
    summary: 'send nothing more there',
    load: async () => (await import('./commands/webhooks/delete.js')).webhooksDelete,
  },
  {
    words: 'webhooks deliveries',
    summary: 'what was sent and what came of it',
    load: async () => (await import('./commands/webhooks/deliveries.js')).webhooksDeliveries,
  },
  {
    words: 'quarantine list',
    summary: 'usage records that were refused, and why',
    load: async () => (await import('./commands/quarantine/list.js')).quarantineList,
  },
  {
    words: 'quarantine release',
    summary: "have billing look again at an organization's refused records",
    load: async () => (await import('./commands/quarantine/release.js')).quarantineRelease,
  },
  {
    words: 'quarantine dismiss',
    summary: 'close refused records: they stay listed and are never billed',
    load: async () => (await import('./commands/quarantine/dismiss.js')).quarantineDismiss,
  },
];
