import type { Reader } from '../reader.js';
import { compare, parseDecimal, ZERO, type Decimal } from './decimal.js';
import type { Dimension } from './plan.types.js';

/** More decimals than any published price list has. */
export const MAX_RATE_DECIMALS = 18;
/** Above this an amount of a plan is a slip of the keyboard. */
const MAX_VALUE = parseDecimal('1000000000000000000');

const TIME_UNITS: Readonly<Record<string, bigint>> = {
  ms: 1n,
  s: 1_000n,
  min: 60_000n,
  h: 3_600_000n,
  d: 86_400_000n,
};
const BYTE_UNITS: Readonly<Record<string, bigint>> = {
  B: 1n,
  KiB: 1n << 10n,
  MiB: 1n << 20n,
  GiB: 1n << 30n,
  TiB: 1n << 40n,
  GB: 1_000_000_000n,
  TB: 1_000_000_000_000n,
};
const UNITS: Readonly<Record<Dimension, Readonly<Record<string, bigint>>>> = {
  time: TIME_UNITS,
  bytes: BYTE_UNITS,
  count: { '': 1n },
};
const EXAMPLES: Readonly<Record<Dimension, string>> = {
  time: 'a time like 1 s, 100 ms, 1 h or 30 d',
  bytes: 'an amount of bytes like 1 GiB or 1 GB',
  count: 'a whole number like 1000000, in quotes',
};

/** A decimal from 0 as text: money, rates, quantities. A number is refused, it may have lost digits already. */
export const decimalText: Reader<Decimal> = (value, path, found) => {
  const wrong = (message: string): Decimal => {
    found.push({ field: path, message });
    return ZERO;
  };
  if (typeof value !== 'string')
    return wrong('must be a decimal in quotes, like "0.0000025": a number would lose digits');
  const decimal = decimalFrom(value);
  if (decimal === undefined) return wrong('must be a decimal like "0.0000025", without exponent');
  if (decimal.units < 0n) return wrong('must not be negative');
  if (decimal.scale > MAX_RATE_DECIMALS) return wrong(`has more than the ${MAX_RATE_DECIMALS} decimals kept`);
  return compare(decimal, MAX_VALUE) > 0 ? wrong('is out of range: at most 10^18') : decimal;
};

/** How much of a dimension a text like `100 ms`, `1 GiB` or `1000000` says; undefined when it says none. */
export function measureOf(text: unknown, dimension: Dimension): bigint | undefined {
  const match = /^(\d{1,12}) ?([A-Za-z]*)$/.exec(typeof text === 'string' ? text : '');
  const unit = UNITS[dimension][match?.[2] ?? '?'];
  const size = match?.[1] === undefined || unit === undefined ? 0n : BigInt(match[1]) * unit;
  return size > 0n ? size : undefined;
}

/** What a text of that dimension looks like. */
export function exampleOf(dimension: Dimension): string {
  return EXAMPLES[dimension];
}

/** A duration within bounds as whole ms. */
export function durationOf(lowMs: number, highMs: number): Reader<number> {
  return (value, path, found) => {
    const ms = Number(measureOf(value, 'time') ?? (value === '0 s' ? 0n : -1n));
    if (ms >= lowMs && ms <= highMs) return ms;
    found.push({
      field: path,
      message: `must be a time of ${lowMs} to ${highMs} ms, like 100 ms, 1 s or 5 min`,
    });
    return lowMs;
  };
}

/** An instant like 2026-11-21T00:00:00Z as UTC ms. */
export const instant: Reader<number> = (value, path, found) => {
  const form = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,3})?Z$/;
  const ms = typeof value === 'string' && form.test(value) ? Date.parse(value) : NaN;
  if (Number.isFinite(ms) && new Date(ms).toISOString().slice(0, 10) === String(value).slice(0, 10))
    return ms;
  found.push({ field: path, message: 'must be an instant in UTC like 2026-11-21T00:00:00Z' });
  return 0;
};

function decimalFrom(text: string): Decimal | undefined {
  try {
    return parseDecimal(text);
  } catch {
    return undefined;
  }
}
