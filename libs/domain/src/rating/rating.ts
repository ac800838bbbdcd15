import { monthAround } from '../month.js';
import { formatDecimal } from '../price/decimal.js';
import { formatRatio, ratioOf, roundRatio, total, type Ratio } from '../price/ratio.js';
import type { PriceSchedule } from '../price/schedule.js';
import { chargeMonth, type Adjustment, type Charge, type MonthPart } from './charges.js';
import type { Period } from './periods.js';
import { inUnits, listRate, priceUsage, type PricedLine } from './pricing.js';
import type { FoldedUsage, Held } from './usage.fold.js';

/** Usage of one revision at list price. Decimals are exact, as text; a fraction where no decimal ends. */
export interface RatedLine {
  organizationId: string;
  month: string;
  version: number;
  serviceId?: string;
  revisionId?: string;
  zone: string;
  class?: string;
  item: string;
  quantity: string;
  unit: string;
  rate: string;
  multiplier: string;
  amount: string;
}

/** A charge of one organization and month, as an invoice line will carry it. */
export interface RatedCharge {
  item: string;
  name: string;
  version: number;
  quantity: string;
  unit: string;
  list: string;
  adjustments: { kind: Adjustment['kind'] | 'rounding'; id: string; amount: string }[];
  /** Exact. */
  amount: string;
  rounded: string;
}

export interface RatedMonth {
  organizationId: string;
  month: string;
  currency: string;
  charges: RatedCharge[];
  /** Exact sum of the charges. */
  total: string;
  /** Sum of the rounded charges: what an invoice would ask for. */
  due: string;
}

export interface Rating {
  lines: RatedLine[];
  months: RatedMonth[];
}

/** Prices folded usage: lines at list price, and the charges of each organization and month. */
export function rateUsage(
  schedule: PriceSchedule,
  folded: readonly FoldedUsage[],
  held: readonly Held[],
): Rating {
  const parts = partsOf(schedule, folded, held);
  return {
    lines: folded
      .flatMap((one) => priceUsage(one.period.plan, one.usage).map((line) => lineOf(one, line)))
      .sort((a, b) => compareText(lineKey(a), lineKey(b))),
    months: [...parts]
      .sort(([a], [b]) => compareText(a, b))
      .map(([key, versions]) => rateMonth(key, versions, schedule)),
  };
}

/** What an organization used under one version in one month, and how long it had that version. */
type Part = MonthPart & { lines: PricedLine[]; held: { ms: bigint; monthMs: bigint } };
type Versions = Map<number, Part>;

/** By organization and month, then by version in the order of time. */
function partsOf(
  schedule: PriceSchedule,
  folded: readonly FoldedUsage[],
  held: readonly Held[],
): Map<string, Versions> {
  const parts = new Map<string, Versions>();
  const partOf = (organizationId: string, { plan, month, startMs }: Period): Part => {
    const key = `${organizationId} ${month}`;
    const versions: Versions = parts.get(key) ?? new Map<number, Part>();
    parts.set(key, versions);
    const part = versions.get(plan.version) ?? {
      plan,
      lines: [],
      held: { ms: 0n, monthMs: monthMs(startMs) },
    };
    versions.set(plan.version, part);
    return part;
  };
  for (const { source, period, usage } of folded)
    partOf(source.organizationId, period).lines.push(...priceUsage(period.plan, usage));
  for (const { organizationId, period, ms } of held) partOf(organizationId, period).held.ms += ms;
  return parts;
}

function rateMonth(key: string, versions: Versions, schedule: PriceSchedule): RatedMonth {
  const [organizationId = '', month = ''] = key.split(' ');
  const { currency, decimals } = schedule[0];
  const charges = chargeMonth([...versions.values()].sort((a, b) => a.plan.version - b.plan.version));
  const due = total(charges.map(({ rounded }) => ratioOf(rounded)));
  return {
    ...{ organizationId, month, currency },
    charges: charges.map((charge) => showCharge(charge, decimals)),
    total: formatRatio(total(charges.map(({ amount }) => amount))),
    due: formatDecimal(roundRatio(due, decimals), decimals),
  };
}

function showCharge(charge: Charge, decimals: number): RatedCharge {
  const { item, name, version, unit, quantity, list, amount, rounded } = charge;
  const rounding: Ratio = total([ratioOf(rounded), { ...amount, top: -amount.top }]);
  const named = charge.adjustments.map(({ kind, id, amount: by }) => ({ kind, id, amount: formatRatio(by) }));
  return {
    ...{ item, name, version, unit },
    quantity: formatRatio(quantity),
    list: formatRatio(list),
    adjustments:
      rounding.top === 0n ? named : [...named, { kind: 'rounding', id: item, amount: formatRatio(rounding) }],
    amount: formatRatio(amount),
    rounded: formatDecimal(rounded, decimals),
  };
}

function lineOf({ source, period, usage }: FoldedUsage, line: PricedLine): RatedLine {
  const { item, measured, multiplier, amount } = line;
  return {
    organizationId: source.organizationId,
    month: period.month,
    version: period.plan.version,
    ...(source.serviceId === undefined ? {} : { serviceId: source.serviceId }),
    ...(source.revisionId === undefined ? {} : { revisionId: source.revisionId }),
    zone: usage.zone,
    ...(usage.class === undefined ? {} : { class: usage.class }),
    item: item.id,
    quantity: formatRatio(inUnits(measured, item)),
    unit: item.unit,
    rate: formatDecimal(listRate(item)),
    multiplier: formatDecimal(multiplier),
    amount: formatRatio(amount),
  };
}

function lineKey(line: RatedLine): string {
  const {
    organizationId,
    month,
    version,
    serviceId = '',
    revisionId = '',
    zone,
    class: of = '',
    item,
  } = line;
  return [
    organizationId,
    month,
    String(version).padStart(7, '0'),
    serviceId,
    revisionId,
    zone,
    of,
    item,
  ].join(' ');
}

function monthMs(atMs: number): bigint {
  const { startMs, endMs } = monthAround(atMs);
  return BigInt(endMs - startMs);
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
