import fc from 'fast-check';
import { BUILTIN_DOCUMENTS, BUILTIN_PLAN } from '../price/builtin.plans.js';
import type { PricePlan } from '../price/plan.types.js';
import { parsePricePlan } from '../price/plan.validation.js';
import { propertyRuns } from '../property.rig.js';
import { billOf } from './bill.js';
import { billPeriods } from './bill.periods.js';
import type { UsageDay } from './billing.types.js';
import { STANDARD_TERMS, type BillingTerms } from './terms.js';

const runs = propertyRuns();
const NOVEMBER = Date.UTC(2026, 10);
const DAY = 86_400_000;

const version = (number: number, effectiveFromMs: number, change: object = {}): PricePlan => ({
  ...parsePricePlan({ ...BUILTIN_DOCUMENTS[0], version: number, ...change }),
  effectiveFromMs,
});
const terms = (effectiveFromMs: number, plan: string): BillingTerms => ({
  ...STANDARD_TERMS,
  effectiveFromMs,
  plan,
});
const other = version(1, NOVEMBER - DAY, { id: 'other' });

describe('the parts of a month', () => {
  it.each<[string, BillingTerms[], PricePlan[], [number, string, number][]]>([
    ['nobody gave a plan', [], [BUILTIN_PLAN], [[0, 'builtin', 1]]],
    [
      'a version comes into force on the 10th',
      [],
      [BUILTIN_PLAN, version(2, NOVEMBER + 9 * DAY)],
      [
        [0, 'builtin', 1],
        [9, 'builtin', 2],
      ],
    ],
    [
      'another plan is given on the 5th and left on the 20th, versions of the plan not held make no part',
      [terms(NOVEMBER + 4 * DAY, 'other'), terms(NOVEMBER + 19 * DAY, 'builtin')],
      [BUILTIN_PLAN, version(2, NOVEMBER + 9 * DAY), other],
      [
        [0, 'builtin', 1],
        [4, 'other', 1],
        [19, 'builtin', 2],
      ],
    ],
    [
      'a term from before the month, a version from after it',
      [terms(0, 'other')],
      [BUILTIN_PLAN, { ...other, effectiveFromMs: 0 }, version(2, NOVEMBER + 40 * DAY, { id: 'other' })],
      [[0, 'other', 1]],
    ],
  ])('%s', (_what, given, plans, expected) => {
    const periods = billPeriods('2026-11', given, plans);
    expect(periods.map(({ startMs, plan }) => [(startMs - NOVEMBER) / DAY, plan.id, plan.version])).toEqual(
      expected,
    );
    expect(periods.map(({ endMs }) => endMs)).toEqual([
      ...periods.slice(1).map(({ startMs }) => startMs),
      NOVEMBER + 30 * DAY,
    ]);
  });

  it('refuses a plan that is not in force', () => {
    const given = [terms(NOVEMBER, 'other')];
    expect(() => billPeriods('2026-11', given, [version(1, NOVEMBER + DAY, { id: 'other' })])).toThrow(
      'plan other is not in force',
    );
  });
});

const day = (of: number, requests: bigint, blocks: bigint): UsageDay => ({
  projectId: 'prj_1',
  project: 'shop-ab12',
  serviceId: 'svc_1',
  service: 'hello',
  priceZone: 'default',
  day: `2026-11-${String(of).padStart(2, '0')}`,
  requests,
  notBillableRequests: 0n,
  blocks,
  perRequestUnits: blocks,
  requestBytes: 0n,
  responseBytes: 0n,
  cpuMillis: 1000,
  memoryMiB: 512,
});

describe(`a month split by a price change (seed ${runs.seed}, ${runs.numRuns} runs)`, () => {
  const grants = [{ id: 'free', name: 'Free requests', items: ['requests'], quantity: '2' }];
  const first = version(1, 0, { grants });
  const days = fc.array(fc.tuple(fc.bigInt(0n, 9_000_000n), fc.bigInt(0n, 9_000_000n)), {
    minLength: 1,
    maxLength: 30,
  });

  it('conserves usage: the versions together used what one would have, and free things are given once', () => {
    fc.assert(
      fc.property(days, fc.nat(30), (amounts, cut) => {
        const all = amounts.map(([requests, blocks], i) => day(i + 1, requests, blocks));
        const whole = billOf('2026-11', [{ plan: first, days: all }]);
        const split = billOf('2026-11', [
          { plan: first, days: all.slice(0, cut) },
          { plan: { ...first, version: 2 }, days: all.slice(cut) },
        ]);
        // the prices are the same: then so is the exact total, whatever the instant
        expect(split.total).toBe(whole.total);
        expect(split.lines.map(({ version: _of, ...line }) => line)).toEqual(
          whole.lines.map(({ version: _of, ...line }) => line),
        );
        expect(split.comparison.perRequest.total).toBe(whole.comparison.perRequest.total);
      }),
      runs,
    );
  });

  it('rates each part by its own version, in lines of their own', () => {
    const dearer = {
      ...first,
      version: 2,
      items: first.items.map((item) => ({
        ...item,
        tiers: [{ upTo: undefined, rate: { units: 1n, scale: 3 } }],
      })),
    };
    const bill = billOf('2026-11', [
      { plan: first, days: [day(1, 1_000_000n, 10n)] },
      { plan: dearer, days: [day(2, 3_000_000n, 10n)] },
    ]);
    expect(bill.plan).toMatchObject({ id: 'builtin', version: 2 });
    expect(
      bill.items
        .filter(({ item }) => item !== 'memory')
        .map(({ item, version: of, rate, quantity, list, amount }) => [
          item,
          of,
          rate,
          quantity,
          list,
          amount,
        ]),
    ).toEqual([
      ['cpu', 1, '0.0000024', '10', '0.000024', '0.000024'],
      ['requests', 1, '0.4', '1', '0.4', '0'],
      ['cpu', 2, '0.001', '10', '0.01', '0.01'],
      ['requests', 2, '0.001', '3', '0.003', '0.002'],
    ]);
    expect(bill.items.at(-1)?.adjustments).toEqual([{ kind: 'grant', id: 'free', amount: '-0.001' }]);
  });

  it('charges the fees of a version for the part of the month it was held', () => {
    const fees = [
      { id: 'base', name: 'Base fee', amount: { units: 29n, scale: 0 }, prorated: true },
      { id: 'setup', name: 'Set-up', amount: { units: 5n, scale: 0 }, prorated: false },
    ];
    const held = (ms: number) => ({ ms: BigInt(ms), monthMs: BigInt(30 * DAY) });
    const bill = billOf('2026-11', [
      { plan: { ...first, fees }, days: [], held: held(15 * DAY) },
      { plan: { ...first, version: 2, fees }, days: [], held: held(15 * DAY) },
    ]);
    expect(
      bill.items
        .filter(({ unit }) => unit === 'month')
        .map(({ item, version: of, quantity, rounded }) => [item, of, quantity, rounded]),
    ).toEqual([
      ['base', 1, '0.5', '14.50'],
      ['setup', 1, '1', '5.00'],
      ['base', 2, '0.5', '14.50'],
    ]);
    expect(bill.due).toBe('34.00');
  });
});
