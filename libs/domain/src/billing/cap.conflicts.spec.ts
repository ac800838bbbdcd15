import { BUILTIN_PLAN } from '../price/builtin.plans.js';
import type { PricePlan } from '../price/plan.types.js';
import { planChanges } from './bill.periods.js';
import { capConflicts, firstNewConflict } from './cap.conflicts.js';
import { STANDARD_TERMS, type BillingTerms } from './terms.js';

const USD = { currency: 'USD' };
const version = (id: string, number: number, effectiveFromMs: number, currency: string): PricePlan => ({
  ...BUILTIN_PLAN,
  ...{ id, version: number, effectiveFromMs, currency },
});
const PLANS = [
  version('builtin', 1, 0, 'USD'),
  version('turning', 1, 0, 'USD'),
  version('turning', 2, 100, 'EUR'),
  version('turning', 3, 200, 'USD'),
  version('euro', 1, 0, 'EUR'),
];
const from = (effectiveFromMs: number, plan: string, change: Partial<BillingTerms> = {}): BillingTerms => ({
  ...STANDARD_TERMS,
  ...{ effectiveFromMs, plan },
  ...change,
});

describe('the plans to come', () => {
  it.each<[string, BillingTerms[], number, [number, string, number][]]>([
    ['nobody gave one', [], 5, [[5, 'builtin', 1]]],
    [
      'versions, and others of which it has none',
      [from(0, 'turning')],
      5,
      [
        [5, 'turning', 1],
        [100, 'turning', 2],
        [200, 'turning', 3],
      ],
    ],
    [
      'other terms, which end before the last version',
      [from(0, 'turning'), from(150, 'builtin', { taxes: [] })],
      100,
      [
        [100, 'turning', 2],
        [150, 'builtin', 1],
      ],
    ],
  ])('%s', (_what, terms, atMs, expected) => {
    const changes = planChanges(terms, PLANS, atMs);
    expect(changes.map(({ fromMs, plan }) => [fromMs, plan.id, plan.version])).toEqual(expected);
  });
});

it('a cap cannot be kept as long as a plan that allows none is in force', () => {
  const conflicts = capConflicts(USD, planChanges([from(0, 'turning')], PLANS, 0));
  expect(conflicts).toEqual([{ fromMs: 100, why: 'it is in EUR, and the cap in USD' }]);
});

describe('a change of terms', () => {
  it.each<[string, BillingTerms[], BillingTerms[], number, number | undefined]>([
    ['to a plan that allows it', [], [from(10, 'turning'), from(90, 'builtin')], 10, undefined],
    ['to one of which a later version does not', [], [from(10, 'turning')], 10, 100],
    ['to one that does not', [], [from(10, 'euro')], 10, 10],
    [
      'of something else under one that does not',
      [from(0, 'euro')],
      [from(0, 'euro'), from(10, 'euro')],
      10,
      undefined,
    ],
    ['that lengthens a conflict', [from(0, 'turning')], [from(0, 'turning'), from(150, 'euro')], 150, 200],
    ['that begins it earlier', [from(0, 'turning')], [from(0, 'turning'), from(50, 'euro')], 50, 50],
    ['that ends it', [from(0, 'turning')], [from(0, 'turning'), from(150, 'builtin')], 150, undefined],
    [
      'that takes away what would have ended it',
      [from(0, 'euro'), from(50, 'builtin')],
      [from(0, 'euro')],
      50,
      50,
    ],
  ])('%s', (_what, before, after, fromMs, expected) => {
    expect(firstNewConflict(USD, { before, after, plans: PLANS, fromMs })?.fromMs).toBe(expected);
  });
});
