import { add, formatDecimal, multiply, type Decimal } from '../price/decimal.js';
import type { PriceItem, PricePlan } from '../price/plan.types.js';
import { formatRatio, minus, NOTHING, parseRatio, plus, total, type Ratio } from '../price/ratio.js';
import { inUnits, listRate, priceUsage } from '../rating/pricing.js';
import type { BilledSize } from './billing.types.js';
import { aloneMs, meterKey } from '../rating/meters.js';
import type { Interval } from '../usage/usage.types.js';
import { countedUsage, extraMeters, isOfBuilds, type CountedUsage } from './counted.usage.js';
import type { Bill, BillAdjustment } from './bill.js';
import type { RequestShare } from './window.shares.js';

/** What one request costs by one price item, at list price. Decimals as text, exact. */
export interface CostLine {
  plan: string;
  version: number;
  item: string;
  quantity: string;
  unit: string;
  rate: string;
  currency: string;
  amount: string;
}

/** Usage that is priced by one version of a plan. */
export interface PlannedUsage {
  plan: PricePlan;
  used: CountedUsage;
}

/** What windows count of one request, and the size of what ran it. */
export function usageOfShare(
  { requests, blocks, perRequestUnits, responseBytes, metered }: RequestShare,
  { priceZone, cpuMillis, memoryMiB, gpus, gpuClass }: Pick<CountedUsage, 'priceZone' | keyof BilledSize>,
): CountedUsage {
  const size = { cpuMillis, memoryMiB, gpus, gpuClass };
  return { priceZone, ...size, requests, blocks, perRequestUnits, responseBytes, metered };
}

/** What windows count of one build: what ran it has no size. */
export function usageOfBuild(plan: PricePlan, { startMs, endMs }: Interval, priceZone: string): CountedUsage {
  const meters = extraMeters(plan).filter(isOfBuilds);
  return {
    ...{ priceZone, cpuMillis: 0, memoryMiB: 0 },
    ...{ requests: 0n, blocks: 0n, perRequestUnits: 0n, responseBytes: 0n },
    metered: new Map(meters.map((meter) => [meterKey(meter), aloneMs(meter, endMs - startMs)])),
  };
}

/**
 * Usage at list price, one line for each price item of each version, in the plan's order; a sharer's blocks are lines of
 * nothing, so they are none.
 * @throws TowpathError NOT_SUPPORTED for a plan that needs what the windows do not count
 */
export function costLines(list: readonly PlannedUsage[]): CostLine[] {
  const sums = new Map<
    string,
    { plan: PricePlan; item: PriceItem; measured: Decimal; rate: Decimal; amount: Ratio }
  >();
  for (const { plan, used } of list) {
    for (const { item, measured, multiplier, amount } of priceUsage(plan, countedUsage(plan, used))) {
      const key = `${plan.id} ${plan.version} ${item.id}`;
      const sum = sums.get(key);
      const rate = multiply(listRate(item), multiplier);
      sums.set(key, {
        ...{ plan, item, rate },
        measured: sum ? add(sum.measured, measured) : measured,
        amount: plus(sum?.amount ?? NOTHING, amount),
      });
    }
  }
  return [...sums.values()].map(({ plan, item, measured, rate, amount }) => ({
    ...{ plan: plan.id, version: plan.version, item: item.id, unit: item.unit, currency: plan.currency },
    quantity: formatRatio(inUnits(measured, item)),
    rate: formatDecimal(rate),
    amount: formatRatio(amount),
  }));
}

/** What lies between list price and what is asked for a line of the bill, named; `rounding` comes last. */
export interface NamedAdjustment {
  /** Of the bill, `YYYY-MM`. */
  month: string;
  plan: string;
  version: number;
  /** Id of the price item. */
  item: string;
  kind: BillAdjustment['kind'] | 'rounding';
  /** Id of the grant, of the item whose tiers were climbed, `discount` or `rounding`. */
  id: string;
  /** Exact; below 0 when it lowers the price. */
  amount: string;
}

/**
 * Every adjustment of those lines of a bill that have a part in the lines given: what all requests cost by a price item
 * and its adjustments come to what the bill asks for it, to the last unit.
 */
export function namedAdjustments(
  { month, items }: Pick<Bill, 'month' | 'items'>,
  lines: readonly Pick<CostLine, 'plan' | 'version' | 'item'>[],
): NamedAdjustment[] {
  const keyOf = ({ plan, version, item }: Pick<CostLine, 'plan' | 'version' | 'item'>): string =>
    `${plan} ${version} ${item}`;
  const meant = new Set(lines.map(keyOf));
  return items
    .filter((one) => meant.has(keyOf(one)))
    .flatMap(({ plan, version, item, adjustments, amount, rounded }) => {
      const rounding = formatRatio(minus(parseRatio(rounded), parseRatio(amount)));
      return [...adjustments, { kind: 'rounding' as const, id: 'rounding', amount: rounding }]
        .filter((by) => by.amount !== '0')
        .map((by) => ({ month, plan, version, item, ...by }));
    });
}

/** Exact sums by currency: a request that runs through a change of it is paid in both. */
export function costTotals(
  lines: readonly Pick<CostLine, 'currency' | 'amount'>[],
): { currency: string; amount: string }[] {
  const currencies = [...new Set(lines.map(({ currency }) => currency))];
  return currencies.map((currency) => ({
    currency,
    amount: formatRatio(
      total(lines.filter((line) => line.currency === currency).map(({ amount }) => parseRatio(amount))),
    ),
  }));
}
