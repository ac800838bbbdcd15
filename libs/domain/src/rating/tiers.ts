import { add, compare, multiply, ZERO, type Decimal } from '../price/decimal.js';
import type { PriceItem, Tier } from '../price/plan.types.js';
import { NOTHING, plus, type Ratio } from '../price/ratio.js';
import { amountOf } from './pricing.js';

/**
 * What a measured quantity costs when `from` was used before it in the month. Graduated: each piece at the rate of the
 * tier it lies in. Volume: all of it at the rate of the tier in which the whole lies.
 * @param whole everything of the month so far, this quantity included
 */
export function tieredAmount(item: PriceItem, from: Decimal, measured: Decimal, whole: Decimal): Ratio {
  if (item.tierMode === 'volume') return amountOf(measured, tierOf(item, whole).rate, item);
  const to = add(from, measured);
  let amount = NOTHING;
  let low = ZERO;
  for (const tier of item.tiers) {
    const high = endOf(tier, item);
    const piece = overlap(from, to, low, high);
    if (piece.units > 0n) amount = plus(amount, amountOf(piece, tier.rate, item));
    if (high === undefined) break;
    low = high;
  }
  return amount;
}

function tierOf(item: PriceItem, whole: Decimal): Tier {
  const inside = (tier: Tier): boolean => {
    const end = endOf(tier, item);
    return end === undefined || compare(whole, end) <= 0;
  };
  return item.tiers.find(inside) ?? { upTo: undefined, rate: ZERO };
}

/** Where a tier ends as a measured quantity; the last has no end. */
function endOf({ upTo }: Tier, { per }: PriceItem): Decimal | undefined {
  return upTo && multiply(upTo, { units: per, scale: 0 });
}

function overlap(from: Decimal, to: Decimal, low: Decimal, high: Decimal | undefined): Decimal {
  const start = compare(from, low) > 0 ? from : low;
  const end = high !== undefined && compare(high, to) < 0 ? high : to;
  return add(end, { ...start, units: -start.units });
}
