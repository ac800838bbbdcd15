import type { Violation } from '../error.js';
import { compare, ZERO } from './decimal.js';
import type { ItemDocument, PlanDocument } from './plan.reader.js';
import {
  dimensionOf,
  type BillingModel,
  type Dimension,
  type Measure,
  type PriceItem,
  type PricePlan,
  type Tier,
} from './plan.types.js';
import { exampleOf, measureOf } from './plan.words.js';

const PER_DEFAULTS: Readonly<Record<Dimension, string>> = { time: '1 s', bytes: '1 GiB', count: '1' };

/** An item of a plan from its document; wrong parts give something harmless. */
export function itemFrom(document: ItemDocument, { model }: Pick<PlanDocument, 'model'>): PriceItem {
  const { id, name, measure, counter, gpuClass, classes, zones, times, unit, multipliers } = document;
  return {
    ...{ id, name, measure, counter, gpuClass, classes, zones, times, unit, multipliers },
    model: measure === 'request_time' ? (document.model ?? model) : undefined,
    quantumMs: dimensionOf(measure) === 'time' ? document.quantum : 1,
    minimumMs: document.minimum,
    states: document.states ?? ['active', 'idle'],
    per: perOf(document) ?? 1n,
    tierMode: document.tierMode ?? 'graduated',
    tiers: document.tiers ?? [{ upTo: undefined, rate: document.rate ?? ZERO }],
  };
}

/** What an item's fields say together. */
export function itemProblems(
  document: ItemDocument,
  item: PriceItem,
  plan: Pick<PricePlan, 'zones' | 'counters'>,
  path: string,
): Violation[] {
  const at = (field: string, message: string): Violation => ({ field: `${path}.${field}`, message });
  const rules: readonly (readonly [boolean, () => Violation])[] = [
    [perOf(document) === undefined, () => at('per', `must be ${exampleOf(dimensionOf(item.measure))}`)],
    [!modelFits(document, item), () => at('model', MODEL_MESSAGE)],
    [!minimumFits(document, item), () => at('minimum', MINIMUM_MESSAGE)],
    [document.states !== undefined && !isOfInstances(item), () => at('states', OF_INSTANCES)],
    [(item.measure === 'gpu_time') !== (item.gpuClass !== undefined), () => at('gpuClass', GPU_MESSAGE)],
    [!counterFits(item, plan.counters), () => at('counter', COUNTER_MESSAGE)],
    [(document.rate === undefined) === (document.tiers === undefined), () => at('rate', RATE_MESSAGE)],
    [document.tierMode !== undefined && document.tiers === undefined, () => at('tierMode', 'needs tiers')],
  ];
  return [
    ...rules.filter(([broken]) => broken).map(([, violation]) => violation()),
    ...tierProblems(item.tiers, `${path}.tiers`),
    ...tableProblems(item, path),
    ...(item.zones ?? []).flatMap((name, i) =>
      name === 'default' || plan.zones.some((zone) => zone.name === name)
        ? []
        : [at(`zones[${i}]`, 'is no zone of the plan')],
    ),
  ];
}

const MODEL_MESSAGE =
  'must be concurrency or per_request for request_time (say it, or in the plan), absent else';
const MINIMUM_MESSAGE = 'is for time of instances, GPUs, builds, and of requests under per_request';
const OF_INSTANCES = 'is for instance_time and gpu_time';
const GPU_MESSAGE = 'must be there for gpu_time, and only there';
const COUNTER_MESSAGE = 'must be one of the counters of the plan for measure counter, absent else';
const RATE_MESSAGE = 'must be there, or tiers, and not both';

function perOf({ per, measure }: ItemDocument): bigint | undefined {
  const dimension = dimensionOf(measure);
  return measureOf(per ?? PER_DEFAULTS[dimension], dimension);
}

function modelFits(document: ItemDocument, { measure, model }: PriceItem): boolean {
  const REQUEST_MODELS: readonly (BillingModel | undefined)[] = ['concurrency', 'per_request'];
  return measure === 'request_time' ? REQUEST_MODELS.includes(model) : document.model === undefined;
}

function minimumFits({ minimum }: ItemDocument, item: PriceItem): boolean {
  const alone: readonly Measure[] = ['instance_time', 'gpu_time', 'build_time'];
  return minimum === 0 || alone.includes(item.measure) || item.model === 'per_request';
}

function isOfInstances({ measure }: PriceItem): boolean {
  return measure === 'instance_time' || measure === 'gpu_time';
}

function counterFits({ measure, counter }: PriceItem, counters: readonly string[]): boolean {
  return measure === 'counter' ? counter !== undefined && counters.includes(counter) : counter === undefined;
}

function tierProblems(tiers: readonly Tier[], path: string): Violation[] {
  return tiers.flatMap(({ upTo }, i) => {
    const field = `${path}[${i}].upTo`;
    const last = i === tiers.length - 1;
    if (last) return upTo === undefined ? [] : [{ field, message: 'must be absent in the last tier' }];
    if (upTo === undefined) return [{ field, message: 'must be there: only the last tier has no end' }];
    const before = tiers[i - 1]?.upTo ?? ZERO;
    return compare(upTo, before) > 0 ? [] : [{ field, message: 'overlaps the tier before it' }];
  });
}

function tableProblems({ times }: PriceItem, path: string): Violation[] {
  if (!('table' in times)) return [];
  return times.table.flatMap(({ upToMiB }, i) =>
    i > 0 && upToMiB <= (times.table[i - 1]?.upToMiB ?? 0)
      ? [{ field: `${path}.times.table[${i}].upToMiB`, message: 'must be above the row before it' }]
      : [],
  );
}
