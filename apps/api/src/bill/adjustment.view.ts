import { z } from 'zod';
import { amount } from './cost.view.js';

/** What lies between list price and amount of a line of the bill. */
export const billAdjustment = z
  .object({
    kind: z.enum(['grant', 'tiers', 'discount']).meta({ id: 'BillAdjustmentKind' }),
    id: z.string(),
    amount,
  })
  .meta({ id: 'BillAdjustment', description: 'What lies between list price and amount.' });
