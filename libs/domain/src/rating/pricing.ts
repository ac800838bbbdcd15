import { decimalOf, divideExactly, add, compare, multiply, ZERO, type Decimal } from '../price/decimal.js';
import type { Factor, Multiplier, PriceItem, PricePlan } from '../price/plan.types.js';
import { ratioOf, type Ratio } from '../price/ratio.js';
import { metersOf, type Quantities } from './meters.js';

/** The word of an item's classes for usage of no class. */
export const DEFAULT_CLASS = 'default';

/** What of a revision's shape has a price. */
export interface Size {
  cpuMillis: number;
  memoryMiB: number;
  diskMiB: number;
  gpus: number;
  gpuClass: string | undefined;
}

/** What one thing of one size used in one period, in one zone. */
export interface Usage {
  zone: string;
  class: string | undefined;
  size: Size;
  quantities: Quantities;
}

/** One price applied to one usage at list price (the first tier's): exact, never rounded. */
export interface PricedLine {
  item: PriceItem;
  zone: string;
  class: string | undefined;
  /** The measure times the factor, in ms, bytes or counts; divided by the item's `per` it is in units. */
  measured: Decimal;
  /** Product of the multipliers that fit. */
  multiplier: Decimal;
  amount: Ratio;
}

/** Prices usage by a plan: one exact line per price item that fits, in the plan's order, without lines of nothing. */
export function priceUsage(plan: PricePlan, usage: Usage): PricedLine[] {
  const { lanes } = metersOf(plan);
  return plan.items
    .filter((item) => fits(item, usage))
    .map((item) => priceItem(plan, item, usage, usage.quantities.get(lanes.get(item.id) ?? '') ?? 0n))
    .filter((line) => line.measured.units !== 0n);
}

/** The same plan with request time under another model. */
export function underModel(plan: PricePlan, model: 'concurrency' | 'per_request'): PricePlan {
  const items = plan.items.map((item) => (item.measure === 'request_time' ? { ...item, model } : item));
  return { ...plan, model, items };
}

/** A quantity in units of an item. */
export function inUnits(measured: Decimal, { per }: PriceItem): Ratio {
  return ratioOf(measured, per);
}

/** What a measured quantity costs at a rate. */
export function amountOf(measured: Decimal, rate: Decimal, { per }: PriceItem): Ratio {
  return ratioOf(multiply(measured, rate), per);
}

/** The rate of an item's first tier. */
export function listRate({ tiers }: PriceItem): Decimal {
  return tiers[0]?.rate ?? ZERO;
}

function fits(item: PriceItem, { zone, class: of, size }: Usage): boolean {
  if (item.zones !== undefined && !item.zones.includes(zone)) return false;
  if (item.classes !== undefined && !item.classes.includes(of ?? DEFAULT_CLASS)) return false;
  return item.measure !== 'gpu_time' || item.gpuClass === size.gpuClass;
}

function priceItem(plan: PricePlan, item: PriceItem, usage: Usage, quantity: bigint): PricedLine {
  const gpus = item.measure === 'gpu_time' ? BigInt(usage.size.gpus) : 1n;
  const measured = multiply(decimalOf(quantity * gpus), factorOf(item.times, usage.size));
  const multiplier = multiplierOf(plan, item, usage);
  const amount = amountOf(measured, multiply(listRate(item), multiplier), item);
  return { item, zone: usage.zone, class: usage.class, measured, multiplier, amount };
}

/** By what a measure is multiplied for a size; never negative. */
export function factorOf(factor: Factor, size: Size): Decimal {
  if ('table' in factor) {
    const row = factor.table.find(({ upToMiB }) => size.memoryMiB <= upToMiB) ?? factor.table.at(-1);
    return row?.value ?? ZERO;
  }
  const { of, atLeast, beyond } = factor;
  const whole = sizeOf(of, size);
  const paid = beyond === undefined ? whole : add(whole, { ...beyond, units: -beyond.units });
  return larger(paid, atLeast ?? ZERO);
}

function sizeOf(word: 'one' | 'vcpu' | 'gib' | 'disk_gib', size: Size): Decimal {
  const MIB_IN_GIB = 1024n;
  if (word === 'vcpu') return divideExactly(decimalOf(BigInt(size.cpuMillis)), 1000n);
  if (word === 'gib') return divideExactly(decimalOf(BigInt(size.memoryMiB)), MIB_IN_GIB);
  return word === 'one' ? decimalOf(1n) : divideExactly(decimalOf(BigInt(size.diskMiB)), MIB_IN_GIB);
}

function larger(a: Decimal, b: Decimal): Decimal {
  return compare(a, b) >= 0 ? a : b;
}

/** An item's own multiplier counts instead of the plan's of the same zone or class. */
function multiplierOf(plan: PricePlan, item: PriceItem, { zone, class: of }: Usage): Decimal {
  const hits = (m: Multiplier): boolean => (m.zone === undefined ? m.class === of : m.zone === zone);
  const own = item.multipliers.filter(hits);
  const inherited = plan.multipliers
    .filter(hits)
    .filter((m) => !own.some((mine) => (mine.zone === undefined) === (m.zone === undefined)));
  return [...own, ...inherited].reduce((product, { by }) => multiply(product, by), decimalOf(1n));
}
