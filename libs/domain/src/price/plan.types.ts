import type { RuntimeTier } from '../cluster/runtime-tier.js';
import type { Decimal } from './decimal.js';

/** Who pays for the time in which a request waited for a first instance. */
export type ColdStart = 'billed' | 'free';

/** How request time becomes billed time (design D6); `instance` is time of instances, whatever they serve. */
export type BillingModel = 'concurrency' | 'per_request' | 'instance';

export const MEASURES = [
  'request_time',
  'instance_time',
  'gpu_time',
  'build_time',
  'requests',
  'event_deliveries',
  'egress_bytes',
  'counter',
] as const;

/** What is measured. `counter` is a count that the plan itself names. */
export type Measure = (typeof MEASURES)[number];

/** What kind of number a measure is: milliseconds, bytes or a count. */
export type Dimension = 'time' | 'bytes' | 'count';

export const INSTANCE_STATES = ['active', 'idle', 'stopped'] as const;

/** What an instance is doing: serving, kept warm, or only kept on disk. */
export type InstanceState = (typeof INSTANCE_STATES)[number];

/** By what a measure is multiplied, from the size of the revision. */
export type SizeWord = 'one' | 'vcpu' | 'gib' | 'disk_gib';

/** A size with a floor (`atLeast`) or without a free part (`beyond`); or a value looked up by memory. */
export type Factor =
  | { of: SizeWord; atLeast: Decimal | undefined; beyond: Decimal | undefined }
  | { table: readonly { upToMiB: number; value: Decimal }[] };

/** A set of regions with one price. Regions that no zone names belong to zone `default`. */
export interface PriceZone {
  name: string;
  regions: string[];
}

/** Prices of usage in a zone, or of a class, times `by`. All that fit apply. */
export interface Multiplier {
  zone: string | undefined;
  class: string | undefined;
  by: Decimal;
}

/** `upTo` is in units of the item and belongs to the tier; the last tier has none. */
export interface Tier {
  upTo: Decimal | undefined;
  rate: Decimal;
}

/** One price. The quantity is the measure times the factor; the rate is for `per` of it. */
export interface PriceItem {
  id: string;
  name: string;
  measure: Measure;
  /** Name of a `counter`. */
  counter: string | undefined;
  /** Of request time: concurrency or per_request. */
  model: BillingModel | undefined;
  /** Time is rounded up to whole quanta: per block, per request, per instance or per build. */
  quantumMs: number;
  /** A request, build or start of an instance counts at least as long. */
  minimumMs: number;
  /** Of instance and GPU time. */
  states: InstanceState[];
  gpuClass: string | undefined;
  /** Only usage of these classes or zones (`default`: of none that is named); absent: all. */
  classes: string[] | undefined;
  zones: string[] | undefined;
  times: Factor;
  /** Measured quantity (ms, bytes or a count) in one unit. */
  per: bigint;
  unit: string;
  tierMode: 'graduated' | 'volume';
  tiers: Tier[];
  /** Instead of the plan's multipliers of the same zone or class. */
  multipliers: Multiplier[];
}

/** Free usage of an organization in a UTC month: a quantity in units of its items, or money. */
export interface Grant {
  id: string;
  name: string;
  items: string[];
  quantity: Decimal | undefined;
  money: Decimal | undefined;
}

/** A fixed amount for each UTC month that an organization has the plan; prorated by time when it has it for a part. */
export interface Fee {
  id: string;
  name: string;
  amount: Decimal;
  prorated: boolean;
}

/** One version of a price plan: data, immutable, in force from an instant on. */
export interface PricePlan {
  id: string;
  version: number;
  name: string;
  /** Three letters of ISO 4217. */
  currency: string;
  /** Places an invoice line is rounded to (2 for cents). */
  decimals: number;
  effectiveFromMs: number;
  /** Of request time, for items that say nothing else. */
  model: BillingModel;
  coldStart: ColdStart;
  /** What instances of organizations that have the plan run under. */
  runtimeTier: RuntimeTier;
  zones: PriceZone[];
  multipliers: Multiplier[];
  counters: string[];
  items: PriceItem[];
  grants: Grant[];
  fees: Fee[];
}

/** The dimension of a measure. */
export function dimensionOf(measure: Measure): Dimension {
  if (measure.endsWith('_time')) return 'time';
  return measure === 'egress_bytes' ? 'bytes' : 'count';
}
