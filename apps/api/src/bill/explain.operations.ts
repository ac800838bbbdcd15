import { z } from 'zod';
import { defineDownload, defineQuery } from '../call/definition.js';
import { definePage } from '../call/page.js';
import { billedMonth, moment, reference } from '../call/scalars.js';
import { readRequestCost } from './cost.queries.js';
import { requestCostView } from './cost.view.js';
import { explainWindow } from './explain.queries.js';
import { explainLine, explainedLines } from './explain.windows.js';
import { explainWholeLine } from './line.queries.js';
import { explainedLineView } from './line.view.js';
import { replayBill } from './replay.queries.js';
import { replayView } from './replay.view.js';
import { explainedRequestView, explainedWindowView } from './explain.view.js';

const line = reference(
  'Id of a price item; `plan/version/item` where versions share it; of a correction `month/plan/version/item`.',
);

const lineInput = z.strictObject({
  line,
  month: billedMonth.describe('A UTC month like `2026-11`; this month when absent.'),
  invoice: reference('Id or number of an invoice, instead of a month.').optional(),
});

export const explainOperations = [
  defineQuery({
    name: 'bill.request',
    permission: 'bill.read',
    rest: { method: 'GET', path: '/v1/bill/requests/{request}', status: 200 },
    graphql: 'requestCost',
    summary: 'What one request costs at list price: the blocks it opened, itself, and what it sent.',
    input: z.strictObject({
      request: reference('Id of the request, as its answer says in `x-request-id`.'),
      at: moment.optional().describe('When it ran, to 3 minutes; absent: within the last hour.'),
    }),
    output: requestCostView,
    handler: readRequestCost,
  }),
  defineQuery({
    name: 'bill.line',
    permission: 'bill.read',
    rest: { method: 'GET', path: '/v1/bill/line', status: 200 },
    graphql: 'explainedLine',
    summary:
      'A line of your bill from list price to what is asked for it, adjustment by adjustment; of a fee also when it was held, and the formula.',
    input: lineInput,
    output: explainedLineView,
    handler: explainWholeLine,
  }),
  definePage({
    name: 'bill.explain',
    permission: 'bill.read',
    rest: { method: 'GET', path: '/v1/bill/windows', status: 200 },
    graphql: 'explainedWindows',
    summary:
      'The minutes that a line of your bill is the sum of, by time; of an invoice as it counted them, of a correction what changed. A fee has none.',
    input: lineInput,
    item: explainedWindowView,
    key: 'id',
    handler: explainLine,
  }),
  defineDownload({
    name: 'bill.exportWindows',
    permission: 'bill.read',
    rest: { method: 'GET', path: '/v1/bill/windows/export', status: 200 },
    media: 'application/x-ndjson',
    summary:
      'All of them at once, one JSON object a line: what an invoice had counted is counted again once, not for each page.',
    input: lineInput,
    download: async (call, input) => ({
      name: 'windows.ndjson',
      body: await explainedLines((work) => call.read(work), input),
    }),
  }),
  definePage({
    name: 'bill.explainWindow',
    permission: 'bill.read',
    rest: { method: 'GET', path: '/v1/bill/windows/{window}/requests', status: 200 },
    graphql: 'explainedRequests',
    summary:
      "The requests that bear a minute's part of a line: for time those that opened its blocks; for time of instances what each did.",
    input: z.strictObject({
      window: reference('Id of the window.'),
      line,
      invoice: reference('Id or number of an invoice: as it counted them.').optional(),
    }),
    item: explainedRequestView,
    key: 'id',
    handler: explainWindow,
  }),
  defineQuery({
    name: 'bill.replay',
    permission: 'bill.read',
    rest: { method: 'GET', path: '/v1/bill/replay', status: 200 },
    graphql: 'replayedBill',
    summary:
      'A month counted again from its raw records; with another plan or model, what it would have cost.',
    input: z.strictObject({
      month: billedMonth.describe('A UTC month like `2026-11`; this month when absent.'),
      plan: reference('Id of a price plan, instead of the one that was in force.').optional(),
      model: z
        .enum(['concurrency', 'per_request'])
        .optional()
        .describe("How time of requests is counted, instead of the plan's way."),
    }),
    output: replayView,
    handler: replayBill,
  }),
];
