import {
  emailProblem,
  formatDecimal,
  percentProblem,
  termsAt,
  titleProblem,
  type BillingTerms,
} from '#libs/domain';
import type { BillingAccount } from '#libs/store';
import { z } from 'zod';
import { iso, ruledText } from '../call/scalars.js';

const line = z.string().trim().min(1).max(200);

export const buyerSchema = z
  .strictObject({
    name: line.describe('Who is asked to pay.'),
    address: z.array(line).min(1).max(6).describe('Lines of the address.'),
    country: z.string().regex(/^[A-Z]{2}$/, 'must be two capital letters, like DE'),
    email: ruledText(emailProblem).optional(),
    taxId: line.optional(),
    reference: line.optional().describe('Your own words for the order.'),
  })
  .meta({ id: 'Buyer', description: 'Who is asked to pay, as it stands on invoices.' });

export const percent = ruledText(percentProblem);

export const taxLine = z
  .strictObject({ name: ruledText(titleProblem), percent: percent.describe('Of 100, like `19` or `7.7`.') })
  .meta({ id: 'TaxLine' });

const termsView = z
  .object({
    plan: z.string(),
    discountPercent: z.string(),
    taxes: z.array(z.object({ name: z.string(), percent: z.string() }).meta({ id: 'Tax' })),
    effectiveFrom: z.string().optional().describe('Absent: from the beginning.'),
    inForce: z.boolean(),
  })
  .meta({ id: 'BillingTerms', description: 'How an organization is billed from an instant on.' });

export const accountView = z
  .object({
    organization: z.string(),
    currency: z.string(),
    buyer: z
      .object({
        name: z.string(),
        address: z.array(z.string()),
        country: z.string(),
        email: z.string().optional(),
        taxId: z.string().optional(),
        reference: z.string().optional(),
      })
      .meta({ id: 'BuyerBlock' })
      .optional(),
    terms: z.array(termsView).describe('Ascending by time; later ones are still to come.'),
    version: z.string(),
  })
  .meta({ id: 'BillingAccount', description: 'How an organization is billed, and who pays.' });

export function showAccount(
  organization: string,
  { buyer, version }: BillingAccount,
  { terms, currency, now }: { terms: readonly BillingTerms[]; currency: string; now: number },
): z.input<typeof accountView> {
  const current = termsAt(terms, now);
  return {
    organization,
    currency,
    ...(buyer === undefined ? {} : { buyer }),
    terms: (terms.includes(current) ? terms : [current, ...terms]).map((each) => ({
      plan: each.plan,
      discountPercent: formatDecimal(each.discountPercent),
      taxes: each.taxes.map(({ name, percent: of }) => ({ name, percent: formatDecimal(of) })),
      ...(each.effectiveFromMs === 0 ? {} : { effectiveFrom: iso(each.effectiveFromMs) }),
      inForce: each === current,
    })),
    version: String(version),
  };
}
