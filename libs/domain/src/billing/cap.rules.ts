import { compare, decimalOf, formatDecimal, parseDecimal } from '../price/decimal.js';
import type { PriceItem, PricePlan } from '../price/plan.types.js';
import { DEFAULT_ZONE } from '../price/zones.js';
import { minus, parseRatio, ratioOf, times, total, type Ratio } from '../price/ratio.js';
import { BLOCK_MS } from '../rating/blocks.js';
import { aloneMs, metersOf, type Meter } from '../rating/meters.js';
import { priceUsage } from '../rating/pricing.js';
import { LONGEST_BUILD_MS } from '../usage/build.time.js';
import { isOfBuilds, refuseUncounted } from './counted.usage.js';
import type { Cap, CapMoney, CapPrice } from './cap.types.js';

/** A cap is kept in units of 10^-12 of its currency, as are the amounts of budgets. */
const PLACES = 12;
const UNITS = 10n ** 12n;

/** The gateway ends a request that is so much longer than its revision's timeout, and notes it a moment later. */
const LATE_MS = 2_000;
/** At most this part of what is left is given beyond what requests wait for, so that others find something too. */
const SLACK_PART = 8n;
/** Leases of a gateway are at most this part of what is left when they are given, and go back at this part of it. */
const LEASE_PART = 4n;
const LEASE_STAY_PART = 2n;
/** A lease of fewer requests is not worth a push to Envoy. */
const LEAST_LEASE = 16n;

/** The size of a revision, as far as it has a price. */
export interface CapSize {
  cpuMillis: number;
  memoryMiB: number;
}

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
 * Why no cap can be kept under a plan: what a request costs must have a bound before it begins. Undefined when it can.
 * With tiers, more usage may cost more for what follows, never for what was used before. What is free needs no bound.
 */
export function uncappable(plan: PricePlan): string | undefined {
  const items = plan.items.filter(isPriced);
  if (items.some(({ measure }) => measure === 'egress_bytes'))
    return 'bytes that are sent cost money, and nobody knows before a request how many it will be';
  if (items.some(({ measure }) => OF_INSTANCES.has(measure)))
    return 'instances cost money for as long as they run, whether or not a request is there';
  if (items.some(risesForAll)) return 'more usage raises the price of all usage of the month';
  return undefined;
}

/** Why a cap that is set cannot be kept under a plan, or undefined; requests would be refused as long as that is so. */
export function capConflict({ currency }: Pick<Cap, 'currency'>, plan: PricePlan): string | undefined {
  return plan.currency === currency
    ? uncappable(plan)
    : `it is in ${plan.currency}, and the cap in ${currency}`;
}

const OF_INSTANCES: ReadonlySet<string> = new Set(['instance_time', 'gpu_time']);

/**
 * The most that requests of a revision of that size cost under a plan, wherever they run, whatever was used before, however they
 * overlap and whichever of the two models holds: time that requests share costs at most what each of them costs alone.
 */
export function capPriceOf(plan: PricePlan, size: CapSize): CapPrice {
  refuseUncounted(plan);
  const cost = (of: (meter: Meter) => bigint): CapMoney => costAtHighest(plan, size, of);
  const isTime = ({ measure }: Meter): boolean => measure === 'request_time';
  return {
    block: cost((meter) => (isTime(meter) ? BigInt(BLOCK_MS) : 0n)),
    request: cost((meter) => (isTime(meter) ? roundingOf(meter) : BigInt(meter.measure === 'requests'))),
  };
}

/** The most that a build costs under any of these plans, wherever it runs and whatever was used before. */
export function worstBuild(plans: readonly PricePlan[]): CapMoney {
  const of = (meter: Meter): bigint => (isOfBuilds(meter) ? aloneMs(meter, LONGEST_BUILD_MS) : 0n);
  return plans.map((plan) => costAtHighest(plan, OF_BUILDS, of)).reduce(larger, 0n);
}

/** What quantities by meter cost at the highest rates, in the dearest zone. */
function costAtHighest(plan: PricePlan, size: CapSize, of: (meter: Meter) => bigint): CapMoney {
  const dearest = { ...plan, items: plan.items.map(atHighestRate) };
  const quantities = new Map(metersOf(plan).meters.map((meter) => [meter.lane, of(meter)]));
  const usage = { class: undefined, size: { ...NO_DEVICES, ...size }, quantities };
  return [DEFAULT_ZONE, ...plan.zones.map(({ name }) => name)]
    .map((zone) => capMoney(total(priceUsage(dearest, { ...usage, zone }).map(({ amount }) => amount))))
    .reduce(larger);
}

/** Builds belong to no revision. */
const OF_BUILDS: CapSize = { cpuMillis: 0, memoryMiB: 0 };
const NO_DEVICES = { diskMiB: 0, gpus: 0, gpuClass: undefined };

/** By how many ms at most the time of a request grows beyond whole blocks of 100 ms, whatever its length. */
function roundingOf({ quantumMs, minimumMs }: Meter): bigint {
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

/** What is left of a cap that nobody may spend yet; below nothing where more was spent than it allows. */
export function capLeft(cap: string, spent: Ratio, reserved: CapMoney): CapMoney {
  const free = minus(ratioOf(parseDecimal(cap)), spent);
  return -capMoney(times(free, { top: -1n, bottom: 1n })) - reserved;
}

/** What a gateway asks for. */
export interface AllowanceWish {
  /** What it keeps: requests that run, and what they cost that the bill does not say yet. */
  keep: CapMoney;
  /** What requests that wait would cost at most. */
  need: CapMoney;
  /** What it would like beyond that, so that it need not ask for each request. */
  slack: CapMoney;
}

/**
 * What a gateway may spend: what it keeps is a fact; what it needs it gets as far as it is there; and of what then is
 * left a part at most.
 * @param left of the cap, without any part of this gateway
 */
export function allowanceOf(left: CapMoney, { keep, need, slack }: AllowanceWish): CapMoney {
  const free = larger(left - keep, 0n);
  const needed = smaller(need, free);
  return keep + needed + smaller(slack, (free - needed) / SLACK_PART);
}

/** What one process of a gateway has of a cap, as an account says it. */
export interface LeaseRoom {
  claim: CapMoney;
  allowance: CapMoney;
  leased: CapMoney;
}

/**
 * How many requests Envoy may let in without a question each: as many as are wanted, if they are allowed at their worst
 * and all leases of the gateway stay a small part of what is left; 0 where that is too few to be worth it: the cap is near.
 * @param free what of the cap nobody may spend yet
 * @param each what one of them costs at most
 */
export function leaseSize(
  held: LeaseRoom,
  { free, each, wanted }: { free: CapMoney; each: CapMoney; wanted: bigint },
): bigint {
  const { claim, allowance, leased } = held;
  // Half of it: another host finds something too.
  const room = (poolOf(held, free) / LEASE_PART - leased) / 2n;
  const requests = smaller(wanted, smaller(room, allowance - claim) / larger(each, 1n));
  return requests < LEAST_LEASE ? 0n : requests;
}

/** Whether leases are still a part of what is left that may be out of reach for others. */
export function mayStayLeased(held: LeaseRoom, free: CapMoney): boolean {
  return held.leased <= poolOf(held, free) / LEASE_STAY_PART;
}

/** What is not spent, nor bound by requests that run. */
function poolOf({ claim, allowance, leased }: LeaseRoom, free: CapMoney): CapMoney {
  return larger(free, 0n) + larger(allowance - claim, 0n) + leased;
}

/** Whether not one request more can be paid for, so nothing is kept warm for it. */
export function isCapReached(left: CapMoney, leastRequest: CapMoney | undefined): boolean {
  return left < (leastRequest ?? 1n);
}

/** Why a cap cannot be set to an amount, or undefined: what was spent, or may be, cannot be taken back. */
export function capBelow(cap: string, spent: string, reserved: CapMoney): string | undefined {
  if (capLeft(cap, parseRatio(spent), reserved) >= 0n) return undefined;
  const more =
    reserved === 0n ? '' : `, and ${capAmount(reserved)} are reserved for requests and builds that run`;
  return `is below what was spent: ${spent} in this month${more}`;
}

function blocksIn(ms: number): bigint {
  const block = BigInt(BLOCK_MS);
  return (BigInt(ms) + block - 1n) / block;
}

function isPriced({ tiers }: PriceItem): boolean {
  return tiers.some(({ rate }) => rate.units > 0n);
}

function risesForAll({ tierMode, tiers }: PriceItem): boolean {
  const rates = tiers.map(({ rate }) => rate);
  return tierMode === 'volume' && rates.some((rate, i) => i > 0 && compare(rate, rates[i - 1] ?? rate) > 0);
}

function atHighestRate(item: PriceItem): PriceItem {
  const rates = item.tiers.map(({ rate }) => rate);
  const rate = rates.reduce((most, one) => (compare(one, most) > 0 ? one : most), decimalOf(0n));
  return { ...item, tiers: [{ upTo: undefined, rate }] };
}

const larger = (a: CapMoney, b: CapMoney): CapMoney => (a > b ? a : b);
const smaller = (a: CapMoney, b: CapMoney): CapMoney => (a < b ? a : b);
