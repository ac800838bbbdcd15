import { TowpathError } from '../error.js';

/** An exact decimal: units x 10^-scale. Money, rates and products of usage are never JS numbers. */
export interface Decimal {
  readonly units: bigint;
  readonly scale: number;
}

export const ZERO: Decimal = { units: 0n, scale: 0 };

const FORM = /^(-?)(\d{1,30})(?:\.(\d{1,30}))?$/;

/**
 * Reads `12`, `0.0000025`, `-3.20`; at most 30 digits on each side, no exponent, no sign but `-`.
 * @throws TowpathError INVALID_ARGUMENT naming the field
 */
export function parseDecimal(text: string, field = 'value'): Decimal {
  const match = FORM.exec(text);
  if (!match) {
    const violations = [{ field, message: 'must be a decimal like 0.0000025, without exponent' }];
    throw new TowpathError('INVALID_ARGUMENT', `${field} is not a decimal`, { violations });
  }
  const [, sign = '', whole = '0', fraction = ''] = match;
  return normal({ units: BigInt(`${sign}${whole}${fraction}`), scale: fraction.length });
}

/** Reads what formatDecimal or a numeric column wrote, however long it is. Not for foreign text: that is parseDecimal's. */
export function exactDecimal(text: string): Decimal {
  const [whole = '', fraction = ''] = text.split('.');
  return normal({ units: BigInt(`${whole}${fraction}`), scale: fraction.length });
}

/** A whole number as a decimal. */
export function decimalOf(units: bigint): Decimal {
  return { units, scale: 0 };
}

export function add(a: Decimal, b: Decimal): Decimal {
  const scale = Math.max(a.scale, b.scale);
  return normal({ units: unitsAt(a, scale) + unitsAt(b, scale), scale });
}

export function sum(list: Iterable<Decimal>): Decimal {
  let total = ZERO;
  for (const each of list) total = add(total, each);
  return total;
}

export function multiply(a: Decimal, b: Decimal): Decimal {
  return normal({ units: a.units * b.units, scale: a.scale + b.scale });
}

/**
 * Divides exactly.
 * @throws RangeError when the quotient has no end as a decimal (see hasFiniteReciprocal), or the divisor is not positive
 */
export function divideExactly(a: Decimal, divisor: bigint): Decimal {
  if (!hasFiniteReciprocal(divisor)) throw new RangeError('the quotient has no end as a decimal');
  let { units, scale } = a;
  while (units % divisor !== 0n) {
    units *= 10n;
    scale += 1;
  }
  return normal({ units: units / divisor, scale });
}

/** Whether 1 / divisor ends as a decimal: the divisor is positive and made of twos and fives. */
export function hasFiniteReciprocal(divisor: bigint): boolean {
  if (divisor <= 0n) return false;
  let rest = divisor;
  while (rest % 2n === 0n) rest /= 2n;
  while (rest % 5n === 0n) rest /= 5n;
  return rest === 1n;
}

/** Rounds half-up (a half goes away from zero) to so many places. The one rounding of a line. */
export function roundHalfUp(a: Decimal, places: number): Decimal {
  if (a.scale <= places) return a;
  const step = 10n ** BigInt(a.scale - places);
  const magnitude = a.units < 0n ? -a.units : a.units;
  const rounded = (magnitude + step / 2n) / step;
  return normal({ units: a.units < 0n ? -rounded : rounded, scale: places });
}

/** Negative, zero or positive, as a is less than, equal to or greater than b. */
export function compare(a: Decimal, b: Decimal): number {
  const scale = Math.max(a.scale, b.scale);
  const difference = unitsAt(a, scale) - unitsAt(b, scale);
  return difference === 0n ? 0 : difference < 0n ? -1 : 1;
}

/** Plain digits, no exponent, no zeros at the end beyond `places`. */
export function formatDecimal(a: Decimal, places = 0): string {
  const { units, scale } = normal(a);
  const digits = unitsAt({ units, scale }, Math.max(scale, places));
  const shown = Math.max(scale, places);
  const text = (digits < 0n ? -digits : digits).toString().padStart(shown + 1, '0');
  const sign = digits < 0n ? '-' : '';
  return shown === 0 ? `${sign}${text}` : `${sign}${text.slice(0, -shown)}.${text.slice(-shown)}`;
}

/** One form for one value: no zeros at the end of the fraction. */
function normal({ units, scale }: Decimal): Decimal {
  if (units === 0n) return ZERO;
  while (scale > 0 && units % 10n === 0n) {
    units /= 10n;
    scale -= 1;
  }
  return { units, scale };
}

function unitsAt(a: Decimal, scale: number): bigint {
  return a.units * 10n ** BigInt(scale - a.scale);
}
