import fc from 'fast-check';
import { parsePricePlan } from '../price/plan.validation.js';
import { compareRatios, formatRatio, fraction, parseRatio } from '../price/ratio.js';
import { propertyRuns } from '../property.rig.js';
import { billOf, type BillPart } from './bill.js';
import { forecastTotal } from './bill.forecast.js';
import type { UsageDay } from './billing.types.js';

const DAY_MS = 86_400_000n;
const plan = (more: object): BillPart['plan'] =>
  parsePricePlan({
    ...{ id: 'gold', version: 1, name: 'Gold', currency: 'USD', decimals: 2 },
    effectiveFrom: '2020-01-01T00:00:00Z',
    items: [
      {
        ...{ id: 'requests', name: 'Requests', measure: 'requests', unit: 'request', tierMode: 'graduated' },
        tiers: [{ upTo: '100', rate: '0.5' }, { rate: '0.25' }],
      },
      {
        id: 'time',
        name: 'Time',
        measure: 'request_time',
        times: 'gib',
        rate: '0.3',
        per: '1 s',
        unit: 'GiB-s',
      },
    ],
    ...more,
  });
const FEE = { fees: [{ id: 'launch', name: 'Launch', amount: '29', prorated: true }] };
const GRANTS = {
  grants: [
    { id: 'some', name: 'Some', items: ['requests'], quantity: '7' },
    { id: 'money', name: 'Money', items: ['requests', 'time'], money: '20' },
  ],
};
const held = { ms: 30n * DAY_MS, monthMs: 30n * DAY_MS };
const day = (requests: bigint, blocks: bigint, number = 1): UsageDay => ({
  ...{ projectId: 'prj_1', project: 'shop-ab12', serviceId: 'svc_1', service: 'hello' },
  ...{ revisionId: 'rev_1', revision: 'hello-00001', priceZone: 'default' },
  day: `2026-11-${String(number).padStart(2, '0')}`,
  ...{
    requests,
    blocks,
    perRequestUnits: blocks,
    notBillableRequests: 0n,
    requestBytes: 0n,
    responseBytes: 0n,
  },
  ...{ cpuMillis: 1000, memoryMiB: 333 },
});
const forecast = (part: BillPart, pace = fraction(30n, 1n)): string =>
  formatRatio(forecastTotal([part], pace));

describe('what a month will come to', () => {
  it.each<[string, BillPart, string]>([
    ['a fee alone is that fee', { plan: plan(FEE), held, days: [] }, '29'],
    ['a fee and usage: the usage grows', { plan: plan(FEE), held, days: [day(1n, 0n)] }, '44'],
    // 30 requests, of which 7 are free: 11.5, which the grant of money pays
    ['a grant hides no more than it pays', { plan: plan(GRANTS), days: [day(1n, 0n)] }, '0'],
    // 300 requests, 7 free: 50 and 193 at a quarter are 98.25, less 20
    ['a grant counts once', { plan: plan(GRANTS), days: [day(10n, 0n)] }, '78.25'],
  ])('%s', (_name, part, expected) => expect(forecast(part)).toBe(expected));

  it('is the bill of so many times the usage, with whatever grants, tiers and fees', () => {
    const count = fc.bigInt({ min: 0n, max: 400n });
    const days = fc.array(fc.tuple(count, count), { maxLength: 3 });
    fc.assert(
      fc.property(
        days,
        fc.integer({ min: 1, max: 12 }),
        fc.boolean(),
        fc.boolean(),
        (used, pace, fee, free) => {
          const part = { plan: plan({ ...(fee ? FEE : {}), ...(free ? GRANTS : {}) }), held };
          const once = used.map(([requests, blocks], i) => day(requests, blocks, i + 1));
          const often = Array.from({ length: pace }, () => once).flat();
          expect(forecast({ ...part, days: once }, fraction(BigInt(pace), 1n))).toBe(
            billOf('2026-11', [{ ...part, days: often }]).total,
          );
        },
      ),
      propertyRuns(),
    );
  });

  it('never falls as the pace grows, also by a part', () => {
    const part = { plan: plan({ ...FEE, ...GRANTS }), held, days: [day(9n, 123n), day(1n, 7n, 2)] };
    const paces = fc.tuple(fc.bigInt({ min: 7n, max: 210n }), fc.bigInt({ min: 7n, max: 210n }));
    fc.assert(
      fc.property(paces, ([a, b]) => {
        const [low, high] = [a < b ? a : b, a < b ? b : a].map((top) => forecast(part, fraction(top, 7n)));
        expect(compareRatios(parseRatio(low ?? ''), parseRatio(high ?? ''))).toBeLessThanOrEqual(0);
      }),
      propertyRuns(),
    );
  });
});
