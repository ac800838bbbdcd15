import { z } from 'zod';
import { BILLED_FROM, amount, place } from './cost.view.js';

const count = z.string().describe('A whole number of up to 64 bits.');
const counts = { requests: count, blocks: count, perRequestUnits: count, responseBytes: count };
const price = {
  quantity: amount,
  unit: z.string(),
  rate: amount,
  currency: z.string(),
  amount: amount.describe('At list price.'),
};

export const explainedWindowView = z
  .object({
    id: z.string(),
    start: z.string(),
    ...place,
    ...counts,
    ...price,
    state: z
      .enum(['open', 'grace', 'closed', 'invoiced'])
      .describe('Of its hour in the ledger.')
      .meta({ id: 'LedgerWindowState' }),
    corrected: z.boolean().describe('Whether something came late for its hour after it was closed.'),
  })
  .meta({ id: 'ExplainedWindow', description: 'A minute of one revision that a line is the sum of.' });

export const explainedRequestView = z
  .object({
    id: z.string().describe('Identity of its first usage record in the window.'),
    request: z
      .string()
      .describe('Id of the request; of time of builds, of the build; of time of instances, of the instance.'),
    ...counts,
    billedFrom: z.string().optional().describe(BILLED_FROM),
    opened: z.array(z.string()).describe('When it opened blocks.'),
    stretch: z
      .object({
        ...{ from: z.string(), to: z.string() },
        state: z.enum(['active', 'idle', 'stopped']).meta({ id: 'InstanceState' }),
        ms: count.describe('What of it counts: whole quanta that open in it.'),
      })
      .meta({ id: 'ExplainedStretch', description: 'An instance in one state within the minute.' })
      .optional()
      .describe('Of time of instances.'),
    ...price,
  })
  .meta({
    id: 'ExplainedRequest',
    description: 'What one request, build or stretch of an instance bears of a window.',
  });
