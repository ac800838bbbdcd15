import { compare, decimalOf, formatDecimal } from '../price/decimal.js';
import type { PriceItem, PricePlan } from '../price/plan.types.js';
import { DEFAULT_ZONE } from '../price/zones.js';
import { total, type Ratio } from '../price/ratio.js';
import { BLOCK_MS } from '../rating/blocks.js';
import { aloneMs, metersOf, type Meter } from '../rating/meters.js';
import { priceUsage } from '../rating/pricing.js';
import { LONGEST_BUILD_MS } from '../usage/build.time.js';
import type { BilledSize } from './billing.types.js';
import { isOfBuilds, isOfInstances, refuseUncounted } from './counted.usage.js';
import type { CapMoney, CapPrice } from './cap.types.js';

/** A cap is kept in units of 10^-12 of its currency, as are the amounts of budgets. */
const PLACES = 12;
const UNITS = 10n ** 12n;

/** The gateway ends a request that is so much longer than its revision's timeout, and notes it a moment later. */
const LATE_MS = 2_000;

/** An amount in units of caps; what is less than a unit counts as one. */
export function capMoney({ top, bottom }: Ratio): CapMoney {
  const scaled = top * UNITS;
  return scaled <= 0n ? scaled / bottom : (scaled + bottom - 1n) / bottom;
}

/** The same in the words of amounts. */
export function capAmount(money: CapMoney): string {
  return formatDecimal({ units: money, scale: PLACES });
}

/**
 * The most that requests of a revision of that size cost under a plan, wherever they run, whatever was used before, however they
 * overlap and whichever of the two models holds: time that requests share costs at most what each of them costs alone. An instance that
 * ran already becomes active by them: also that is theirs. Where instances cost money no request is for nothing, so that each is asked about.
 */
export function capPriceOf(plan: PricePlan, size: BilledSize): CapPrice {
  refuseUncounted(plan);
  const cost = (of: (meter: Meter) => bigint): CapMoney => costAtHighest(plan, size, of);
  const isTime = (meter: Meter): boolean => meter.measure === 'request_time' || isOfState(meter);
  const grows = (meter: Meter): boolean => isTime(meter) && meter.states.join() !== 'idle';
  const request = cost((meter) => (isTime(meter) ? roundingOf(meter) : BigInt(meter.measure === 'requests')));
  return {
    block: cost((meter) => (grows(meter) ? BigInt(BLOCK_MS) : 0n)),
    request: pricesInstances(plan) ? larger(request, 1n) : request,
  };
}

/** Whether instances cost money under a plan for as long as they run. */
export function pricesInstances({ items }: PricePlan): boolean {
  return items.some((item) => isOfInstances(item) && isPriced(item));
}

/** Whether a meter looks at what instances do. */
function isOfState(meter: Meter): boolean {
  return isOfInstances(meter) && !RUNS.every((state) => meter.states.includes(state));
}

const RUNS = ['active', 'idle'] as const;

/** Time that instances of one size ran, or may run. */
export interface RunTime {
  ms: number;
  /** Into how many stretches it is parted: each is rounded up by itself. */
  stretches: number;
  /** How many of them may be the first of an instance, which counts for a minimum. */
  starts: number;
}

/** The most that time of instances costs under any of these plans, wherever they run, whatever they do and was used before. */
export function worstInstances(
  plans: readonly PricePlan[],
  size: BilledSize,
  { ms, stretches, starts }: RunTime,
): CapMoney {
  const of = (meter: Meter): bigint =>
    isOfInstances(meter)
      ? BigInt(ms) + BigInt(stretches) * BigInt(meter.quantumMs) + BigInt(starts) * aloneMs(meter, 0)
      : 0n;
  return plans.map((plan) => costAtHighest(plan, size, of)).reduce(larger, 0n);
}

/** The most that a build costs under any of these plans, wherever it runs and whatever was used before. */
export function worstBuild(plans: readonly PricePlan[]): CapMoney {
  const of = (meter: Meter): bigint => (isOfBuilds(meter) ? aloneMs(meter, LONGEST_BUILD_MS) : 0n);
  return plans.map((plan) => costAtHighest(plan, OF_BUILDS, of)).reduce(larger, 0n);
}

/** What quantities by meter cost at the highest rates, in the dearest zone. */
function costAtHighest(plan: PricePlan, size: BilledSize, of: (meter: Meter) => bigint): CapMoney {
  const dearest = { ...plan, items: plan.items.map(atHighestRate) };
  const quantities = new Map(metersOf(plan).meters.map((meter) => [meter.lane, of(meter)]));
  const { gpus = 0, gpuClass } = size;
  const usage = { class: undefined, size: { ...size, diskMiB: 0, gpus, gpuClass }, quantities };
  return [DEFAULT_ZONE, ...plan.zones.map(({ name }) => name)]
    .map((zone) => capMoney(total(priceUsage(dearest, { ...usage, zone }).map(({ amount }) => amount))))
    .reduce(larger);
}

/** Builds belong to no revision. */
const OF_BUILDS: BilledSize = { cpuMillis: 0, memoryMiB: 0 };

/** By how many ms at most the time of a request grows beyond whole blocks of 100 ms, whatever its length. */
function roundingOf({ measure, quantumMs, minimumMs }: Meter): bigint {
  // what an instance does begins with a request, and again with its end
  if (measure !== 'request_time') return BigInt(2 * quantumMs);
  if (BLOCK_MS % quantumMs === 0 && minimumMs <= BLOCK_MS) return 0n;
  return BigInt(quantumMs + minimumMs);
}

/** The most of several prices, each part for itself. */
export function dearestOf(prices: readonly CapPrice[]): CapPrice {
  return prices.reduce(
    (most, { block, request }) => ({
      block: larger(most.block, block),
      request: larger(most.request, request),
    }),
    { block: 0n, request: 0n },
  );
}

/** The most that one request costs that has not begun yet. */
export function worstCost({ block, request }: CapPrice, timeoutSeconds: number): CapMoney {
  return request + block * blocksIn(timeoutSeconds * 1_000 + LATE_MS);
}

/** The most that one request costs of which the length is known. */
export function costAtMost({ block, request }: CapPrice, lengthMs: number): CapMoney {
  return request + block * blocksIn(lengthMs);
}

/** How long after its begin (ms) a request of that timeout has certainly ended. */
export function longestMs(timeoutSeconds: number): number {
  return timeoutSeconds * 1_000 + LATE_MS;
}

/** Whether an item ever costs anything. */
export function isPriced({ tiers }: PriceItem): boolean {
  return tiers.some(({ rate }) => rate.units > 0n);
}

function blocksIn(ms: number): bigint {
  const block = BigInt(BLOCK_MS);
  return (BigInt(ms) + block - 1n) / block;
}

function atHighestRate(item: PriceItem): PriceItem {
  const rates = item.tiers.map(({ rate }) => rate);
  const rate = rates.reduce((most, one) => (compare(one, most) > 0 ? one : most), decimalOf(0n));
  return { ...item, tiers: [{ upTo: undefined, rate }] };
}

const larger = (a: CapMoney, b: CapMoney): CapMoney => (a > b ? a : b);
