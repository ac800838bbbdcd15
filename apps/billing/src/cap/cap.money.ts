import {
  capConflict,
  capPriceOf,
  dearestOf,
  parseRatio,
  pricesInstances,
  type BilledSize,
  type CapPrice,
  type Ratio,
} from '#libs/domain';
import { findCapUse, type CapUse, type StoredCap, type Tx } from '#libs/store';

/** What an organization with a cap has used of it in a month. */
export interface CapMonth extends Omit<CapUse, 'spent'> {
  spent: Ratio;
  /** As the bill writes it. */
  spentText: string;
  /** Whether the cap can be kept: under each plan of the month, and in the currency that is paid in. */
  canKeep: boolean;
  /** Whether instances cost money under any of them. */
  isByInstance: boolean;
  /** The most that requests of a revision of that size cost under any plan of the month. */
  priceOf: (size: BilledSize) => CapPrice;
}

/** Reads the bill of the month that an instant lies in, after what is reserved: what ends meanwhile may be in both. */
export async function capMonth(tx: Tx, cap: StoredCap, now: number): Promise<CapMonth> {
  const use = await findCapUse(tx, cap.organizationId, now);
  const { spent, plans } = use;
  return {
    ...use,
    spent: parseRatio(spent),
    spentText: spent,
    canKeep: plans.every((plan) => capConflict(cap, plan) === undefined),
    isByInstance: plans.some(pricesInstances),
    priceOf: (size) => dearestOf(plans.map((plan) => capPriceOf(plan, size))),
  };
}

/** Of which month and amount an organization is told that its cap is spent. */
export function spentOf({ amount }: StoredCap, { month }: CapMonth): string {
  return `${month} ${amount}`;
}

/**
 * Whether a cap that was spent stays so in this month, whatever instances give back that are gone: they would come again for what is
 * left, and go again.
 */
export function staysSpent(cap: StoredCap, month: CapMonth): boolean {
  return month.isByInstance && cap.reached && cap.told === spentOf(cap, month);
}
