import { monthParts } from '../month.js';
import type { PricePlan } from '../price/plan.types.js';
import type { Interval } from '../usage/usage.types.js';
import type { BilledSize } from './billing.types.js';
import { worstInstances, type RunTime } from './cap.price.js';
import type { CapMoney } from './cap.types.js';
import { WINDOW_MS, windowStart } from './window.js';

/** What an instance was told to have run longer. */
export interface InstanceGrowth extends Interval {
  /** When the instance started. */
  begunMs: number;
  size: BilledSize;
}

/** What is left of a cap in a month, and under which plans. */
export interface CapRoom {
  left: CapMoney;
  plans: readonly PricePlan[];
}

/**
 * Until when (UTC ms) the cap pays for each of these, at the most that it can cost: one after the other, in each month for itself, to its end or for so
 * many whole minutes. What is not paid for is never billed.
 * @param rooms by month; of one that is not there everything is paid
 */
export function paidUntil(growths: readonly InstanceGrowth[], rooms: ReadonlyMap<string, CapRoom>): number[] {
  const left = new Map([...rooms].map(([month, room]) => [month, room.left]));
  return growths.map((growth) => {
    for (const { month, startMs, endMs } of monthParts(growth)) {
      const plans = rooms.get(month)?.plans;
      if (plans === undefined) continue;
      const costTo = (untilMs: number): CapMoney =>
        worstInstances(plans, growth.size, runTimeOf({ ...growth, startMs, endMs: untilMs }));
      const paid = affordable({ startMs, endMs }, costTo, left.get(month) ?? 0n);
      if (paid > startMs) left.set(month, (left.get(month) ?? 0n) - costTo(paid));
      if (paid < endMs) return paid;
    }
    return growth.endMs;
  });
}

/** The end of the span, or of the last minute in it up to which it costs no more than that. */
function affordable(
  { startMs, endMs }: Interval,
  costTo: (untilMs: number) => CapMoney,
  left: CapMoney,
): number {
  if (costTo(endMs) <= left) return endMs;
  const endOf = (minutes: number): number => windowStart(startMs) + minutes * WINDOW_MS;
  let [paid, beyond] = [0, minutesIn({ startMs, endMs })];
  while (beyond - paid > 1) {
    const middle = Math.floor((paid + beyond) / 2);
    if (costTo(endOf(middle)) <= left) paid = middle;
    else beyond = middle;
  }
  return paid === 0 ? startMs : endOf(paid);
}

/** Windows count each by itself; an instance's minimum counts in the one in which it starts. */
function runTimeOf({ begunMs, startMs, endMs }: InstanceGrowth): RunTime {
  const isFirst = windowStart(startMs) <= windowStart(begunMs);
  return { ms: endMs - startMs, stretches: minutesIn({ startMs, endMs }), starts: isFirst ? 1 : 0 };
}

function minutesIn({ startMs, endMs }: Interval): number {
  return (windowStart(endMs - 1) - windowStart(startMs)) / WINDOW_MS + 1;
}
