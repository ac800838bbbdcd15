import { compare, parseDecimal } from '../price/decimal.js';
import type { PriceItem, PricePlan } from '../price/plan.types.js';
import { minus, parseRatio, ratioOf, times, type Ratio } from '../price/ratio.js';
import { capAmount, capMoney, isPriced } from './cap.price.js';
import type { Cap, CapMoney } from './cap.types.js';

/** At most this part of what is left is given beyond what requests wait for, so that others find something too. */
const SLACK_PART = 8n;
/** Permits of a gateway are at most this part of what is left when they are given, and go back at this part of it. */
const PERMIT_PART = 4n;
const PERMIT_STAY_PART = 2n;
/** A permit of fewer requests is not worth a push to Envoy. */
const LEAST_PERMIT = 16n;

/**
 * Why no cap can be kept under a plan: what a request costs must have a bound before it begins. Undefined when it can.
 * With tiers, more usage may cost more for what follows, never for what was used before. What is free needs no bound.
 */
export function uncappable(plan: PricePlan): string | undefined {
  const items = plan.items.filter(isPriced);
  if (items.some(({ measure }) => measure === 'egress_bytes'))
    return 'bytes that are sent cost money, and nobody knows before a request how many it will be';
  if (items.some(risesForAll)) return 'more usage raises the price of all usage of the month';
  return undefined;
}

/** Why a cap that is set cannot be kept under a plan, or undefined; requests would be refused as long as that is so. */
export function capConflict({ currency }: Pick<Cap, 'currency'>, plan: PricePlan): string | undefined {
  return plan.currency === currency
    ? uncappable(plan)
    : `it is in ${plan.currency}, and the cap in ${currency}`;
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
export interface PermitRoom {
  claim: CapMoney;
  allowance: CapMoney;
  permitted: CapMoney;
}

/**
 * How many requests Envoy may let in without a question each: as many as are wanted, if they are allowed at their worst
 * and all permits of the gateway stay a small part of what is left; 0 where that is too few to be worth it: the cap is near.
 * Requests that cost nothing bring no cap nearer: all that are wanted.
 * @param free what of the cap nobody may spend yet
 * @param each what one of them costs at most
 */
export function permitSize(
  held: PermitRoom,
  { free, each, wanted }: { free: CapMoney; each: CapMoney; wanted: bigint },
): bigint {
  const { claim, allowance, permitted } = held;
  if (each === 0n) return claim > allowance ? 0n : wanted;
  // Half of it: another host finds something too.
  const room = (poolOf(held, free) / PERMIT_PART - permitted) / 2n;
  const requests = smaller(wanted, smaller(room, allowance - claim) / each);
  return requests < LEAST_PERMIT ? 0n : requests;
}

/** Whether permits are still a part of what is left that may be out of reach for others. */
export function mayStayPermitted(held: PermitRoom, free: CapMoney): boolean {
  return held.permitted <= poolOf(held, free) / PERMIT_STAY_PART;
}

/** What is not spent, nor bound by requests that run. */
function poolOf({ claim, allowance, permitted }: PermitRoom, free: CapMoney): CapMoney {
  return larger(free, 0n) + larger(allowance - claim, 0n) + permitted;
}

/** Whether not one request more can be paid for, so nothing is kept warm for it. */
export function isCapReached(left: CapMoney, leastRequest: CapMoney | undefined): boolean {
  return left < (leastRequest ?? 1n);
}

/** Why a cap cannot be set to an amount, or undefined: what was spent, or may be, cannot be taken back. */
export function capBelow(cap: string, spent: string, reserved: CapMoney): string | undefined {
  if (capLeft(cap, parseRatio(spent), reserved) >= 0n) return undefined;
  const more =
    reserved === 0n
      ? ''
      : `, and ${capAmount(reserved)} are reserved for requests, builds and instances that run`;
  return `is below what was spent: ${spent} in this month${more}`;
}

function risesForAll({ tierMode, tiers }: PriceItem): boolean {
  const rates = tiers.map(({ rate }) => rate);
  return tierMode === 'volume' && rates.some((rate, i) => i > 0 && compare(rate, rates[i - 1] ?? rate) > 0);
}

const larger = (a: CapMoney, b: CapMoney): CapMoney => (a > b ? a : b);
const smaller = (a: CapMoney, b: CapMoney): CapMoney => (a < b ? a : b);
