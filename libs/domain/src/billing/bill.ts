import { formatDecimal, multiply, parseDecimal, sum, ZERO } from '../price/decimal.js';
import type { BillingModel, PricePlan } from '../price/plan.types.js';
import { formatRatio, NOTHING, roundRatio } from '../price/ratio.js';
import { chargeParts, sumCharges, type Adjustment, type Charge, type MonthPart } from '../rating/charges.js';
import { inUnits, listRate, priceUsage, underModel, type PricedLine } from '../rating/pricing.js';
import type { InvoicedAdjustment } from './adjustment.js';
import type { InvoiceCorrection } from './correction.js';
import type { UsageDay } from './billing.types.js';
import { quantitiesOf, refuseUncounted } from './counted.usage.js';
import type { Credit } from './credit.js';
import { settle, type Settlement } from './settlement.js';
import type { TaxLine } from './terms.js';

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
  /** Version of the plan that was in force. */
  version: number;
  quantity: string;
  unit: string;
  /** In the price zone of the revision's usage. */
  rate: string;
  /** Exact, not rounded. */
  amount: string;
}

/** One line as an invoice will carry it: all of one price item of one version in the month, rounded once, half-up. */
export interface BillItem {
  /** Id of the price item or fee. */
  item: string;
  name: string;
  /** Id of the plan, and its version. */
  plan: string;
  version: number;
  unit: string;
  rate: string;
  quantity: string;
  /** At list price, exact. */
  list: string;
  /** What lies between list price and amount, named; exact, below 0 when it lowers the price. */
  adjustments: BillAdjustment[];
  /** Exact. */
  amount: string;
  /** Rounded to the places of the currency. */
  rounded: string;
}

export interface BillAdjustment {
  kind: Adjustment['kind'];
  /** Id of the grant, of the item whose tiers were climbed, or `discount`. */
  id: string;
  amount: string;
}

export interface BillTotal {
  /** Exact sum of all lines. */
  total: string;
  /** Sum of the rounded lines: what an invoice would ask for. */
  due: string;
}

/** What one organization owes for a month, as far as it is known now. */
export interface Bill extends BillTotal, Settlement {
  /** `YYYY-MM`. */
  month: string;
  currency: string;
  plan: { id: string; version: number; name: string; model: BillingModel };
  lines: BillLine[];
  items: BillItem[];
  /** What an operator added or took off, that the month's invoice asks for too. */
  adjustments: InvoicedAdjustment[];
  /** What came late for months before, that the month's invoice asks for too. */
  corrections: InvoiceCorrection[];
  /** The same usage under another model. */
  comparison: { perRequest: BillTotal };
}

/** Usage of one part of a month, and what it is charged by. */
export interface BillPart extends Omit<MonthPart, 'lines'> {
  days: readonly UsageDay[];
}

/** What comes on top of the lines, and what pays for them. */
export interface BillTerms {
  taxes: readonly TaxLine[];
  credits: readonly Credit[];
  adjustments?: readonly InvoicedAdjustment[];
  /** In the currency of the bill. */
  corrections?: readonly InvoiceCorrection[];
}

/**
 * The bill of one organization from its usage by day, part by part of the month. Pure: the same usage gives the same bytes.
 * @throws TowpathError NOT_SUPPORTED for a plan that needs what the windows do not count
 */
export function billOf(month: string, parts: readonly BillPart[], terms: BillTerms = PLAIN): Bill {
  const last = parts.at(-1)?.plan;
  if (!last) throw new RangeError('a month has at least one part');
  for (const { plan } of parts) refuseUncounted(plan);
  const priced = parts.map(({ days, ...part }) => ({
    ...part,
    days: days.map((day) => ({ day, lines: priceUsage(part.plan, quantitiesOf(part.plan, day)) })),
  }));
  const charged = chargesOf(
    priced.map(({ days, ...part }) => ({ ...part, lines: days.flatMap(({ lines }) => lines) })),
  );
  const totals = totalOf(charged);
  const { currency, decimals } = last;
  const { adjustments = [], corrections = [] } = terms;
  const besides = [...adjustments, ...corrections].map(({ charged }) => charged);
  const asked = sum([totals.due, ...besides].map((text) => parseDecimal(text)));
  return {
    month,
    currency,
    plan: { id: last.id, version: last.version, name: last.name, model: last.model },
    lines: priced.flatMap(({ plan, days }) =>
      days.flatMap(({ day, lines }) => lines.map((line) => lineOf(plan, day, line))),
    ),
    items: itemsOfAll(charged),
    adjustments: [...adjustments],
    corrections: [...corrections],
    ...totals,
    ...settle(formatDecimal(asked, decimals), { month, currency, decimals }, terms),
    comparison: {
      perRequest: totalOf(
        chargesOf(parts.map((part) => pricedBy(part, underModel(part.plan, 'per_request')))),
      ),
    },
  };
}

/**
 * The items of that bill alone: nothing by day, no credits, no other model.
 * @throws TowpathError NOT_SUPPORTED for a plan that needs what the windows do not count
 */
export function billItems(parts: readonly BillPart[]): BillItem[] {
  for (const { plan } of parts) refuseUncounted(plan);
  return itemsOfAll(chargesOf(parts.map((part) => pricedBy(part, part.plan))));
}

const PLAIN: BillTerms = { taxes: [], credits: [] };

/** Charges of one version of a plan, and what they are made of. */
interface Charged {
  plan: PricePlan;
  lines: readonly PricedLine[];
  charges: Charge[];
}

/** Grants and tiers are used once by all versions of a plan; another plan has its own. */
export function chargesOf(parts: readonly MonthPart[]): Charged[] {
  return [...Map.groupBy(parts, ({ plan }) => plan.id).values()].flatMap((of) => {
    const own = versionsOf(of);
    return chargeParts(own).map((charges, i) => {
      const { plan, lines } = own[i] as MonthPart;
      return { plan, lines, charges };
    });
  });
}

/** One part for each version and discount, also when it was left and taken again. */
function versionsOf(parts: readonly MonthPart[]): MonthPart[] {
  const key = ({ plan, discountPercent = ZERO }: MonthPart): string =>
    `${plan.version} ${formatDecimal(discountPercent)}`;
  return [...Map.groupBy(parts, key).values()].flatMap(merged);
}

function merged([first, ...rest]: readonly MonthPart[]): MonthPart[] {
  if (!first) return [];
  const all = [first, ...rest];
  const held = all.flatMap((part) => part.held ?? []);
  const ms = held.reduce((sum, each) => sum + each.ms, 0n);
  const lines = all.flatMap((part) => part.lines);
  return [{ ...first, lines, ...(held[0] === undefined ? {} : { held: { ...held[0], ms } }) }];
}

/** A part with its usage priced by a plan. */
export function pricedBy({ days, ...part }: BillPart, plan: PricePlan): MonthPart {
  return { ...part, plan, lines: days.flatMap((day) => priceUsage(plan, quantitiesOf(plan, day))) };
}

function lineOf({ version }: PricePlan, day: UsageDay, line: PricedLine): BillLine {
  const { item, measured, multiplier, amount } = line;
  return {
    projectId: day.projectId,
    project: day.project,
    serviceId: day.serviceId,
    service: day.service,
    ...(day.revisionId === undefined ? {} : { revisionId: day.revisionId }),
    ...(day.revision === undefined ? {} : { revision: day.revision }),
    day: day.day,
    item: item.id,
    version,
    quantity: formatRatio(inUnits(measured, item)),
    unit: item.unit,
    rate: formatDecimal(multiply(listRate(item), multiplier)),
    amount: formatRatio(amount),
  };
}

function itemsOfAll(charged: readonly Charged[]): BillItem[] {
  return charged.flatMap(({ plan, charges }) => itemsOf(plan, charges));
}

/** Every item of the plan, used or not, and the fees that are owed. */
function itemsOf(plan: PricePlan, charges: readonly Charge[]): BillItem[] {
  const fees = charges.filter(({ item }) => !plan.items.some(({ id }) => id === item));
  return [
    ...plan.items.map((item) => {
      const charge = charges.find((one) => one.item === item.id);
      return billItem(plan, { ...item, rate: formatDecimal(listRate(item)) }, charge);
    }),
    ...fees.map((fee) => {
      const rate = plan.fees.find(({ id }) => id === fee.item)?.amount ?? ZERO;
      return billItem(plan, { ...fee, id: fee.item, rate: formatDecimal(rate) }, fee);
    }),
  ];
}

function billItem(
  plan: PricePlan,
  { id, name, unit, rate }: { id: string; name: string; unit: string; rate: string },
  charge: Charge | undefined,
): BillItem {
  return {
    ...{ item: id, name, plan: plan.id, version: plan.version, unit, rate },
    quantity: formatRatio(charge?.quantity ?? NOTHING),
    list: formatRatio(charge?.list ?? NOTHING),
    adjustments: (charge?.adjustments ?? []).map((by) => ({ ...by, amount: formatRatio(by.amount) })),
    amount: formatRatio(charge?.amount ?? NOTHING),
    rounded: formatDecimal(charge?.rounded ?? ZERO, plan.decimals),
  };
}

function totalOf(charged: readonly Charged[]): BillTotal {
  const decimals = Math.max(...charged.map(({ plan }) => plan.decimals));
  const { total, due } = sumCharges(charged.flatMap(({ charges }) => charges));
  return { total: formatRatio(total), due: formatDecimal(roundRatio(due, decimals), decimals) };
}
