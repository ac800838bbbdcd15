import {
  capConflict,
  capPriceOf,
  dearestOf,
  parseRatio,
  worstBuild,
  type CapMoney,
  type CapPrice,
  type CapSize,
  type Ratio,
} from '#libs/domain';
import { countOpenBuilds, findMonthSpent, type StoredCap, type Tx } from '#libs/store';

/** What the bill of this month says of an organization with a cap. */
export interface CapMonth {
  month: string;
  /** UTC ms at which the month ends. */
  endMs: number;
  spent: Ratio;
  /** As the bill writes it. */
  spentText: string;
  /** What builds may cost that the bill does not say yet. */
  builds: CapMoney;
  /** Whether the cap can be kept: under each plan of the month, and in the currency that is paid in. */
  canKeep: boolean;
  /** The most that requests of a revision of that size cost under any plan of the month. */
  priceOf: (size: CapSize) => CapPrice;
}

/** Reads the bill of the month that an instant lies in, after what builds may cost: what ends meanwhile may be in both. */
export async function capMonth(tx: Tx, cap: StoredCap, now: number): Promise<CapMonth> {
  const open = await countOpenBuilds(tx, cap.organizationId);
  const { month, endMs, spent, plans } = await findMonthSpent(tx, cap.organizationId, now);
  return {
    ...{ month, endMs },
    spent: parseRatio(spent),
    spentText: spent,
    builds: open * worstBuild(plans),
    canKeep: plans.every((plan) => capConflict(cap, plan) === undefined),
    priceOf: (size) => dearestOf(plans.map((plan) => capPriceOf(plan, size))),
  };
}
