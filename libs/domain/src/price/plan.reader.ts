import { RUNTIME_TIERS } from '../cluster/runtime-tier.js';
import { HOUR_MS } from '../month.js';
import {
  flag,
  isObject,
  listOf,
  objectOf,
  optional,
  textOf,
  wholeNumber,
  wordOf,
  type Reader,
} from '../reader.js';
import { INSTANCE_STATES, MEASURES, type BillingModel, type Factor, type SizeWord } from './plan.types.js';
import { decimalText, durationOf, instant } from './plan.words.js';

const MODELS: readonly BillingModel[] = ['concurrency', 'per_request', 'instance'];
const SIZES: readonly SizeWord[] = ['one', 'vcpu', 'gib', 'disk_gib'];

/** Ids of plans, items, grants, fees, counters. */
export const planId = textOf(/^[a-z0-9][a-z0-9-]{0,39}$/, '1-40 of a-z, 0-9 and -');
/** Names of zones, regions and classes. */
export const placeName = textOf(/^[A-Za-z0-9][A-Za-z0-9._/-]{0,62}$/, '1-63 of letters, digits and . _ / -');
const title = textOf(/^\S.{0,99}$/u, 'a text of 1-100 characters');
export const currency = textOf(/^[A-Z]{3}$/, 'three capital letters, like USD');

const size = objectOf(
  { of: wordOf(SIZES), atLeast: optional(decimalText), beyond: optional(decimalText) },
  'factor',
);
const table = objectOf(
  { table: listOf(objectOf({ upToMiB: wholeNumber(1, 1 << 30), value: decimalText }, 'table row'), 1, 64) },
  'factor',
);

/** A word like `vcpu`, a size with a floor or a free part, or a table by memory. */
const factor: Reader<Factor> = (value, path, found) => {
  if (typeof value === 'string') return { of: wordOf(SIZES)(value, path, found), ...NO_BOUNDS };
  return isObject(value) && 'table' in value ? table(value, path, found) : size(value, path, found);
};
const NO_BOUNDS = { atLeast: undefined, beyond: undefined };

const multiplier = objectOf(
  { zone: optional(placeName), class: optional(placeName), by: decimalText },
  'multiplier',
);
const tier = objectOf({ upTo: optional(decimalText), rate: decimalText }, 'tier');
const raw: Reader<unknown> = (value) => value;

const item = objectOf(
  {
    id: planId,
    name: title,
    measure: wordOf(MEASURES),
    counter: optional(planId),
    model: optional(wordOf(MODELS)),
    quantum: optional(durationOf(1, HOUR_MS), 100),
    minimum: optional(durationOf(0, 24 * HOUR_MS), 0),
    states: optional(listOf(wordOf(INSTANCE_STATES), 1, INSTANCE_STATES.length)),
    gpuClass: optional(placeName),
    classes: optional(listOf(placeName, 1, 64)),
    zones: optional(listOf(placeName, 1, 64)),
    times: optional(factor, { of: 'one', ...NO_BOUNDS }),
    per: raw,
    unit: title,
    currency: optional(currency),
    rate: optional(decimalText),
    tierMode: optional(wordOf(['graduated', 'volume'] as const)),
    tiers: optional(listOf(tier, 1, 32)),
    multipliers: optional(listOf(multiplier, 0, 64), []),
  },
  'price item',
);

const grant = objectOf(
  {
    id: planId,
    name: title,
    items: optional(listOf(planId, 1, 64)),
    quantity: optional(decimalText),
    money: optional(decimalText),
    currency: optional(currency),
  },
  'grant',
);

const fee = objectOf(
  {
    id: planId,
    name: title,
    amount: decimalText,
    currency: optional(currency),
    prorated: optional(flag, true),
  },
  'fee',
);

const zone = objectOf({ name: placeName, regions: listOf(placeName, 1, 256) }, 'zone');

/** The shape of a plan's document; what its fields say together is looked at afterwards. */
export const planDocument = objectOf(
  {
    id: planId,
    version: wholeNumber(1, 1_000_000),
    name: title,
    source: optional(textOf(/^.{1,500}$/su, 'a text of 1-500 characters')),
    currency,
    decimals: wholeNumber(0, 6),
    effectiveFrom: instant,
    model: optional(wordOf(MODELS), 'concurrency'),
    coldStart: optional(wordOf(['billed', 'free'] as const), 'billed'),
    runtimeTier: optional(wordOf(RUNTIME_TIERS), 'standard'),
    zones: optional(listOf(zone, 0, 64), []),
    multipliers: optional(listOf(multiplier, 0, 64), []),
    counters: optional(listOf(planId, 0, 64), []),
    items: listOf(item, 0, 64),
    grants: optional(listOf(grant, 0, 64), []),
    fees: optional(listOf(fee, 0, 16), []),
  },
  'price plan',
);

export type PlanDocument = ReturnType<typeof planDocument>;
export type ItemDocument = PlanDocument['items'][number];
