import { roundRatio, ratioOf, times, type Ratio } from '../price/ratio.js';
import { sumCharges } from '../rating/charges.js';
import type { PricedLine } from '../rating/pricing.js';
import { chargesOf, pricedBy, type BillPart } from './bill.js';

/** What is kept of a part of a millisecond, byte or count that has not been used yet. */
const PLACES = 6;

/**
 * The total of a month in which so many times as much is used: grants, tiers and fees count once, as they will.
 * @param pace at least 1
 */
export function forecastTotal(parts: readonly BillPart[], pace: Ratio): Ratio {
  const month = parts.map((part) => {
    const { lines, ...rest } = pricedBy(part, part.plan);
    return { ...rest, lines: lines.map((line) => grown(line, pace)) };
  });
  return sumCharges(chargesOf(month).flatMap(({ charges }) => charges)).total;
}

function grown(line: PricedLine, pace: Ratio): PricedLine {
  const { measured, amount } = line;
  const places = measured.scale + PLACES;
  return {
    ...line,
    measured: roundRatio(times(ratioOf(measured), pace), places),
    amount: times(amount, pace),
  };
}
