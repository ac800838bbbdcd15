import { refuseIfAny, type Violation } from '../error.js';
import { itemFrom, itemProblems } from './item.rules.js';
import { planDocument, type PlanDocument } from './plan.reader.js';
import { dimensionOf, type Grant, type Multiplier, type PriceItem, type PricePlan } from './plan.types.js';
import { DEFAULT_ZONE } from './zones.js';

/**
 * Checks a price plan given as data and returns it.
 * @throws TowpathError INVALID_ARGUMENT naming every wrong field
 */
export function parsePricePlan(input: unknown): PricePlan {
  const { plan, violations } = readPricePlan(input);
  refuseIfAny(violations);
  return plan;
}

/** The plan and everything that is wrong with it; the plan counts only when nothing is. */
export function readPricePlan(input: unknown, path = ''): { plan: PricePlan; violations: Violation[] } {
  const violations: Violation[] = [];
  const document = planDocument(input, path, violations);
  const at = path === '' ? '' : `${path}.`;
  const items = document.items.map((item) => itemFrom(item, document));
  const plan = planFrom(document, items);
  if (Array.isArray((input as { items?: unknown } | undefined)?.items))
    violations.push(...problemsOf(document, plan, at, new Set(violations.map(({ field }) => field))));
  return { plan, violations };
}

function planFrom(document: PlanDocument, items: PriceItem[]): PricePlan {
  const { effectiveFrom, source: _source, ...rest } = document;
  const all = items.map(({ id }) => id);
  return {
    ...rest,
    effectiveFromMs: effectiveFrom,
    items,
    grants: document.grants.map(({ id, name, items: of = all, quantity, money }) => {
      return { id, name, items: of, quantity, money };
    }),
    fees: document.fees.map(({ id, name, amount, prorated }) => ({ id, name, amount, prorated })),
  };
}

/** What fields say together. A field whose own form is wrong already is not named twice. */
function problemsOf(
  document: PlanDocument,
  plan: PricePlan,
  at: string,
  named: ReadonlySet<string>,
): Violation[] {
  const found = [
    ...twice(plan.items, `${at}items`),
    ...twice(plan.grants, `${at}grants`),
    ...twice(plan.fees, `${at}fees`),
    ...twice(
      plan.counters.map((id) => ({ id })),
      `${at}counters`,
    ),
    ...zoneProblems(plan, at),
    ...multiplierProblems(plan.multipliers, plan, `${at}multipliers`),
    ...currencyProblems(document, at),
    ...emptyProblems(plan, at),
    ...plan.items.flatMap((item, i) => {
      const path = `${at}items[${i}]`;
      const own = document.items[i] as PlanDocument['items'][number];
      return [
        ...itemProblems(own, item, plan, path),
        ...multiplierProblems(item.multipliers, plan, `${path}.multipliers`),
      ];
    }),
    ...plan.grants.flatMap((grant, i) => grantProblems(grant, plan, `${at}grants[${i}]`)),
  ];
  return found.filter(
    ({ field }) => ![...named].some((other) => field === other || field.startsWith(`${other}.`)),
  );
}

/** A plan with neither items nor fees prices nothing. */
function emptyProblems({ items, fees }: PricePlan, at: string): Violation[] {
  if (items.length > 0 || fees.length > 0) return [];
  return [{ field: `${at}items`, message: 'must have a price: there are neither items nor fees' }];
}

function twice(list: readonly { id: string }[], path: string): Violation[] {
  return list.flatMap(({ id }, i) =>
    list.slice(0, i).some((other) => other.id === id) && id !== ''
      ? [{ field: `${path}[${i}].id`, message: 'must be unique in the plan' }]
      : [],
  );
}

function zoneProblems({ zones }: PricePlan, at: string): Violation[] {
  const seen = new Map<string, string>();
  const found: Violation[] = [];
  zones.forEach(({ name, regions }, i) => {
    if (zones.slice(0, i).some((other) => other.name === name))
      found.push({ field: `${at}zones[${i}].name`, message: 'must be unique in the plan' });
    regions.forEach((region, k) => {
      const other = seen.get(region);
      if (other !== undefined)
        found.push({ field: `${at}zones[${i}].regions[${k}]`, message: `is in zone ${other} already` });
      seen.set(region, name);
    });
  });
  return found;
}

function multiplierProblems(list: readonly Multiplier[], plan: PricePlan, path: string): Violation[] {
  const key = ({ zone, class: of }: Multiplier): string => `${zone ?? ''} ${of ?? ''}`;
  return list.flatMap((multiplier, i) => {
    const field = `${path}[${i}]`;
    const { zone, class: of } = multiplier;
    if ((zone === undefined) === (of === undefined))
      return [{ field, message: 'must name either a zone or a class' }];
    if (zone !== undefined && !isZone(plan, zone)) return [{ field: `${field}.zone`, message: NO_ZONE }];
    if (list.slice(0, i).some((other) => key(other) === key(multiplier)))
      return [{ field, message: 'must be the only one of its zone or class' }];
    return [];
  });
}

const NO_ZONE = 'is no zone of the plan';

function isZone({ zones }: PricePlan, name: string): boolean {
  return name === DEFAULT_ZONE || zones.some((zone) => zone.name === name);
}

function currencyProblems(document: PlanDocument, at: string): Violation[] {
  const parts = (['items', 'grants', 'fees'] as const).flatMap((list) =>
    document[list].map(({ currency }, i) => ({ currency, field: `${at}${list}[${i}].currency` })),
  );
  return parts
    .filter(({ currency }) => currency !== undefined && currency !== document.currency)
    .map(({ field }) => ({ field, message: `must be the plan's currency, ${document.currency}` }));
}

function grantProblems(grant: Grant, { items }: PricePlan, path: string): Violation[] {
  const found = grant.items.flatMap((id, i) =>
    items.some((item) => item.id === id)
      ? []
      : [{ field: `${path}.items[${i}]`, message: 'is no item of the plan' }],
  );
  if ((grant.quantity === undefined) === (grant.money === undefined))
    found.push({ field: path, message: 'must grant either a quantity or money' });
  const priced = items.filter(({ id }) => grant.items.includes(id));
  const units = new Set(priced.map(({ measure, per, unit }) => `${dimensionOf(measure)} ${per} ${unit}`));
  if (grant.quantity !== undefined && units.size > 1)
    found.push({ field: `${path}.items`, message: 'must have one unit to share a quantity' });
  return found;
}
