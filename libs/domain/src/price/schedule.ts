import { refuseIfAny, TowpathError, type Violation } from '../error.js';
import { canonical } from '../canonical.js';
import { formatDecimal } from './decimal.js';
import type { Factor, PriceItem, PricePlan } from './plan.types.js';
import { readPricePlan } from './plan.validation.js';

/** Versions of one price plan, ascending by the instant from which each is in force. */
export type PriceSchedule = readonly [PricePlan, ...PricePlan[]];

/**
 * Checks versions of one plan given as data, in any order.
 * @throws TowpathError INVALID_ARGUMENT naming every wrong field, as `plans[i].field` when there are several
 */
export function parsePriceSchedule(inputs: readonly unknown[]): PriceSchedule {
  const read = inputs.map((input, i) => ({
    path: inputs.length === 1 ? '' : `plans[${i}]`,
    ...readPricePlan(input, inputs.length === 1 ? '' : `plans[${i}]`),
  }));
  refuseIfAny(read.flatMap(({ violations }) => violations));
  const sorted = read.toSorted((a, b) => a.plan.effectiveFromMs - b.plan.effectiveFromMs);
  refuseIfAny(sorted.flatMap(({ plan, path }, i) => changeProblems(sorted[i - 1]?.plan, plan, path)));
  const [first, ...rest] = sorted.map(({ plan }) => plan);
  if (first === undefined) throw new TowpathError('INVALID_ARGUMENT', 'there is no price plan');
  return [first, ...rest];
}

/** The version in force at an instant; undefined before the first. */
export function planAt(schedule: PriceSchedule, atMs: number): PricePlan | undefined {
  return schedule.findLast(({ effectiveFromMs }) => effectiveFromMs <= atMs);
}

/** Usage is counted by the minute, so a price changes at a whole one. */
const MINUTE_MS = 60_000;

/**
 * Checks a plan that is to be stored after the versions of it that are there (ascending; none: it is the first).
 * @throws TowpathError INVALID_ARGUMENT naming every wrong field under `path`
 */
export function nextVersion(
  before: readonly PricePlan[],
  input: unknown,
  { now, path }: { now: number; path: string },
): PricePlan {
  const { plan, violations } = readPricePlan(input, path);
  refuseIfAny(violations);
  const found = changeProblems(before.at(-1), plan, path);
  const field = `${path}.effectiveFrom`;
  if (plan.effectiveFromMs % MINUTE_MS !== 0) found.push({ field, message: 'must be a whole minute' });
  if (before.length > 0 && plan.effectiveFromMs <= now)
    found.push({ field, message: 'must be in the future: what is used is rated by the version in force' });
  refuseIfAny(found);
  return plan;
}

/** What a new version may not change: an id means the same thing in all versions, and so does money. */
function changeProblems(before: PricePlan | undefined, plan: PricePlan, path: string): Violation[] {
  if (before === undefined) return [];
  const must = (field: 'id' | 'currency' | 'decimals'): Violation[] =>
    before[field] === plan[field]
      ? []
      : [{ field: `${path}.${field}`, message: `must stay ${String(before[field])} in all versions` }];
  const later = (field: 'version' | 'effectiveFrom', isLater: boolean): Violation[] =>
    isLater ? [] : [{ field: `${path}.${field}`, message: 'must be later than that of the version before' }];
  return [
    ...must('id'),
    ...must('currency'),
    ...must('decimals'),
    ...later('version', plan.version > before.version),
    ...later('effectiveFrom', plan.effectiveFromMs > before.effectiveFromMs),
    ...plan.items.flatMap((item, i) => {
      const old = before.items.find(({ id }) => id === item.id);
      return old === undefined || meaningOf(old) === meaningOf(item)
        ? []
        : [
            {
              field: `${path}.items[${i}].id`,
              message: 'measures something else than before: use another id',
            },
          ];
    }),
  ];
}

function meaningOf({ measure, counter, gpuClass, times }: PriceItem): string {
  return canonical([measure, counter ?? '', gpuClass ?? '', factorText(times)]);
}

function factorText(factor: Factor): string {
  if ('table' in factor)
    return canonical(factor.table.map(({ upToMiB, value }) => [upToMiB, formatDecimal(value)]));
  const { of, atLeast, beyond } = factor;
  return canonical([of, ...[atLeast, beyond].map((bound) => bound && formatDecimal(bound))]);
}
