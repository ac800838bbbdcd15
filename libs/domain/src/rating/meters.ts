import type {
  BillingModel,
  ColdStart,
  InstanceState,
  Measure,
  PriceItem,
  PricePlan,
} from '../price/plan.types.js';

/**
 * One way of measuring that items of a plan need. A lane is its name, the same in every version of a plan, so that
 * blocks open at a change of price go on covering.
 */
export interface Meter {
  lane: string;
  measure: Measure;
  model: BillingModel | undefined;
  states: readonly InstanceState[];
  quantumMs: number;
  minimumMs: number;
  /** Of request time: whether waiting for a first instance counts. */
  coldStart: ColdStart;
}

/** What one thing used in one period: whole ms, bytes or counts by lane. */
export type Quantities = ReadonlyMap<string, bigint>;

/** The meters of a plan, each once, and the lane of each item by the item's id. */
export function metersOf(plan: PricePlan): { meters: readonly Meter[]; lanes: ReadonlyMap<string, string> } {
  const meters: Meter[] = [];
  const lanes = new Map<string, string>();
  for (const item of plan.items) {
    const family = familyOf(item);
    const rivals = meters.filter(({ lane }) => lane.startsWith(`${family}#`));
    const same = rivals.find((m) => m.quantumMs === item.quantumMs && m.minimumMs === item.minimumMs);
    const lane = same?.lane ?? `${family}#${rivals.length}`;
    if (same === undefined) meters.push(meterOf(item, lane, plan));
    lanes.set(item.id, lane);
  }
  return { meters, lanes };
}

function meterOf(item: PriceItem, lane: string, plan: PricePlan): Meter {
  const { measure, model, states, quantumMs, minimumMs } = item;
  const coldStart = measure === 'request_time' ? plan.coldStart : 'billed';
  return { lane, measure, model, states, quantumMs, minimumMs, coldStart };
}

/** GPU time is instance time of instances with GPUs, counted once for each GPU when it is priced. */
function familyOf({ measure, model, states, counter }: PriceItem): string {
  if (measure === 'request_time') return `request_time/${model}`;
  if (measure === 'instance_time' || measure === 'gpu_time')
    return `instance_time/${states.toSorted().join('+')}`;
  return measure === 'counter' ? `counter/${counter}` : measure;
}

/** The name of what a meter counts: with equal plans' lanes it is equal, and so is what was counted. */
export function meterKey({ lane, quantumMs, minimumMs, coldStart }: Meter): string {
  return `${lane}/${quantumMs}/${minimumMs}${coldStart === 'free' ? '/ready' : ''}`;
}

/** What one stretch alone counts for, in ms: at least the minimum, rounded up to whole quanta. */
export function aloneMs(
  { quantumMs, minimumMs }: Pick<Meter, 'quantumMs' | 'minimumMs'>,
  lengthMs: number,
): bigint {
  const units = Math.ceil(Math.max(lengthMs, minimumMs) / quantumMs);
  return BigInt(units) * BigInt(quantumMs);
}
