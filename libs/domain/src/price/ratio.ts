import {
  decimalOf,
  divideExactly,
  exactDecimal,
  formatDecimal,
  hasFiniteReciprocal,
  type Decimal,
} from './decimal.js';

/**
 * An exact fraction, reduced, `bottom` above 0. Amounts are ratios until they are rounded at the line, since a rate may
 * be for 30 days and a fee for part of a month: neither ends as a decimal.
 */
export interface Ratio {
  readonly top: bigint;
  readonly bottom: bigint;
}

export const NOTHING: Ratio = { top: 0n, bottom: 1n };

/** A decimal, or a decimal over a whole divisor above 0. */
export function ratioOf(value: Decimal, divisor = 1n): Ratio {
  return reduced(value.units, 10n ** BigInt(value.scale) * divisor);
}

/** A fraction of whole numbers; the divisor is above 0. */
export function fraction(top: bigint, bottom: bigint): Ratio {
  return reduced(top, bottom);
}

export function plus(a: Ratio, b: Ratio): Ratio {
  return reduced(a.top * b.bottom + b.top * a.bottom, a.bottom * b.bottom);
}

export function minus(a: Ratio, b: Ratio): Ratio {
  return plus(a, { top: -b.top, bottom: b.bottom });
}

export function times(a: Ratio, b: Ratio): Ratio {
  return reduced(a.top * b.top, a.bottom * b.bottom);
}

export function total(list: Iterable<Ratio>): Ratio {
  let all = NOTHING;
  for (const each of list) all = plus(all, each);
  return all;
}

/** Negative, zero or positive, as a is less than, equal to or greater than b. */
export function compareRatios(a: Ratio, b: Ratio): number {
  const difference = a.top * b.bottom - b.top * a.bottom;
  return difference === 0n ? 0 : difference < 0n ? -1 : 1;
}

export function smaller(a: Ratio, b: Ratio): Ratio {
  return compareRatios(a, b) <= 0 ? a : b;
}

/** Rounds half-up (a half goes away from zero) to so many places: the one division and the one rounding of a line. */
export function roundRatio({ top, bottom }: Ratio, places: number): Decimal {
  const scaled = (top < 0n ? -top : top) * 10n ** BigInt(places);
  const rounded = (2n * scaled + bottom) / (2n * bottom);
  return { units: top < 0n ? -rounded : rounded, scale: places };
}

/** An exact decimal like `0.05`, or an exact fraction like `29/31` where no decimal ends. */
export function formatRatio({ top, bottom }: Ratio): string {
  if (!hasFiniteReciprocal(bottom)) return `${top}/${bottom}`;
  return formatDecimal(divideExactly(decimalOf(top), bottom));
}

/** Reads what formatRatio writes. */
export function parseRatio(text: string): Ratio {
  const [top = '', bottom] = text.split('/');
  return ratioOf(exactDecimal(top), bottom === undefined ? 1n : BigInt(bottom));
}

/** The same as a decimal over a divisor without twos and fives: 1 wherever a decimal ends. */
export function decimalOver({ top, bottom }: Ratio): { decimal: Decimal; divisor: bigint } {
  let divisor = bottom;
  while (divisor % 2n === 0n) divisor /= 2n;
  while (divisor % 5n === 0n) divisor /= 5n;
  return { decimal: divideExactly(decimalOf(top), bottom / divisor), divisor };
}

function reduced(top: bigint, bottom: bigint): Ratio {
  if (top === 0n) return NOTHING;
  const by = greatestDivisor(top < 0n ? -top : top, bottom);
  return { top: top / by, bottom: bottom / by };
}

function greatestDivisor(a: bigint, b: bigint): bigint {
  while (b !== 0n) [a, b] = [b, a % b];
  return a;
}
