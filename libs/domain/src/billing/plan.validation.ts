import { TowpathError, refuseIfAny, type Violation } from '../error.js';
import type { BillingModel, PriceItem, PricePlan } from './billing.types.js';
import { hasFiniteReciprocal, parseDecimal } from './decimal.js';

const MODELS: readonly BillingModel[] = ['concurrency', 'per_request', 'instance'];
const MEASURES: readonly PriceItem['measure'][] = ['memory_time', 'cpu_time', 'requests'];
const PLAN_FIELDS = ['id', 'version', 'name', 'currency', 'decimals', 'model', 'items'];
const ITEM_FIELDS = ['id', 'name', 'measure', 'rate', 'unit', 'quantityPerUnit'];
const MAX_ITEMS = 64;
/** More decimals than any published price list has. */
const MAX_RATE_DECIMALS = 18;

/** One rule: whether a value is what its field must hold, and what it must be. */
type Rule = readonly [field: string, holds: (value: unknown) => boolean, message: string];

const isName = (value: unknown): boolean => typeof value === 'string' && /^.{1,100}$/u.test(value.trim());
const isPlanId = (value: unknown): boolean =>
  typeof value === 'string' && /^[a-z0-9][a-z0-9-]{0,39}$/.test(value);
const isIntegerWithin = (low: number, high: number) => (value: unknown) =>
  Number.isInteger(value) && (value as number) >= low && (value as number) <= high;

const PLAN_RULES: readonly Rule[] = [
  ['id', isPlanId, 'must be 1-40 of a-z, 0-9 and -'],
  ['version', isIntegerWithin(1, 1_000_000), 'must be a whole number from 1'],
  ['name', isName, 'must be a text of 1-100 characters'],
  [
    'currency',
    (v) => typeof v === 'string' && /^[A-Z]{3}$/.test(v),
    'must be three capital letters, like USD',
  ],
  ['decimals', isIntegerWithin(0, 6), 'must be a whole number 0-6'],
  ['model', (v) => MODELS.includes(v as BillingModel), `must be one of ${MODELS.join(', ')}`],
  [
    'items',
    (v) => Array.isArray(v) && v.length > 0 && v.length <= MAX_ITEMS,
    `must be a list of 1-${MAX_ITEMS} items`,
  ],
];

const ITEM_RULES: readonly Rule[] = [
  ['id', isPlanId, 'must be 1-40 of a-z, 0-9 and -'],
  ['name', isName, 'must be a text of 1-100 characters'],
  ['measure', (v) => MEASURES.includes(v as PriceItem['measure']), `must be one of ${MEASURES.join(', ')}`],
  ['rate', isRate, `must be a decimal text from 0 with at most ${MAX_RATE_DECIMALS} decimals`],
  ['unit', isName, 'must be a text of 1-100 characters'],
  ['quantityPerUnit', isQuantity, 'must be a whole number from 1 made of twos and fives only (as text)'],
];

/**
 * Checks a price plan given as data (quantities as text, since JSON has no big integers) and returns it.
 * @throws TowpathError INVALID_ARGUMENT naming every wrong field
 */
export function parsePricePlan(input: unknown): PricePlan {
  if (!isObject(input)) throw new TowpathError('INVALID_ARGUMENT', 'a price plan must be an object');
  const violations = [...unknownFields(input, PLAN_FIELDS, ''), ...broken(input, PLAN_RULES, '')];
  const items: unknown[] = Array.isArray(input['items']) ? input['items'] : [];
  items.forEach((item, i) => violations.push(...itemViolations(item, `items[${i}]`, items.slice(0, i))));
  refuseIfAny(violations);
  const checked = input as unknown as PricePlan;
  return {
    ...checked,
    items: checked.items.map((item) => ({ ...item, quantityPerUnit: BigInt(item.quantityPerUnit) })),
  };
}

function itemViolations(item: unknown, field: string, before: readonly unknown[]): Violation[] {
  if (!isObject(item)) return [{ field, message: 'must be an object' }];
  const violations = [
    ...unknownFields(item, ITEM_FIELDS, `${field}.`),
    ...broken(item, ITEM_RULES, `${field}.`),
  ];
  if (before.some((other) => isObject(other) && other['id'] === item['id'])) {
    violations.push({ field: `${field}.id`, message: 'must be unique in the plan' });
  }
  return violations;
}

function broken(value: Record<string, unknown>, rules: readonly Rule[], path: string): Violation[] {
  return rules
    .filter(([field, holds]) => !holds(value[field]))
    .map(([field, , message]) => ({ field: `${path}${field}`, message }));
}

function unknownFields(value: Record<string, unknown>, known: readonly string[], path: string): Violation[] {
  return Object.keys(value)
    .filter((field) => !known.includes(field))
    .map((field) => ({ field: `${path}${field}`, message: 'is not a field of a price plan' }));
}

function isRate(value: unknown): boolean {
  if (typeof value !== 'string' || value.startsWith('-')) return false;
  try {
    return parseDecimal(value).scale <= MAX_RATE_DECIMALS;
  } catch {
    return false;
  }
}

function isQuantity(value: unknown): boolean {
  const text = typeof value === 'bigint' ? value.toString() : value;
  return typeof text === 'string' && /^\d{1,30}$/.test(text) && hasFiniteReciprocal(BigInt(text));
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
