import { z } from 'zod';
import { billingModel } from '../plan/plan.view.js';
import { amount } from './cost.view.js';
import { invoiceLineView } from '../invoice/invoice.view.js';

export const replayView = z
  .object({
    month: z.string(),
    plan: z.object({ id: z.string(), version: z.int(), model: billingModel }).meta({ id: 'ReplayedPlan' }),
    currency: z.string(),
    windows: z.int().describe('Minutes of revisions that were counted again from their records.'),
    digest: z.string().describe('SHA-256 of the document that the replay makes, in hex.'),
    live: z.string().describe('SHA-256 of the invoice, or of the draft as the bill says it now.'),
    equal: z.boolean().describe('Whether the two are the same bytes.'),
    invoice: z.string().optional().describe('Number of the invoice of the month; absent for a draft.'),
    lines: z.array(invoiceLineView),
    subtotal: amount,
    gross: amount,
    payable: amount,
  })
  .meta({ id: 'BillReplay', description: 'A month counted again from its raw records.' });
