import fc from 'fast-check';
import { parseDecimal } from '../price/decimal.js';
import { BUILTIN_PLAN, MEMORY_TICK_PLAN } from '../price/builtin.plans.js';
import { parsePricePlan } from '../price/plan.validation.js';
import { compareRatios, fraction, parseRatio } from '../price/ratio.js';
import { propertyRuns } from '../property.rig.js';
import type { PricePlan } from '../price/plan.types.js';
import { billOf } from './bill.js';
import type { UsageDay } from './billing.types.js';
import {
  capAmount,
  capMoney,
  capPriceOf,
  costAtMost,
  dearestOf,
  worstBuild,
  worstCost,
  worstInstances,
} from './cap.price.js';

const SIZE = { cpuMillis: 1_000, memoryMiB: 512 };

const planOf = (item: object): PricePlan =>
  parsePricePlan({
    ...{ id: 'own', version: 1, name: 'Own', currency: 'USD', decimals: 2 },
    effectiveFrom: '2026-01-01T00:00:00Z',
    model: 'concurrency',
    items: [{ id: 'one', name: 'One', unit: 'one', per: '1', ...item }],
  });
const REQUESTS = { measure: 'requests' };
const tiers = (...rates: string[]) =>
  rates.map((rate, i) => ({ rate, ...(i < rates.length - 1 ? { upTo: String(10 * (i + 1)) } : {}) }));

const DEAR = {
  zones: ['cheap', 'dear'].map((name) => ({ name, regions: [name] })),
  multipliers: [
    { zone: 'dear', class: undefined, by: parseDecimal('3') },
    { zone: 'cheap', class: undefined, by: parseDecimal('0.5') },
  ],
};

describe('the most that a request costs', () => {
  it.each<[string, PricePlan, string, string]>([
    ['built-in', BUILTIN_PLAN, '0.000002525', '0.0000004'],
    ['by memory', MEMORY_TICK_PLAN, '0.000000825', '0'],
    ['the dearest zone', { ...planOf({ ...REQUESTS, rate: '0.1' }), ...DEAR }, '0', '0.3'],
    ['the dearest tier', planOf({ ...REQUESTS, tiers: tiers('0.1', '0.3', '0.2') }), '0', '0.3'],
  ])('%s', (_name, plan, block, request) => {
    const price = capPriceOf(plan, SIZE);
    expect([capAmount(price.block), capAmount(price.request)]).toEqual([block, request]);
  });

  it('is of the timeout and the moment after it, begun blocks whole', () => {
    const price = { block: 7n, request: 1n };
    expect(worstCost(price, 1)).toBe(1n + 7n * 30n);
    expect([costAtMost(price, 1), costAtMost(price, 100), costAtMost(price, 101)]).toEqual([8n, 8n, 15n]);
    expect(dearestOf([price, { block: 2n, request: 9n }])).toEqual({ block: 7n, request: 9n });
  });

  it('bounds what usage adds to a bill, whatever was used before', () => {
    const rate = fc.integer({ min: 0, max: 50 }).map((units) => `0.${String(units).padStart(2, '0')}`);
    const few = fc.integer({ min: 0, max: 40 });
    fc.assert(
      fc.property(fc.array(rate, { minLength: 1, maxLength: 3 }), few, few, (rates, before, more) => {
        const plan = planOf({ ...REQUESTS, tiers: tiers(...rates) });
        const grown = parseRatio(billed(plan, before + more));
        const most =
          capMoney(parseRatio(billed(plan, before))) + capPriceOf(plan, SIZE).request * BigInt(more);
        expect(capMoney(grown)).toBeLessThanOrEqual(most);
      }),
      propertyRuns(),
    );
  });
});

const BUILDS = { measure: 'build_time', per: '1 min', unit: 'min', rate: '0.01' };
it.each<[string, PricePlan[], string]>([
  ['no plan', [], '0'],
  ['one without', [planOf({ ...REQUESTS, rate: '0.1' })], '0'],
  ['half an hour', [planOf(BUILDS)], '0.3'],
  ['begun quanta whole', [planOf({ ...BUILDS, quantum: '7 min' })], '0.35'],
  ['a minimum', [planOf({ ...BUILDS, minimum: '1 h' })], '0.6'],
  ['the dearest zone', [{ ...planOf(BUILDS), ...DEAR }], '0.9'],
  [
    'the dearest plan',
    [planOf({ ...BUILDS, tiers: tiers('0', '0.02'), rate: undefined }), planOf(BUILDS)],
    '0.6',
  ],
])('the most that a build costs: %s', (_name, plans, expected) =>
  expect(capAmount(worstBuild(plans))).toBe(expected),
);

const TIME = { measure: 'instance_time', rate: '1', per: '1 s', unit: 's', quantum: '1 s' };
const GPUS = { ...TIME, measure: 'gpu_time', gpuClass: 'large' };
const ran = (ms: number, stretches = 1, starts = 0) => ({ ms, stretches, starts });
it.each<[string, PricePlan[], ReturnType<typeof ran>, string]>([
  ['no plan', [], ran(5_000), '0'],
  ['one without', [planOf({ ...REQUESTS, rate: '1' })], ran(5_000), '0'],
  ['each stretch a quantum longer', [planOf(TIME)], ran(5_000, 2), '7'],
  ['a minimum of each start', [planOf({ ...TIME, minimum: '1 h' })], ran(5_000, 1, 2), '7206'],
  ['its GPUs, each', [planOf(GPUS)], ran(5_000, 0), '10'],
  ['GPUs of another class', [planOf({ ...GPUS, gpuClass: 'small' })], ran(5_000), '0'],
  [
    'the dearest plan and zone',
    [planOf(TIME), { ...planOf({ ...TIME, rate: '2' }), ...DEAR }],
    ran(1_000, 0),
    '6',
  ],
])('the most that instances cost: %s', (_name, plans, time, expected) => {
  const size = { ...SIZE, gpus: 2, gpuClass: 'large' };
  expect(capAmount(worstInstances(plans, size, time))).toBe(expected);
});

it('where instances cost money a request costs something, and what becomes active by it', () => {
  const price = (item: object): string[] => {
    const { block, request } = capPriceOf(planOf(item), SIZE);
    return [capAmount(block), capAmount(request)];
  };
  expect(price(TIME)).toEqual(['0', '0.000000000001']);
  expect(price({ ...TIME, states: ['active'] })).toEqual(['0.1', '2']);
  expect(price({ ...TIME, states: ['idle'] })).toEqual(['0', '2']);
  expect(price({ ...TIME, rate: '0' })).toEqual(['0', '0']);
});

it('rounds against whoever spends', () => {
  expect(capMoney(fraction(1n, 3n))).toBe(333_333_333_334n);
  expect(compareRatios(parseRatio(capAmount(5n)), fraction(5n, 10n ** 12n))).toBe(0);
});

function billed(plan: PricePlan, requests: number): string {
  const day = {
    ...{ projectId: 'prj_1', project: 'p', serviceId: 'svc_1', service: 's', priceZone: 'default' },
    ...{ day: '2026-11-01', requests: BigInt(requests), notBillableRequests: 0n, blocks: 0n },
    ...{ perRequestUnits: 0n, requestBytes: 0n, responseBytes: 0n, ...SIZE },
  } satisfies UsageDay;
  return billOf('2026-11', [{ plan, days: [day] }]).total;
}
