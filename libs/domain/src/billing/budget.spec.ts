import fc from 'fast-check';
import { monthSpan } from '../month.js';
import { compareRatios, formatRatio, fraction, parseRatio } from '../price/ratio.js';
import { propertyRuns } from '../property.rig.js';
import type { Bill } from './bill.js';
import {
  DEFAULT_THRESHOLDS,
  budgetAmountProblem,
  forecastOf,
  paceOf,
  reachedThresholds,
  spentOf,
  thresholdViolations,
} from './budget.rules.js';
import type { Threshold } from './budget.types.js';

const NOVEMBER = monthSpan('2026-11');
const DAY = 86_400_000;
const money = fc.bigInt({ min: 0n, max: 10n ** 15n }).map((units) => fraction(units, 10n ** 9n));
const threshold = fc.record<Threshold>({
  percent: fc.integer({ min: 1, max: 1_000 }),
  on: fc.constantFrom('actual', 'forecast'),
});

describe('an amount', () => {
  it.each(['1', '25.50', '0.000000000001', '999999999999.999999'])('%s is one', (text) =>
    expect(budgetAmountProblem(text)).toBeUndefined(),
  );
  it.each([
    '',
    '0',
    '0.00',
    '-1',
    '1e3',
    ' 1',
    '1.',
    '.5',
    '1,5',
    '0.0000000000001',
    '1000000000000',
    'NaN',
    '٣',
  ])('%j is none', (text) => expect(budgetAmountProblem(text)).toMatch(/decimal above 0/));
});

it('a threshold that is there twice is named', () => {
  const twice = [...DEFAULT_THRESHOLDS, { percent: 90, on: 'actual' as const }];
  expect(thresholdViolations(DEFAULT_THRESHOLDS)).toEqual([]);
  expect(thresholdViolations(twice)).toEqual([{ field: 'thresholds[4]', message: 'is there twice' }]);
});

describe('what was spent', () => {
  const line = (projectId: string, serviceId: string, amount: string): Bill['lines'][number] =>
    ({ projectId, serviceId, amount }) as Bill['lines'][number];
  const bill = {
    total: '9',
    lines: [line('prj_a', 'svc_1', '1/3'), line('prj_a', 'svc_2', '0.5'), line('prj_b', 'svc_3', '10')],
  } as Bill;
  it.each<[object, string]>([
    [{}, '9'],
    [{ projectId: 'prj_a' }, '5/6'],
    [{ projectId: 'prj_a', serviceId: 'svc_2' }, '0.5'],
    [{ projectId: 'prj_c' }, '0'],
  ])('of %j is %s', (scope, spent) => expect(formatRatio(spentOf(scope, bill))).toBe(spent));
});

describe('a pace', () => {
  it.each<[string, number, string | undefined]>([
    ['nothing on the first day', DAY - 1, undefined],
    ['after a day, thirty of them', DAY, '30'],
    ['in the middle twice as much', 15 * DAY, '2'],
    ['at the end what it was', 30 * DAY, '1'],
    ['later, too', 40 * DAY, '1'],
  ])('%s', (_name, elapsed, expected) => {
    const pace = paceOf(NOVEMBER, NOVEMBER.startMs + elapsed);
    expect(pace && formatRatio(pace)).toBe(expected);
  });
});

it('a forecast of a project or service is its lines at that pace', () => {
  const lines = [{ projectId: 'prj_a', serviceId: 'svc_1', amount: '1/3' }] as Bill['lines'];
  const bill = { total: '9', lines } as Bill;
  const of = (scope: object): string => formatRatio(forecastOf(scope, { bill, parts: [] }, fraction(3n, 1n)));
  expect([of({ projectId: 'prj_a' }), of({ projectId: 'prj_b' })]).toEqual(['1', '0']);
});

describe('reaching a threshold', () => {
  const budget = { amount: '0.30', thresholds: [...DEFAULT_THRESHOLDS] };
  it.each<[string, string | undefined, string[]]>([
    ['0', undefined, []],
    ['0.1499999999999999', undefined, []],
    ['0.15', '0.2999999999999999', ['50 actual']],
    ['0.15', '0.3', ['50 actual', '100 forecast']],
    ['0.3', '5', ['50 actual', '90 actual', '100 actual', '100 forecast']],
    ['1/3', undefined, ['50 actual', '90 actual', '100 actual']],
  ])('spent %s, forecast %s', (spent, forecast, reached) => {
    const cost = {
      actual: parseRatio(spent),
      forecast: forecast === undefined ? undefined : parseRatio(forecast),
    };
    expect(reachedThresholds(budget, cost).map(({ percent, on }) => `${percent} ${on}`)).toEqual(reached);
  });

  it('more money never reaches less, and a higher percent is never reached before a lower one', () => {
    fc.assert(
      fc.property(money, money, fc.array(threshold), (a, b, thresholds) => {
        const [less, more] = compareRatios(a, b) <= 0 ? [a, b] : [b, a];
        const of = { amount: '1000', thresholds };
        const low = reachedThresholds(of, { actual: less, forecast: less });
        const high = reachedThresholds(of, { actual: more, forecast: more });
        expect(high).toEqual(expect.arrayContaining(low));
        const top = Math.max(0, ...low.map(({ percent }) => percent));
        expect(low).toEqual(thresholds.filter(({ percent }) => percent <= top));
      }),
      propertyRuns(),
    );
  });
});
