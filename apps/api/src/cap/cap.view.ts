import { capAmount, formatRatio } from '#libs/domain';
import type { CapUse, StoredCap } from '#libs/store';
import { z } from 'zod';
import { iso } from '../call/scalars.js';

export const capView = z
  .object({
    amount: z.string().describe('For each UTC month.'),
    currency: z.string(),
    month: z.string(),
    spent: z.string().describe('In this month, exact: a fraction like `29/31` where no decimal ends.'),
    reserved: z
      .string()
      .describe(
        'What gateways may still spend and builds and instances that run may cost, or what of that is spent and the bill does not say yet.',
      ),
    unpaidInstanceSeconds: z
      .string()
      .describe('How long instances ran in this month that the cap did not pay for: never billed.'),
    resetsAt: z.string().describe('When the month ends.'),
    reached: z
      .boolean()
      .describe(
        'Not enough is left for one request more, or your price plan has come to allow no cap; nothing is kept warm.',
      ),
    createdAt: z.string(),
    version: z.string(),
  })
  .meta({ id: 'Cap', description: 'The most that an organization may spend in a UTC month.' });

export type CapView = z.input<typeof capView>;

export function showCap(
  { amount, currency, reached, createdAt, version }: StoredCap,
  { month, endMs, spent, reserved, unpaidMs }: CapUse,
): CapView {
  return {
    ...{ amount, currency, month, spent, reached },
    reserved: capAmount(reserved),
    unpaidInstanceSeconds: formatRatio({ top: BigInt(unpaidMs), bottom: 1_000n }),
    resetsAt: iso(endMs),
    createdAt: iso(createdAt),
    version: String(version),
  };
}
