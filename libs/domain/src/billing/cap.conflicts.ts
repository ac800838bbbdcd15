import type { PricePlan } from '../price/plan.types.js';
import { planChanges, type PlanChange } from './bill.periods.js';
import { capConflict } from './cap.rules.js';
import type { Cap } from './cap.types.js';
import type { BillingTerms } from './terms.js';

/** From when on (UTC ms) a cap cannot be kept, and why. */
export interface CapConflict {
  fromMs: number;
  why: string;
}

/** When a cap cannot be kept under the plans that come into force, by time. */
export function capConflicts(cap: Pick<Cap, 'currency'>, changes: readonly PlanChange[]): CapConflict[] {
  return changes.flatMap(({ fromMs, plan }) => {
    const why = capConflict(cap, plan);
    return why === undefined ? [] : [{ fromMs, why }];
  });
}

/** Terms before and after a change that counts from an instant on (UTC ms). */
export interface TermsChange {
  before: readonly BillingTerms[];
  after: readonly BillingTerms[];
  /** All versions of the plans that both name. */
  plans: readonly PricePlan[];
  fromMs: number;
}

/**
 * The first conflict that a change of terms makes: where the cap could be kept before it. One that is there already hinders no
 * change.
 */
export function firstNewConflict(
  cap: Pick<Cap, 'currency'>,
  { before, after, plans, fromMs }: TermsChange,
): CapConflict | undefined {
  const had = planChanges(before, plans, fromMs);
  const has = planChanges(after, plans, fromMs);
  const instants = [...new Set([...had, ...has].map((change) => change.fromMs))].sort((a, b) => a - b);
  const conflictAt = (changes: readonly PlanChange[], atMs: number): string | undefined => {
    const plan = changes.findLast((change) => change.fromMs <= atMs)?.plan;
    return plan && capConflict(cap, plan);
  };
  for (const atMs of instants) {
    const why = conflictAt(has, atMs);
    if (why !== undefined && conflictAt(had, atMs) === undefined) return { fromMs: atMs, why };
  }
  return undefined;
}
