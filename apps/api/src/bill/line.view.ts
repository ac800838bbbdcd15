import { z } from 'zod';
import { billAdjustment } from './adjustment.view.js';
import { amount } from './cost.view.js';

const time = z.string().describe('Whole ms, up to 64 bits.');

const explainedFee = z
  .object({
    amount: amount.describe('Of a whole month.'),
    prorated: z.boolean(),
    held: z
      .array(z.object({ from: z.string(), to: z.string() }).meta({ id: 'HeldSpan' }))
      .describe('When the plan was in force in the month; nothing where the fee is not owed.'),
    heldMs: time,
    monthMs: time,
    formula: z.string().describe('What it comes to at list price, worked out.'),
  })
  .meta({ id: 'ExplainedFee', description: 'Why a fee is what it is.' });

export const explainedLineView = z
  .object({
    month: z.string(),
    plan: z.string(),
    version: z.int(),
    item: z.string(),
    name: z.string(),
    unit: z.string(),
    currency: z.string(),
    charges: z
      .array(
        z
          .object({
            quantity: amount,
            list: amount.describe('At list price.'),
            adjustments: z.array(billAdjustment),
            amount,
            rounded: amount,
          })
          .meta({ id: 'ExplainedCharge' }),
      )
      .describe('One; several where the discount changed within the month.'),
    charged: amount.describe('What is asked for it; of a correction what it changes.'),
    fee: explainedFee.optional(),
  })
  .meta({ id: 'ExplainedLine', description: 'A line of a bill from list price to what is asked for it.' });
