import { TowpathError } from '../error.js';
import { formatDecimal, ZERO } from '../price/decimal.js';
import type { BillingModel, PriceItem, PricePlan } from '../price/plan.types.js';
import { formatRatio, NOTHING, roundRatio } from '../price/ratio.js';
import { BLOCK_MS } from '../rating/blocks.js';
import { chargeMonth, sumCharges, type Charge } from '../rating/charges.js';
import { metersOf, type Meter } from '../rating/meters.js';
import { inUnits, listRate, priceUsage, underModel, type PricedLine, type Usage } from '../rating/pricing.js';
import type { UsageDay } from './billing.types.js';

/** Usage of one revision on one day under one price. Decimals as text, exact. */
export interface BillLine {
  projectId: string;
  project: string;
  serviceId: string;
  service: string;
  revisionId?: string;
  revision?: string;
  day: string;
  /** Id of the price item. */
  item: string;
  quantity: string;
  unit: string;
  rate: string;
  /** Exact, not rounded. */
  amount: string;
}

/** One line as an invoice will carry it: all of one price item in the month, rounded once, half-up. */
export interface BillItem {
  item: string;
  name: string;
  unit: string;
  rate: string;
  quantity: string;
  /** Exact. */
  amount: string;
  /** Rounded to the places of the currency. */
  rounded: string;
}

export interface BillTotal {
  /** Exact sum of all lines. */
  total: string;
  /** Sum of the rounded lines: what an invoice would ask for. */
  due: string;
}

/** What one organization owes for a month, as far as it is known now. */
export interface Bill extends BillTotal {
  /** `YYYY-MM`. */
  month: string;
  currency: string;
  plan: { id: string; version: number; name: string; model: BillingModel };
  lines: BillLine[];
  items: BillItem[];
  /** The same usage under another model. */
  comparison: { perRequest: BillTotal };
}

/**
 * The bill of one organization from its usage by day. Pure: the same usage gives the same bytes.
 * @throws TowpathError NOT_SUPPORTED for a plan that needs what the windows do not count
 */
export function billOf(plan: PricePlan, month: string, days: readonly UsageDay[]): Bill {
  refuseUncounted(plan);
  const priced = days.map((day) => ({ day, lines: priceUsage(plan, usageOf(day)) }));
  const charges = chargeMonth([{ plan, lines: priced.flatMap(({ lines }) => lines) }]);
  return {
    month,
    currency: plan.currency,
    plan: { id: plan.id, version: plan.version, name: plan.name, model: plan.model },
    lines: priced.flatMap(({ day, lines }) => lines.map((line) => lineOf(day, line))),
    items: plan.items.map((item) => billItem(plan, item, charges)),
    ...totalOf(plan, charges),
    comparison: { perRequest: totalUnder(plan, days) },
  };
}

function totalUnder(plan: PricePlan, days: readonly UsageDay[]): BillTotal {
  const other = underModel(plan, 'per_request');
  return totalOf(
    other,
    chargeMonth([{ plan: other, lines: days.flatMap((day) => priceUsage(other, usageOf(day))) }]),
  );
}

/** The windows count blocks and units of 100 ms, requests and bytes; other measures would silently cost nothing. */
function refuseUncounted(plan: PricePlan): void {
  const uncounted = metersOf(plan).meters.find((meter) => !isCounted(meter));
  if (uncounted === undefined) return;
  throw new TowpathError(
    'NOT_SUPPORTED',
    `This installation does not count ${uncounted.measure} as price plan ${plan.id} needs it.`,
  );
}

function isCounted({ measure, quantumMs, minimumMs }: Meter): boolean {
  if (measure === 'request_time') return quantumMs === BLOCK_MS && minimumMs <= BLOCK_MS;
  return measure === 'requests' || measure === 'egress_bytes';
}

function usageOf(day: UsageDay): Usage {
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

function lineOf(day: UsageDay, { item, measured, amount }: PricedLine): BillLine {
  return {
    projectId: day.projectId,
    project: day.project,
    serviceId: day.serviceId,
    service: day.service,
    ...(day.revisionId === undefined ? {} : { revisionId: day.revisionId }),
    ...(day.revision === undefined ? {} : { revision: day.revision }),
    day: day.day,
    item: item.id,
    quantity: formatRatio(inUnits(measured, item)),
    unit: item.unit,
    rate: formatDecimal(listRate(item)),
    amount: formatRatio(amount),
  };
}

function billItem(plan: PricePlan, item: PriceItem, charges: readonly Charge[]): BillItem {
  const charge = charges.find((one) => one.item === item.id);
  return {
    item: item.id,
    name: item.name,
    unit: item.unit,
    rate: formatDecimal(listRate(item)),
    quantity: formatRatio(charge?.quantity ?? NOTHING),
    amount: formatRatio(charge?.amount ?? NOTHING),
    rounded: formatDecimal(charge?.rounded ?? ZERO, plan.decimals),
  };
}

function totalOf({ decimals }: PricePlan, charges: readonly Charge[]): BillTotal {
  const { total, due } = sumCharges(charges);
  return { total: formatRatio(total), due: formatDecimal(roundRatio(due, decimals), decimals) };
}
