import { ZERO, add, formatDecimal, type Decimal } from '../price/decimal.js';
import { NOTHING, minus, plus, type Ratio } from '../price/ratio.js';
import type { PricePlan } from '../price/plan.types.js';
import { priceUsage } from '../rating/pricing.js';
import { countedUsage, type CountedUsage } from '../billing/counted.usage.js';
import type { LedgerLine, LineKey } from './ledger.types.js';

/** From when on a version of a plan was in force for an organization. */
export interface PlanInForce {
  fromMs: number;
  plan: PricePlan;
}

/** What an organization was billed by, ascending; the first one also counts before. */
export type PlansInForce = readonly [PlanInForce, ...PlanInForce[]];

/** What a revision used in a window, or in the part of it in which one version was in force. */
export interface WindowUsage extends Omit<LineKey, 'planId' | 'planVersion' | 'item'>, CountedUsage {
  /** An instant of the part. */
  atMs: number;
}

/** What was in force at an instant. */
export function inForceAt(plans: PlansInForce, atMs: number): PlanInForce {
  return plans.findLast(({ fromMs }) => fromMs <= atMs) ?? plans[0];
}

/**
 * Lines of windows from what was used in them, at list price, one for each window, revision, zone and price item.
 * @throws TowpathError NOT_SUPPORTED for a plan that needs what the windows do not count
 */
export function linesOf(plans: PlansInForce, used: readonly WindowUsage[]): LedgerLine[] {
  return mergeLines(
    used.flatMap((one) => {
      const { windowStartMs, projectId, serviceId, revisionId, priceZone } = one;
      const { plan } = inForceAt(plans, one.atMs);
      return priceUsage(plan, countedUsage(plan, one)).map(({ item, measured, multiplier, amount }) => ({
        ...{ windowStartMs, projectId, serviceId, revisionId, priceZone },
        ...{ planId: plan.id, planVersion: plan.version, item: item.id },
        ...{ measured, multiplier, amount },
      }));
    }),
  );
}

/** Lines that bring what is posted to what it should be; nothing where nothing changed. In the order of their keys. */
export function differenceOf(should: readonly LedgerLine[], posted: readonly LedgerLine[]): LedgerLine[] {
  const negated = posted.map((line) => ({
    ...line,
    measured: { ...line.measured, units: -line.measured.units },
    amount: minus(NOTHING, line.amount),
  }));
  return mergeLines([...should, ...negated]);
}

/** One line a key; lines of nothing go. */
function mergeLines(lines: readonly LedgerLine[]): LedgerLine[] {
  const sums = new Map<string, { line: LedgerLine; measured: Decimal; amount: Ratio }>();
  for (const line of lines) {
    const sum = sums.get(keyOf(line)) ?? { line, measured: ZERO, amount: NOTHING };
    const measured = add(sum.measured, line.measured);
    sums.set(keyOf(line), { line, measured, amount: plus(sum.amount, line.amount) });
  }
  return [...sums]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([, { line, measured, amount }]) => ({ ...line, measured, amount }))
    .filter(({ measured, amount }) => measured.units !== 0n || amount.top !== 0n);
}

function keyOf(line: LedgerLine): string {
  const { windowStartMs, projectId, serviceId, revisionId, priceZone, planId, planVersion, item } = line;
  const version = String(planVersion).padStart(7, '0');
  const at = String(windowStartMs).padStart(15, '0');
  const rate = formatDecimal(line.multiplier);
  return [at, projectId, serviceId, revisionId, priceZone, planId, version, item, rate].join(' ');
}
