import { add, compare, multiply, ZERO, type Decimal } from '../price/decimal.js';
import type { Fee, Grant, PriceItem, PricePlan } from '../price/plan.types.js';
import {
  compareRatios,
  fraction,
  minus,
  NOTHING,
  plus,
  ratioOf,
  roundRatio,
  smaller,
  times,
  total,
  type Ratio,
} from '../price/ratio.js';
import { amountOf, inUnits, listRate, type PricedLine } from './pricing.js';
import { tieredAmount } from './tiers.js';

/** What lies between list price and charge, named. */
export interface Adjustment {
  kind: 'grant' | 'tiers' | 'discount';
  /** Id of the grant, of the item, or `discount`. */
  id: string;
  /** Exact; below 0 when it lowers the price. */
  amount: Ratio;
}

/** An invoice line before it is one: all of one price item of one version in a month, rounded once, half-up. */
export interface Charge {
  /** Id of the price item or fee. */
  item: string;
  name: string;
  version: number;
  unit: string;
  /** In units, exact. */
  quantity: Ratio;
  /** At list price. */
  list: Ratio;
  adjustments: Adjustment[];
  /** Exact: list price and adjustments. Never below 0. */
  amount: Ratio;
  /** In places of the currency. */
  rounded: Decimal;
}

/** What an organization used under one version of its plan in one month. Versions come in the order of time. */
export interface MonthPart {
  plan: PricePlan;
  lines: readonly PricedLine[];
  /** For how long of the month this version's fees are owed; absent: not at all. */
  held?: { ms: bigint; monthMs: bigint };
  /** Off every charge, of 100. */
  discountPercent?: Decimal;
}

/** Usage of one item in one zone and class, on its way from list price to charge. */
interface Cell {
  item: PriceItem;
  zone: string;
  class: string;
  multiplier: Decimal;
  measured: Decimal;
  /** What no grant has taken. */
  left: Decimal;
  amount: Ratio;
  adjustments: Adjustment[];
}

/** How far grants are used up and tiers climbed by the versions before. */
interface Progress {
  granted: Map<string, Decimal>;
  money: Map<string, Ratio>;
  climbed: Map<string, Decimal>;
  /** Ids of fees that are not prorated and charged already. */
  fees: Set<string>;
}

/**
 * The charges of one organization for one month, from the list price of its usage: quantity grants first, where they
 * save most; then tiers, by item and zone; then grants of money, in the plan's order. A grant is used at most once a
 * month, whatever versions, zones and services there are, and no charge falls below 0.
 */
export function chargeMonth(parts: readonly MonthPart[]): Charge[] {
  return chargeParts(parts).flat();
}

/** The same, part by part. */
export function chargeParts(parts: readonly MonthPart[]): Charge[][] {
  const progress: Progress = { granted: new Map(), money: new Map(), climbed: new Map(), fees: new Set() };
  return parts.map((part) =>
    chargePart(part, progress).map((charge) => discounted(charge, part, part.discountPercent)),
  );
}

/** A discount comes last, before the one rounding. */
function discounted(charge: Charge, { plan }: MonthPart, percent = ZERO): Charge {
  const saved = times(charge.amount, ratioOf(percent, 100n));
  if (saved.top === 0n) return charge;
  const amount = minus(charge.amount, saved);
  const adjustment = { kind: 'discount', id: 'discount', amount: minus(NOTHING, saved) } as const;
  const adjustments = [...charge.adjustments, adjustment];
  return { ...charge, adjustments, amount, rounded: roundRatio(amount, plan.decimals) };
}

/** Sum of charges: exactly, and as an invoice asks for it. */
export function sumCharges(charges: readonly Charge[]): { total: Ratio; due: Ratio } {
  return {
    total: total(charges.map(({ amount }) => amount)),
    due: total(charges.map(({ rounded }) => ratioOf(rounded))),
  };
}

function chargePart(part: MonthPart, progress: Progress): Charge[] {
  const { plan } = part;
  const cells = cellsOf(part);
  for (const grant of plan.grants) grantQuantity(grant, cells, progress);
  for (const item of plan.items) climbTiers(item, cells, progress);
  for (const grant of plan.grants) grantMoney(grant, cells, progress);
  return [
    ...plan.items.flatMap((item) => chargeOf(plan, item, cells)),
    ...plan.fees.flatMap((fee) => chargeFee(plan, fee, part.held, progress)),
  ];
}

/** In the plan's order, then by zone and class: an order that depends on nothing but what was used. */
function cellsOf({ plan, lines }: MonthPart): Cell[] {
  const cells = new Map<string, Cell>();
  for (const { item, zone, class: of = '', multiplier, measured } of lines) {
    const key = `${item.id} ${zone} ${of}`;
    const before = cells.get(key)?.measured ?? ZERO;
    const all = add(before, measured);
    cells.set(key, {
      ...{ item, zone, class: of, multiplier, measured: all, left: all },
      amount: NOTHING,
      adjustments: [],
    });
  }
  const place = new Map(plan.items.map(({ id }, i) => [id, i]));
  const rank = ({ item }: Cell): number => place.get(item.id) ?? 0;
  return [...cells.values()].sort(
    (a, b) => rank(a) - rank(b) || compareText(a.zone, b.zone) || compareText(a.class, b.class),
  );
}

function grantQuantity(grant: Grant, cells: readonly Cell[], { granted }: Progress): void {
  if (grant.quantity === undefined) return;
  const dearestFirst = cells
    .filter(({ item }) => grant.items.includes(item.id))
    .toSorted((a, b) => compareRatios(listPrice(b), listPrice(a)));
  for (const cell of dearestFirst) {
    const used = granted.get(grant.id) ?? ZERO;
    const open = subtract(multiply(grant.quantity, { units: cell.item.per, scale: 0 }), used);
    const taken = compare(open, cell.left) < 0 ? open : cell.left;
    if (taken.units <= 0n) continue;
    granted.set(grant.id, add(used, taken));
    cell.left = subtract(cell.left, taken);
    cell.adjustments.push({ kind: 'grant', id: grant.id, amount: minus(NOTHING, listAmount(cell, taken)) });
  }
}

function climbTiers(item: PriceItem, cells: readonly Cell[], { climbed }: Progress): void {
  const zones = grouped(
    cells.filter((cell) => cell.item.id === item.id),
    ({ zone }) => zone,
  );
  for (const [zone, own] of zones) {
    const key = `${item.id} ${zone}`;
    const whole = own.reduce((sum, { left }) => add(sum, left), climbed.get(key) ?? ZERO);
    for (const cell of own) {
      const from = climbed.get(key) ?? ZERO;
      cell.amount = times(tieredAmount(item, from, cell.left, whole), ratioOf(cell.multiplier));
      const saved = minus(cell.amount, listAmount(cell, cell.left));
      if (saved.top !== 0n) cell.adjustments.push({ kind: 'tiers', id: item.id, amount: saved });
      climbed.set(key, add(from, cell.left));
    }
  }
}

function grantMoney(grant: Grant, cells: readonly Cell[], { money }: Progress): void {
  if (grant.money === undefined) return;
  for (const cell of cells.filter(({ item }) => grant.items.includes(item.id))) {
    const used = money.get(grant.id) ?? NOTHING;
    const taken = smaller(minus(ratioOf(grant.money), used), cell.amount);
    if (taken.top <= 0n) continue;
    money.set(grant.id, plus(used, taken));
    cell.amount = minus(cell.amount, taken);
    cell.adjustments.push({ kind: 'grant', id: grant.id, amount: minus(NOTHING, taken) });
  }
}

function chargeOf(plan: PricePlan, item: PriceItem, cells: readonly Cell[]): Charge[] {
  const own = cells.filter((cell) => cell.item.id === item.id);
  if (own.length === 0) return [];
  const amount = total(own.map((cell) => cell.amount));
  const { id, name, unit } = item;
  return [
    {
      ...{ item: id, name, version: plan.version, unit, amount },
      quantity: total(own.map(({ measured }) => inUnits(measured, item))),
      list: total(own.map((cell) => listAmount(cell, cell.measured))),
      adjustments: mergeAdjustments(own.flatMap(({ adjustments }) => adjustments)),
      rounded: roundRatio(amount, plan.decimals),
    },
  ];
}

function chargeFee(plan: PricePlan, fee: Fee, held: MonthPart['held'], { fees }: Progress): Charge[] {
  if (held === undefined || held.ms === 0n || fees.has(fee.id)) return [];
  if (!fee.prorated) fees.add(fee.id);
  const quantity = fee.prorated ? fraction(held.ms, held.monthMs) : fraction(1n, 1n);
  const amount = times(ratioOf(fee.amount), quantity);
  const { id, name } = fee;
  return [
    {
      ...{ item: id, name, version: plan.version, unit: 'month', quantity, list: amount, amount },
      adjustments: [],
      rounded: roundRatio(amount, plan.decimals),
    },
  ];
}

function mergeAdjustments(list: readonly Adjustment[]): Adjustment[] {
  const merged = grouped(list, ({ kind, id }) => `${kind} ${id}`);
  return [...merged.values()].flatMap(([first, ...rest]) =>
    first === undefined ? [] : [{ ...first, amount: total([first, ...rest].map(({ amount }) => amount)) }],
  );
}

function listPrice(cell: Cell): Ratio {
  return listAmount(cell, { units: 1n, scale: 0 });
}

function listAmount({ item, multiplier }: Cell, measured: Decimal): Ratio {
  return amountOf(measured, multiply(listRate(item), multiplier), item);
}

function subtract(a: Decimal, b: Decimal): Decimal {
  return add(a, { ...b, units: -b.units });
}

/** Map.groupBy, which a client on Node 20 does not have. */
function grouped<T>(list: readonly T[], keyOf: (one: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const one of list) {
    const group = groups.get(keyOf(one));
    if (group) group.push(one);
    else groups.set(keyOf(one), [one]);
  }
  return groups;
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
