import { CREDIT_KINDS, formatDecimal, leftOf, type Credit } from '#libs/domain';
import { z } from 'zod';
import { iso, isoIf } from '../call/scalars.js';

export const creditKind = z.enum(CREDIT_KINDS).meta({ id: 'CreditKind' });

export const creditView = z
  .object({
    id: z.string(),
    organization: z.string(),
    name: z.string(),
    kind: creditKind,
    currency: z.string(),
    amount: z.string(),
    left: z.string().describe('What no invoice has taken.'),
    priority: z.int().describe('The lowest is used first.'),
    expiresAt: z.string().optional().describe('It pays for months that begin before.'),
    createdAt: z.string(),
    createdBy: z.string(),
    revokedAt: z.string().optional().describe('When what was left was taken back.'),
  })
  .meta({ id: 'Credit', description: 'Money that pays invoices before anybody is asked for it.' });

export function showCredit(credit: Credit): z.infer<typeof creditView> {
  const { id, organizationId, name, kind, currency, amount, priority, createdAt, createdBy } = credit;
  return {
    ...{ id, organization: organizationId, name, kind, currency, priority, createdBy },
    amount: formatDecimal(amount),
    left: formatDecimal(leftOf(credit)),
    ...isoIf('expiresAt', credit.expiresAt),
    createdAt: iso(createdAt),
    ...isoIf('revokedAt', credit.revokedAt),
  };
}
