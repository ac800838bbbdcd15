import { TowpathError } from '../error.js';
import type { Interval } from '../usage/usage.types.js';
import type { BillingModel, PricePlan, UsageDay } from './billing.types.js';
import { add, formatDecimal, parseDecimal, roundHalfUp, sum, ZERO, type Decimal } from './decimal.js';
import { rate, underModel, type PricedLine } from './rating.js';

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
 * The span of a UTC month.
 * @throws TowpathError INVALID_ARGUMENT naming field `month`
 */
export function monthSpan(month: string): Interval {
  const match = /^(\d{4})-(0[1-9]|1[0-2])$/.exec(month);
  if (!match) {
    const violations = [{ field: 'month', message: 'must be a month like 2026-11' }];
    throw new TowpathError('INVALID_ARGUMENT', 'month: must be a month like 2026-11', { violations });
  }
  const [year, index] = [Number(match[1]), Number(match[2]) - 1];
  return { startMs: Date.UTC(year, index), endMs: Date.UTC(year, index + 1) };
}

/** The UTC month an instant lies in, as `YYYY-MM`. */
export function monthOf(atMs: number): string {
  return new Date(atMs).toISOString().slice(0, 7);
}

/** The bill of one organization from its usage by day. Pure: the same usage gives the same bytes. */
export function billOf(plan: PricePlan, month: string, days: readonly UsageDay[]): Bill {
  const priced = days.map((day) => ({ day, lines: rate(plan, day) }));
  const items = itemsOf(
    plan,
    priced.flatMap(({ lines }) => lines),
  );
  return {
    month,
    currency: plan.currency,
    plan: { id: plan.id, version: plan.version, name: plan.name, model: plan.model },
    lines: priced.flatMap(({ day, lines }) => lines.map((line) => lineOf(day, line))),
    items,
    ...totalOf(plan, items),
    comparison: { perRequest: totalUnder(plan, 'per_request', days) },
  };
}

function totalUnder(plan: PricePlan, model: BillingModel, days: readonly UsageDay[]): BillTotal {
  const other = underModel(plan, model);
  return totalOf(
    other,
    itemsOf(
      other,
      days.flatMap((day) => rate(other, day)),
    ),
  );
}

function lineOf(day: UsageDay, { item, quantity, amount }: PricedLine): BillLine {
  return {
    projectId: day.projectId,
    project: day.project,
    serviceId: day.serviceId,
    service: day.service,
    ...(day.revisionId === undefined ? {} : { revisionId: day.revisionId }),
    ...(day.revision === undefined ? {} : { revision: day.revision }),
    day: day.day,
    item: item.id,
    quantity: formatDecimal(quantity),
    unit: item.unit,
    rate: item.rate,
    amount: formatDecimal(amount),
  };
}

function itemsOf(plan: PricePlan, lines: readonly PricedLine[]): BillItem[] {
  const byItem = new Map<string, { quantity: Decimal; amount: Decimal }>();
  for (const { item, quantity, amount } of lines) {
    const before = byItem.get(item.id) ?? { quantity: ZERO, amount: ZERO };
    byItem.set(item.id, { quantity: add(before.quantity, quantity), amount: add(before.amount, amount) });
  }
  return plan.items.map(({ id, name, unit, rate: price }) => {
    const { quantity, amount } = byItem.get(id) ?? { quantity: ZERO, amount: ZERO };
    return {
      item: id,
      name,
      unit,
      rate: price,
      quantity: formatDecimal(quantity),
      amount: formatDecimal(amount),
      rounded: formatDecimal(roundHalfUp(amount, plan.decimals), plan.decimals),
    };
  });
}

function totalOf(plan: PricePlan, items: readonly BillItem[]): BillTotal {
  return {
    total: formatDecimal(sum(items.map((item) => parseDecimal(item.amount)))),
    due: formatDecimal(sum(items.map((item) => parseDecimal(item.rounded))), plan.decimals),
  };
}
