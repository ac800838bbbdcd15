import { compare, decimalOf, parseDecimal, ZERO, type Decimal } from '../price/decimal.js';
import { BUILTIN_PLAN } from '../price/builtin.plans.js';

/** A tax on the sum of an invoice's lines, rounded once, half-up. */
export interface TaxLine {
  name: string;
  /** Of 100. */
  percent: Decimal;
}

/** How an organization is billed from an instant on, until that of the next terms. */
export interface BillingTerms {
  effectiveFromMs: number;
  /** Id of the plan: whichever of its versions is in force counts. */
  plan: string;
  /** Off every charge, before its rounding; of 100. */
  discountPercent: Decimal;
  taxes: readonly TaxLine[];
}

/** What an organization is billed by that nobody has given other terms. */
export const STANDARD_TERMS: BillingTerms = {
  effectiveFromMs: 0,
  plan: BUILTIN_PLAN.id,
  discountPercent: ZERO,
  taxes: [],
};

const PERCENT_DECIMALS = 4;

/** Why a text is no percentage from 0 to 100; undefined when it is one. */
export function percentProblem(text: string): string | undefined {
  if (!/^\d{1,3}(\.\d{1,30})?$/.test(text)) return 'must be a decimal from "0" to "100", like "12.5"';
  const value = parseDecimal(text);
  if (value.scale > PERCENT_DECIMALS) return `has more than the ${PERCENT_DECIMALS} decimals kept`;
  return compare(value, decimalOf(100n)) > 0 ? 'must be at most 100' : undefined;
}

/** The terms in force at an instant. */
export function termsAt(terms: readonly BillingTerms[], atMs: number): BillingTerms {
  return terms.findLast(({ effectiveFromMs }) => effectiveFromMs <= atMs) ?? STANDARD_TERMS;
}
