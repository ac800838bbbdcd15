import { TowpathError } from '../error.js';
import type { Factor, Multiplier, PriceItem, PricePlan } from '../price/plan.types.js';
import { sameZones } from '../price/zones.js';
import { BLOCK_MS } from '../rating/blocks.js';
import { meterKey, metersOf, type Meter, type Quantities } from '../rating/meters.js';
import { DEFAULT_CLASS, underModel, type Usage } from '../rating/pricing.js';
import type { BilledSize, UsageDay } from './billing.types.js';
import { WINDOW_MS } from './window.js';

/** What every window counts, whatever the plan. */
export type WindowColumn = 'blocks' | 'perRequestUnits' | 'requests' | 'responseBytes';

/** What windows count for a price item. */
export interface WindowCount {
  /** A column, or the name of a meter that only some plans need. */
  of: string;
  /** Only windows of instances with GPUs of that class: their time is counted with that of all others. */
  gpuClass?: string;
  /** Only windows of these price zones. */
  zones?: readonly string[];
}

/** The lane of the blocks of 100 ms that every window counts. */
export const BLOCKS_LANE = 'request_time/concurrency#0';

/** Where a plan was given: a document at a path, or one field that names the plan. */
export type PlanInput = { path: string } | { field: string };

/**
 * Windows count time of requests, of instances, of their GPUs and of builds, requests and bytes, of revisions without class and disk;
 * anything else would silently cost nothing.
 * @throws TowpathError NOT_SUPPORTED naming every field of the plan that needs something else
 */
export function refuseUncounted(plan: PricePlan, input: PlanInput = { path: 'document' }): void {
  const uncounted = uncountedOf(plan);
  const [first] = uncounted;
  if (first === undefined) return;
  throw new TowpathError(
    'NOT_SUPPORTED',
    `This installation does not count ${first.what} as price plan ${plan.id} needs it.`,
    {
      violations: uncounted.map(({ at, what }) =>
        'field' in input
          ? { field: input.field, message: `needs at ${at} what is not counted: ${what}` }
          : { field: `${input.path}.${at}`, message: `is not counted: ${what}` },
      ),
      nextStep: 'Take that out of the plan, or rate usage by it from a file (tow admin rate).',
    },
  );
}

interface Uncounted {
  /** Field of the plan. */
  at: string;
  what: string;
}

function uncountedOf({ items, multipliers }: PricePlan): Uncounted[] {
  return [
    ...byClass(multipliers, ''),
    ...items.flatMap((item, i) => [
      ...uncountedItem(item).map(({ at, what }) => ({ at: `items[${i}].${at}`, what })),
      ...byClass(item.multipliers, `items[${i}].`),
    ]),
  ];
}

function byClass(multipliers: readonly Multiplier[], of: string): Uncounted[] {
  return multipliers.flatMap((one, i) =>
    one.class === undefined ? [] : [{ at: `${of}multipliers[${i}].class`, what: 'usage by class' }],
  );
}

/** A block is handed from its window to the next one, no further. */
const LONGEST_BLOCK_MS = WINDOW_MS;
/** Who opened which block is told one by one. */
const SHORTEST_BLOCK_MS = 10;

function uncountedItem(item: PriceItem): Uncounted[] {
  const { measure, model, quantumMs, states, times } = item;
  const isOfBlocks = measure === 'request_time' && model === 'concurrency';
  const checks: [boolean, string, string][] = [
    [namesClass(item), 'classes', 'usage by class'],
    [isByDisk(times), 'times', 'disks'],
    [isOfBlocks && quantumMs > LONGEST_BLOCK_MS, 'quantum', 'blocks of requests longer than a minute'],
    [
      isOfBlocks && quantumMs < SHORTEST_BLOCK_MS,
      'quantum',
      `blocks of requests shorter than ${SHORTEST_BLOCK_MS} ms`,
    ],
    [isOfInstances(item) && states.includes('stopped'), 'states', 'stopped instances'],
    [!COUNTED.has(measure), 'measure', measure],
  ];
  return checks.flatMap(([isUncounted, at, what]) => (isUncounted ? [{ at, what }] : []));
}

const COUNTED: ReadonlySet<string> = new Set([
  ...['request_time', 'instance_time', 'gpu_time', 'build_time', 'requests', 'egress_bytes'],
]);

/** Whether a meter is of the time of instances, which agents see, not of requests. */
export function isOfInstances({ measure }: Pick<Meter, 'measure'>): boolean {
  return measure === 'instance_time' || measure === 'gpu_time';
}

/** Whether a plan needs to know how long instances ran. */
export function needsInstances(plan: PricePlan): boolean {
  return metersOf(plan).meters.some(isOfInstances);
}

/** Whether it leaves out the time in which requests waited for a first instance. */
export function isFromReady({ coldStart }: Meter): boolean {
  return coldStart === 'free';
}

/** What meters need to know beside requests. */
export function factsFor(meters: readonly Meter[]): {
  instances: boolean;
  fromReady: boolean;
  builds: boolean;
} {
  return {
    instances: meters.some(isOfInstances),
    fromReady: meters.some(isFromReady),
    builds: meters.some(isOfBuilds),
  };
}

/** Whether a meter is of the time of builds, which belong to a service and to no revision. */
export function isOfBuilds({ measure }: Meter): boolean {
  return measure === 'build_time';
}

/** Whether a plan needs to know how long builds took. */
export function needsBuilds(plan: PricePlan): boolean {
  return metersOf(plan).meters.some(isOfBuilds);
}

const namesClass = ({ classes }: PriceItem): boolean =>
  classes?.some((one) => one !== DEFAULT_CLASS) ?? false;
const isByDisk = (times: Factor): boolean => 'of' in times && times.of === 'disk_gib';

/** Which column of a window has what a meter counts; undefined for one that only some plans need. */
export function columnOf(meter: Meter): WindowColumn | undefined {
  const { measure, model, lane, quantumMs, minimumMs, coldStart } = meter;
  if (measure === 'requests') return 'requests';
  if (measure === 'egress_bytes') return 'responseBytes';
  if (measure !== 'request_time' || quantumMs !== BLOCK_MS || coldStart === 'free') return undefined;
  if (model === 'per_request') return minimumMs <= BLOCK_MS ? 'perRequestUnits' : undefined;
  return lane === BLOCKS_LANE ? 'blocks' : undefined;
}

/**
 * What windows count for a plan beside their columns: for its lines and for what its bill compares them with, each meter once.
 */
export function extraMeters(plan: PricePlan): Meter[] {
  const wanted = [plan, underModel(plan, 'per_request')].flatMap((one) => metersOf(one).meters);
  const extra = wanted.filter((meter) => columnOf(meter) === undefined);
  return [...new Map(extra.map((meter) => [meterKey(meter), meter])).values()];
}

/** Works out once for each plan what depends on nothing else: a batch asks the same of few plans again and again. */
export function oncePerPlan<T>(of: (plan: PricePlan) => T): (plan: PricePlan) => T {
  const known = new Map<PricePlan, { value: T }>();
  return (plan) => {
    const found = known.get(plan) ?? { value: of(plan) };
    known.set(plan, found);
    return found.value;
  };
}

/** Whether windows that were counted for one plan hold all that another needs, zone by zone. */
export function countsFor(counted: PricePlan, plan: PricePlan): boolean {
  if (!sameZones(counted, plan)) return false;
  const held = new Set(extraMeters(counted).map(meterKey));
  return extraMeters(plan).every((meter) => held.has(meterKey(meter)));
}

/** What windows count of a revision, and its size. */
export interface CountedUsage extends Pick<
  UsageDay,
  'priceZone' | 'requests' | 'blocks' | 'perRequestUnits' | 'responseBytes' | keyof BilledSize
> {
  /** What only the plan needs, by the names of its meters. */
  metered?: Quantities | undefined;
}

/**
 * What windows count, in the words of price plans.
 * @throws TowpathError NOT_SUPPORTED for a plan that needs what the windows do not count
 */
export function countedUsage(plan: PricePlan, used: CountedUsage): Usage {
  refuseUncounted(plan);
  return quantitiesOf(plan, used);
}

/** The same for a plan that is known to need nothing else. */
export function quantitiesOf(plan: PricePlan, used: CountedUsage): Usage {
  const { priceZone: zone, cpuMillis, memoryMiB, gpus = 0, gpuClass } = used;
  const quantities = new Map(
    metersOf(plan).meters.map((meter) => [meter.lane, quantityOf(meter, used)] as const),
  );
  const size = { cpuMillis, memoryMiB, diskMiB: 0, gpus, gpuClass };
  return { zone, class: undefined, size, quantities };
}

function quantityOf(meter: Meter, used: CountedUsage): bigint {
  const column = columnOf(meter);
  if (column === undefined) return used.metered?.get(meterKey(meter)) ?? 0n;
  return meter.measure === 'request_time' ? used[column] * BigInt(BLOCK_MS) : used[column];
}

/** What of a usage a price item counts. */
export function countIn(used: CountedUsage, { of, gpuClass, zones }: WindowCount): bigint {
  if (zones !== undefined && !zones.includes(used.priceZone)) return 0n;
  if (gpuClass !== undefined && gpuClass !== used.gpuClass) return 0n;
  return isColumn(of) ? used[of] : (used.metered?.get(of) ?? 0n);
}

const COLUMNS: readonly string[] = ['blocks', 'perRequestUnits', 'requests', 'responseBytes'];
const isColumn = (of: string): of is WindowColumn => COLUMNS.includes(of);

/** What windows count for a price item: what explains its lines. Undefined for what no window counts. */
export function countOf(plan: PricePlan, itemId: string): WindowCount | undefined {
  const { meters, lanes } = metersOf(plan);
  const meter = meters.find(({ lane }) => lane === lanes.get(itemId));
  const { gpuClass, zones } = plan.items.find(({ id }) => id === itemId) ?? {};
  if (meter === undefined) return undefined;
  return {
    of: columnOf(meter) ?? meterKey(meter),
    ...(gpuClass === undefined ? {} : { gpuClass }),
    ...(zones === undefined ? {} : { zones }),
  };
}

/** The meter of a price item of time of instances; undefined for any other. */
export function instanceMeterOf(plan: PricePlan, itemId: string): Meter | undefined {
  const { meters, lanes } = metersOf(plan);
  return meters.find((meter) => isOfInstances(meter) && meter.lane === lanes.get(itemId));
}

/** Adds up what was counted beside the columns. */
export function sumMetered(list: readonly (Quantities | undefined)[]): Map<string, bigint> {
  const sums = new Map<string, bigint>();
  for (const metered of list)
    for (const [key, quantity] of metered ?? []) sums.set(key, (sums.get(key) ?? 0n) + quantity);
  return sums;
}
