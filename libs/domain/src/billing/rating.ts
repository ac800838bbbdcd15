import { TowpathError } from '../error.js';
import {
  BLOCK_MS,
  type BillingModel,
  type PriceItem,
  type PricePlan,
  type UsageDay,
} from './billing.types.js';
import { decimalOf, divideExactly, multiply, parseDecimal, type Decimal } from './decimal.js';

/** What of usage a price needs. */
export type Quantities = Pick<
  UsageDay,
  'requests' | 'blocks' | 'perRequestUnits' | 'cpuMillis' | 'memoryMiB'
>;

/** One price applied to one usage: exact, never rounded. */
export interface PricedLine {
  item: PriceItem;
  /** In units of the item. */
  quantity: Decimal;
  amount: Decimal;
}

/**
 * Rates usage by a plan: one exact line per price item, in the plan's order, without lines of nothing.
 * @throws TowpathError NOT_SUPPORTED for model `instance`
 */
export function rate(plan: PricePlan, usage: Quantities): PricedLine[] {
  return plan.items
    .map((item) => priceItem(item, measured(item.measure, plan.model, usage)))
    .filter((line) => line.quantity.units !== 0n);
}

/** The same plan under another billing model. */
export function underModel(plan: PricePlan, model: BillingModel): PricePlan {
  return { ...plan, model };
}

function priceItem(item: PriceItem, quantity: bigint): PricedLine {
  const units = divideExactly(decimalOf(quantity), item.quantityPerUnit);
  return { item, quantity: units, amount: multiply(units, parseDecimal(item.rate, 'rate')) };
}

/** The measured quantity as an exact integer: ms x MiB, ms x milli-vCPU, or requests. */
function measured(measure: PriceItem['measure'], model: BillingModel, usage: Quantities): bigint {
  if (measure === 'requests') return usage.requests;
  const size = measure === 'memory_time' ? usage.memoryMiB : usage.cpuMillis;
  return unitsUnder(model, usage) * BigInt(BLOCK_MS) * BigInt(size);
}

function unitsUnder(model: BillingModel, usage: Quantities): bigint {
  if (model === 'concurrency') return usage.blocks;
  if (model === 'per_request') return usage.perRequestUnits;
  throw new TowpathError(
    'NOT_SUPPORTED',
    'Price plans of model instance are not rated by this installation yet.',
  );
}
