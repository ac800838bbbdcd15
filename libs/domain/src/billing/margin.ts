import type { Id } from '../id.js';
import { compare, multiply, parseDecimal, ZERO, type Decimal } from '../price/decimal.js';
import { fraction, minus, NOTHING, plus, ratioOf, times, total, type Ratio } from '../price/ratio.js';
import type { PricePlan } from '../price/plan.types.js';
import { metersOf } from '../rating/meters.js';
import { priceUsage, type Usage } from '../rating/pricing.js';
import type { BillPart } from './bill.js';
import { countedUsage } from './counted.usage.js';

/** What an instance in a cluster costs its operator, by the second. */
export interface ClusterPrice {
  currency: string;
  vcpuSecond: Decimal;
  gibSecond: Decimal;
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
  /** Absent while the cluster has no price. */
  price?: ClusterPrice;
}

/** What was billed of one service in a month, at list price. */
export interface BilledTime {
  billedMs: bigint;
  amount: Ratio;
}

/** What one organization brings and costs in one cluster in a month. Exact; money in the currency of its bill. */
export interface ClusterMargin {
  /** Absent for services that were seen in no cluster. */
  clusterId?: Id<'cls'>;
  billedMs: Ratio;
  instanceMs: Ratio;
  amount: Ratio;
  /** Absent where not all of the time has a price in that currency. */
  cost?: Ratio;
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
  for (const { plan, days } of parts) {
    for (const day of days) {
      const before = services.get(day.serviceId) ?? { billedMs: 0n, amount: NOTHING };
      const usage = countedUsage(plan, day);
      const amounts = priceUsage(plan, usage).map(({ amount }) => amount);
      services.set(day.serviceId, {
        billedMs: before.billedMs + timeOf(plan, usage),
        amount: plus(before.amount, total(amounts)),
      });
    }
  }
  return services;
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
      clusterId,
      instanceMs: wholeRatio(instanceMs),
      ...shareOf(billed.get(serviceId), share),
      ...(cost ? { cost } : {}),
    });
  }
  const unseen = [...billed].filter(([serviceId]) => (whole.get(serviceId) ?? 0n) === 0n);
  for (const [, one] of unseen) addTo(clusters, { instanceMs: NOTHING, ...shareOf(one, ONE) });
  return [...clusters.values()];
}

const ONE: Ratio = { top: 1n, bottom: 1n };
const NONE: BilledTime = { billedMs: 0n, amount: NOTHING };

const wholeRatio = (value: bigint): Ratio => ({ top: value, bottom: 1n });
const atLeastOne = (value = 1n): bigint => (value > 1n ? value : 1n);

function shareOf(
  { billedMs, amount }: BilledTime = NONE,
  share: Ratio,
): Pick<ClusterMargin, 'billedMs' | 'amount'> {
  return { billedMs: times(wholeRatio(billedMs), share), amount: times(amount, share) };
}

/** What that time costs, in the currency; undefined where it has no price in it. */
function costOf({ cpuMs, memoryMs, price }: InstanceTime, currency: string): Ratio | undefined {
  if (price?.currency !== currency) return undefined;
  const of = (units: bigint, rate: Decimal, divisor: bigint): Ratio =>
    ratioOf(multiply({ units, scale: 0 }, rate), divisor);
  return plus(of(cpuMs, price.vcpuSecond, MILLI_MS), of(memoryMs, price.gibSecond, MIB_MS));
}

const MILLI_MS = 1_000n * 1_000n;
const MIB_MS = 1_024n * 1_000n;

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
    ...cost,
  });
}

/** What is left of the amount when the cost is paid; undefined where the cost is not known. */
export function marginOf({ amount, cost }: Pick<ClusterMargin, 'amount' | 'cost'>): Ratio | undefined {
  return cost && minus(amount, cost);
}

/** Seconds of so many milliseconds. */
export function secondsOf({ top, bottom }: Ratio): Ratio {
  return fraction(top, bottom * 1_000n);
}
