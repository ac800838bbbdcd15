import { formatDecimal } from '#libs/domain';
import type { StoredAdjustment } from '#libs/store';
import { z } from 'zod';
import { iso } from '../call/scalars.js';

export const adjustmentView = z
  .object({
    id: z.string().describe('Of the entry in the ledger.'),
    amount: z.string().describe('An exact decimal; below 0 it lowers what is owed.'),
    currency: z.string(),
    reason: z.string().optional(),
    reference: z.string().optional().describe('What the operator calls it.'),
    invoice: z
      .string()
      .optional()
      .describe('Number of the invoice that asked for it; absent: it is on the next one.'),
    takenBack: z
      .string()
      .optional()
      .describe('Number of the credit note that took it back with that invoice.'),
    createdAt: z.string(),
    createdBy: z.string(),
  })
  .meta({ id: 'Adjustment', description: 'What an operator added to what is owed, or took off.' });

const KEY = 'adjustment/';

export function showAdjustment(stored: StoredAdjustment): z.infer<typeof adjustmentView> {
  const { id, amount, currency, reason, invoice, takenBack, key, createdAt, createdBy } = stored;
  const reference = key.slice(KEY.length);
  return {
    ...{ id, amount: formatDecimal(amount), currency, createdAt: iso(createdAt), createdBy },
    ...(reason === undefined ? {} : { reason }),
    ...(reference === id ? {} : { reference }),
    ...(invoice === undefined ? {} : { invoice }),
    ...(takenBack === undefined ? {} : { takenBack }),
  };
}
