import { TowpathError } from '../error.js';
import type { Factor, PriceItem, PricePlan } from '../price/plan.types.js';
import { BLOCK_MS } from '../rating/blocks.js';
import { metersOf, type Meter } from '../rating/meters.js';
import { DEFAULT_CLASS, type Usage } from '../rating/pricing.js';
import type { UsageDay } from './billing.types.js';

/**
 * The windows count blocks and units of 100 ms, requests and bytes, in one price zone, of revisions without class and disk;
 * anything else would silently cost nothing.
 * @throws TowpathError NOT_SUPPORTED
 */
export function refuseUncounted(plan: PricePlan): void {
  const uncounted = uncountedOf(plan);
  if (uncounted === undefined) return;
  throw new TowpathError(
    'NOT_SUPPORTED',
    `This installation does not count ${uncounted} as price plan ${plan.id} needs it.`,
  );
}

function uncountedOf(plan: PricePlan): string | undefined {
  if (plan.zones.length > 0) return 'usage by price zone';
  if (namesClasses(plan)) return 'usage by class';
  if (plan.items.some(({ times }) => isByDisk(times))) return 'disks';
  return metersOf(plan).meters.find((meter) => !isCounted(meter))?.measure;
}

function namesClasses({ items, multipliers }: PricePlan): boolean {
  const byClass = [...multipliers, ...items.flatMap((item) => item.multipliers)];
  return items.some(namesClass) || byClass.some((multiplier) => multiplier.class !== undefined);
}

const namesClass = ({ classes }: PriceItem): boolean =>
  classes?.some((one) => one !== DEFAULT_CLASS) ?? false;
const isByDisk = (times: Factor): boolean => 'of' in times && times.of === 'disk_gib';

function isCounted({ measure, quantumMs, minimumMs }: Meter): boolean {
  if (measure === 'request_time') return quantumMs === BLOCK_MS && minimumMs <= BLOCK_MS;
  return measure === 'requests' || measure === 'egress_bytes';
}

/** What windows count of a revision, and its size. */
export type CountedUsage = Pick<
  UsageDay,
  'priceZone' | 'requests' | 'blocks' | 'perRequestUnits' | 'responseBytes' | 'cpuMillis' | 'memoryMiB'
>;

/**
 * What windows count, in the words of price plans.
 * @throws TowpathError NOT_SUPPORTED for a plan that needs what the windows do not count
 */
export function countedUsage(plan: PricePlan, used: CountedUsage): Usage {
  refuseUncounted(plan);
  return quantitiesOf(used);
}

/** The same for a plan that is known to need nothing else. */
export function quantitiesOf(day: CountedUsage): Usage {
  const { priceZone: zone, cpuMillis, memoryMiB } = day;
  const quantities = new Map([
    ['request_time/concurrency#0', day.blocks * BigInt(BLOCK_MS)],
    ['request_time/per_request#0', day.perRequestUnits * BigInt(BLOCK_MS)],
    ['requests#0', day.requests],
    ['egress_bytes#0', day.responseBytes],
  ]);
  const size = { cpuMillis, memoryMiB, diskMiB: 0, gpus: 0, gpuClass: undefined };
  return { zone, class: undefined, size, quantities };
}
