import type { Id } from '../id.js';
import { add, compare, multiply, parseDecimal, ZERO, type Decimal } from '../price/decimal.js';
import { fraction, minus, NOTHING, plus, ratioOf, times, total, type Ratio } from '../price/ratio.js';
import type { PricePlan } from '../price/plan.types.js';
import { metersOf } from '../rating/meters.js';
import { priceUsage, type PricedLine, type Usage } from '../rating/pricing.js';
import { chargesOf, type BillPart } from './bill.js';
import { countedUsage } from './counted.usage.js';

/** What an instance in a cluster costs its operator, by the second. */
export interface ClusterPrice {
  currency: string;
  vcpuSecond: Decimal;
  gibSecond: Decimal;
  /** What a second of one GPU costs, by its class. */
  gpuSeconds: ReadonlyMap<string, Decimal>;
}

/** What was seen to run of one service in one cluster while one price was in force. */
export interface InstanceTime {
  clusterId: Id<'cls'>;
  serviceId: string;
  instanceMs: bigint;
  /** milli-vCPU x ms */
  cpuMs: bigint;
  /** MiB x ms */
  memoryMs: bigint;
  /** GPUs x ms, by class; classes that did not run are not there. */
  gpuMs: ReadonlyMap<string, bigint>;
  /** Absent while the cluster has no price. */
  price?: ClusterPrice;
}

/** What was billed of one service in a month. */
export interface BilledTime {
  billedMs: bigint;
  /** At list price. */
  amount: Ratio;
  /**
   * What the month's bill asks for it: of each of its lines, after grants, tiers and discount and rounded as it is asked, as much as the
   * service used of what the line counts (at its multipliers). So the services come to all lines of usage; for a month that was
   * invoiced, with what came late, to its invoice and all corrections of it. Fees, taxes, credits and an operator's adjustments belong
   * to no service and are in none.
   */
  charged: Ratio;
}

/** What one organization brings and costs in one cluster in a month. Exact; money in the currency of its bill. */
export interface ClusterMargin {
  /** Absent for services that were seen in no cluster. */
  clusterId?: Id<'cls'>;
  billedMs: Ratio;
  instanceMs: Ratio;
  gpuMs: ReadonlyMap<string, bigint>;
  /** At list price. */
  amount: Ratio;
  /** See BilledTime. */
  charged: Ratio;
  /** Absent where not all of the time has a price in that currency. */
  cost?: Ratio;
  /** Classes whose GPUs ran there while the cluster had no price for them. Sorted. */
  unpricedGpus: readonly string[];
}

const PLACES = 12;
const PRICE = new RegExp(`^\\d{1,${PLACES}}(\\.\\d{1,${PLACES}})?$`);

/** Why the text is no price of a cluster, or undefined. */
export function clusterPriceProblem(text: string): string | undefined {
  const good = PRICE.test(text) && compare(parseDecimal(text), ZERO) >= 0;
  return good
    ? undefined
    : `must be a decimal like 0.000012, with at most ${PLACES} digits before and after the point`;
}

/**
 * Time and money that were billed, by service. Fees belong to no service and are not among them.
 * @throws TowpathError NOT_SUPPORTED for a plan that needs what the windows do not count
 */
export function billedByService(parts: readonly BillPart[]): Map<string, BilledTime> {
  const services = new Map<string, BilledTime>();
  const owners = new Map<PricedLine, string>();
  const addTime = (serviceId: string, { billedMs, amount, charged }: BilledTime): void => {
    const before = services.get(serviceId) ?? NONE;
    services.set(serviceId, {
      billedMs: before.billedMs + billedMs,
      amount: plus(before.amount, amount),
      charged: plus(before.charged, charged),
    });
  };
  const priced = parts.map(({ days, ...part }) => ({
    ...part,
    lines: days.flatMap((day) => {
      const usage = countedUsage(part.plan, day);
      const lines = priceUsage(part.plan, usage);
      for (const line of lines) owners.set(line, day.serviceId);
      const amount = total(lines.map((line) => line.amount));
      addTime(day.serviceId, { ...NONE, billedMs: timeOf(part.plan, usage), amount });
      return lines;
    }),
  }));
  for (const { lines, charges } of chargesOf(priced)) {
    const used = Map.groupBy(lines, ({ item }) => item.id);
    for (const { item, rounded } of charges)
      for (const [serviceId, share] of sharesOf(used.get(item) ?? [], owners))
        addTime(serviceId, { ...NONE, charged: times(ratioOf(rounded), share) });
  }
  return services;
}

/** How much of what the lines of one item count is each service's: the shares come to one. */
function sharesOf(lines: readonly PricedLine[], owners: ReadonlyMap<PricedLine, string>): [string, Ratio][] {
  const counted = new Map<string, Decimal>();
  let whole = ZERO;
  for (const line of lines) {
    const serviceId = owners.get(line) ?? '';
    const weight = multiply(line.measured, line.multiplier);
    counted.set(serviceId, add(counted.get(serviceId) ?? ZERO, weight));
    whole = add(whole, weight);
  }
  // all of it is multiplied by 0, and so is what is asked for it
  if (whole.units === 0n) return [];
  const { top, bottom } = ratioOf(whole);
  return [...counted].map(([serviceId, weight]) => [
    serviceId,
    times(ratioOf(weight), { top: bottom, bottom: top }),
  ]);
}

/** Time that is billed in several ways at once counts once: of requests by the plan's model where it has both. */
function timeOf(plan: PricePlan, { quantities }: Usage): bigint {
  const firsts = metersOf(plan).meters.filter(
    ({ measure, lane }) => measure.endsWith('_time') && measure !== 'build_time' && lane.endsWith('#0'),
  );
  const hasModel = firsts.some(({ model }) => model === plan.model);
  return firsts
    .filter(({ measure, model }) => measure !== 'request_time' || !hasModel || model === plan.model)
    .reduce((sum, { lane }) => sum + (quantities.get(lane) ?? 0n), 0n);
}

/**
 * What was billed against what ran, cluster by cluster. A service that ran in several clusters brings to each as much of its
 * bill as it ran there; the sums over all clusters are those of the services.
 */
export function marginsByCluster(
  billed: ReadonlyMap<string, BilledTime>,
  ran: readonly InstanceTime[],
  currency: string,
): ClusterMargin[] {
  const whole = new Map<string, bigint>();
  for (const { serviceId, instanceMs } of ran)
    whole.set(serviceId, (whole.get(serviceId) ?? 0n) + instanceMs);
  const clusters = new Map<Id<'cls'> | undefined, ClusterMargin>();
  for (const one of ran) {
    const { serviceId, clusterId, instanceMs } = one;
    const share = fraction(instanceMs, atLeastOne(whole.get(serviceId)));
    const cost = costOf(one, currency);
    addTo(clusters, {
      ...{ clusterId, gpuMs: one.gpuMs, unpricedGpus: unpricedOf(one) },
      instanceMs: wholeRatio(instanceMs),
      ...shareOf(billed.get(serviceId), share),
      ...(cost ? { cost } : {}),
    });
  }
  const unseen = [...billed].filter(([serviceId]) => (whole.get(serviceId) ?? 0n) === 0n);
  for (const [, one] of unseen)
    addTo(clusters, { instanceMs: NOTHING, gpuMs: new Map(), unpricedGpus: [], ...shareOf(one, ONE) });
  return [...clusters.values()];
}

const ONE: Ratio = { top: 1n, bottom: 1n };
const NONE: BilledTime = { billedMs: 0n, amount: NOTHING, charged: NOTHING };

const wholeRatio = (value: bigint): Ratio => ({ top: value, bottom: 1n });
const atLeastOne = (value = 1n): bigint => (value > 1n ? value : 1n);

function shareOf(
  { billedMs, amount, charged }: BilledTime = NONE,
  share: Ratio,
): Pick<ClusterMargin, keyof BilledTime> {
  return {
    billedMs: times(wholeRatio(billedMs), share),
    amount: times(amount, share),
    charged: times(charged, share),
  };
}

/** What that time costs, in the currency; undefined where it has no price in it. */
function costOf(one: InstanceTime, currency: string): Ratio | undefined {
  const { cpuMs, memoryMs, gpuMs, price } = one;
  if (price?.currency !== currency || unpricedOf(one).length > 0) return undefined;
  const of = (units: bigint, rate: Decimal, divisor: bigint): Ratio =>
    ratioOf(multiply({ units, scale: 0 }, rate), divisor);
  return total([
    of(cpuMs, price.vcpuSecond, MILLI_MS),
    of(memoryMs, price.gibSecond, MIB_MS),
    ...[...gpuMs].map(([gpuClass, ms]) => of(ms, price.gpuSeconds.get(gpuClass) ?? ZERO, SECOND_MS)),
  ]);
}

function unpricedOf({ gpuMs, price }: InstanceTime): string[] {
  return [...gpuMs.keys()].filter((gpuClass) => !price?.gpuSeconds.has(gpuClass)).toSorted();
}

const SECOND_MS = 1_000n;
const MILLI_MS = 1_000n * SECOND_MS;
const MIB_MS = 1_024n * SECOND_MS;

interface Part extends Omit<ClusterMargin, 'clusterId'> {
  clusterId?: Id<'cls'> | undefined;
}

function addTo(clusters: Map<Id<'cls'> | undefined, ClusterMargin>, { clusterId, ...part }: Part): void {
  const named = clusterId === undefined ? {} : { clusterId };
  const before = clusters.get(clusterId);
  if (!before) {
    clusters.set(clusterId, { ...named, ...part });
    return;
  }
  const cost = before.cost && part.cost ? { cost: plus(before.cost, part.cost) } : {};
  clusters.set(clusterId, {
    ...named,
    billedMs: plus(before.billedMs, part.billedMs),
    instanceMs: plus(before.instanceMs, part.instanceMs),
    amount: plus(before.amount, part.amount),
    charged: plus(before.charged, part.charged),
    gpuMs: added(before.gpuMs, part.gpuMs),
    unpricedGpus: [...new Set([...before.unpricedGpus, ...part.unpricedGpus])].toSorted(),
    ...cost,
  });
}

function added(a: ReadonlyMap<string, bigint>, b: ReadonlyMap<string, bigint>): Map<string, bigint> {
  const sums = new Map(a);
  for (const [gpuClass, ms] of b) sums.set(gpuClass, (sums.get(gpuClass) ?? 0n) + ms);
  return sums;
}

/** What is left of what is charged when the cost is paid; undefined where the cost is not known. */
export function marginOf({ charged, cost }: Pick<ClusterMargin, 'charged' | 'cost'>): Ratio | undefined {
  return cost && minus(charged, cost);
}

/** Seconds of so many milliseconds. */
export function secondsOf({ top, bottom }: Ratio): Ratio {
  return fraction(top, bottom * 1_000n);
}
