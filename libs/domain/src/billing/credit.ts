import type { Id } from '../id.js';
import { add, compare, ZERO, type Decimal } from '../price/decimal.js';

/** How money came in: paid for in advance, or given. */
export const CREDIT_KINDS = ['prepaid', 'promotional'] as const;
export type CreditKind = (typeof CREDIT_KINDS)[number];

/** Money that pays invoices before anybody is asked for it. Times in UTC ms. */
export interface Credit {
  id: Id<'crd'>;
  organizationId: Id<'org'>;
  name: string;
  kind: CreditKind;
  currency: string;
  amount: Decimal;
  /** What invoices have taken of it. */
  used: Decimal;
  /** The lowest is used first. */
  priority: number;
  /** Pays for months that begin before. */
  expiresAt?: number;
  createdAt: number;
  createdBy: string;
  /** When what was left of it was taken back. */
  revokedAt?: number;
}

/** What an invoice takes of a credit. */
export interface CreditUse {
  credit: Credit;
  amount: Decimal;
}

/** What is left of it. */
export function leftOf({ amount, used }: Credit): Decimal {
  return minus(amount, used);
}

/**
 * What pays an amount: by priority, then what expires first, then what was made first. Never more than is left, never more
 * than is asked for.
 * @param monthStartMs of the month that is paid for
 */
export function useCredits(
  asked: Decimal,
  credits: readonly Credit[],
  { currency, monthStartMs }: { currency: string; monthStartMs: number },
): CreditUse[] {
  const uses: CreditUse[] = [];
  let open = asked;
  for (const credit of credits.filter((one) => pays(one, currency, monthStartMs)).toSorted(inTurn)) {
    const amount = smaller(leftOf(credit), open);
    if (amount.units <= 0n) continue;
    uses.push({ credit, amount });
    open = minus(open, amount);
  }
  return uses;
}

function pays(credit: Credit, currency: string, monthStartMs: number): boolean {
  if (credit.currency !== currency || credit.revokedAt !== undefined) return false;
  return credit.expiresAt === undefined || credit.expiresAt > monthStartMs;
}

function inTurn(a: Credit, b: Credit): number {
  const byExpiry = (a.expiresAt ?? Infinity) - (b.expiresAt ?? Infinity) || 0;
  return a.priority - b.priority || byExpiry || a.createdAt - b.createdAt || (a.id < b.id ? -1 : 1);
}

function smaller(a: Decimal, b: Decimal): Decimal {
  return compare(a, b) < 0 ? a : b;
}

function minus(a: Decimal, b: Decimal): Decimal {
  return b.units === 0n ? a : add(a, { ...b, units: -b.units });
}

/** All of them together. */
export function sumOfUses(uses: readonly CreditUse[]): Decimal {
  return uses.reduce((sum, { amount }) => add(sum, amount), ZERO);
}
