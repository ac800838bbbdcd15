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
  allowanceOf,
  capAmount,
  capBelow,
  capConflict,
  capLeft,
  capMoney,
  capPriceOf,
  costAtMost,
  dearestOf,
  isCapReached,
  leaseSize,
  mayStayLeased,
  uncappable,
  worstBuild,
  worstCost,
} from './cap.rules.js';

const SIZE = { cpuMillis: 1_000, memoryMiB: 512 };

const planOf = (item: object): PricePlan =>
  parsePricePlan({
    ...{ id: 'own', version: 1, name: 'Own', currency: 'USD', decimals: 2 },
    effectiveFrom: '2026-01-01T00:00:00Z',
    model: 'concurrency',
    items: [{ id: 'one', name: 'One', unit: 'one', per: '1', ...item }],
  });
const REQUESTS = { measure: 'requests' };
const GPU_TIME = { measure: 'gpu_time', gpuClass: 'large', unit: 's', per: '1 s' };
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

it.each<[string, object, boolean]>([
  ['bytes that are sent', { measure: 'egress_bytes', rate: '0.1', per: '1 GB' }, false],
  ['time of instances', { measure: 'instance_time', rate: '0.1', per: '1 s' }, false],
  ['time of instances that is free', { measure: 'instance_time', rate: '0', per: '1 s' }, true],
  ['time of GPUs that is free at first', { ...GPU_TIME, tiers: tiers('0', '0.1') }, false],
  ['time of GPUs that is free', { ...GPU_TIME, rate: '0' }, true],
  ['time of builds', { measure: 'build_time', rate: '0.1', per: '1 s' }, true],
  ['a volume tier that rises', { ...REQUESTS, tierMode: 'volume', tiers: tiers('0.1', '0.2') }, false],
  ['a volume tier that falls', { ...REQUESTS, tierMode: 'volume', tiers: tiers('0.2', '0.1') }, true],
  ['a graduated tier that rises', { ...REQUESTS, tiers: tiers('0.1', '0.2') }, true],
])('a cap under %s', (_name, item, can) => expect(uncappable(planOf(item)) === undefined).toBe(can));

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

it('a cap that is set is kept under plans of its currency that can be capped', () => {
  const [free, dear] = ['0', '0.1'].map((rate) => planOf({ ...GPU_TIME, rate })) as [PricePlan, PricePlan];
  expect(capConflict({ currency: 'USD' }, free)).toBeUndefined();
  expect(capConflict({ currency: 'USD' }, dear)).toMatch(/instances cost money/);
  expect(capConflict({ currency: 'EUR' }, free)).toBe('it is in USD, and the cap in EUR');
});

it.each<[bigint, bigint, bigint, bigint, bigint]>([
  // left, keep, need, slack: allowance
  [100n, 0n, 0n, 0n, 0n],
  [100n, 10n, 20n, 0n, 30n],
  [100n, 10n, 20n, 1_000n, 38n],
  [100n, 90n, 20n, 1_000n, 100n],
  [100n, 150n, 20n, 1_000n, 150n],
  [-5n, 0n, 20n, 20n, 0n],
])(
  'of %s left, who keeps %s, needs %s and likes %s more is allowed %s',
  (left, keep, need, slack, expected) => expect(allowanceOf(left, { keep, need, slack })).toBe(expected),
);

it.each<[claim: bigint, allowance: bigint, leased: bigint, free: bigint, size: bigint, stays: boolean]>([
  // of requests that cost 10 at most
  [0n, 10_000n, 0n, 0n, 64n, true],
  [0n, 200n, 0n, 10_000n, 20n, true],
  [0n, 150n, 0n, 10_000n, 0n, true],
  [0n, 1_280n, 0n, 0n, 16n, true],
  [0n, 1_279n, 0n, 0n, 0n, true],
  [640n, 1_280n, 640n, 0n, 0n, true],
  [640n, 1_279n, 640n, 0n, 0n, false],
  [640n, 1_280n, 640n, 4_000n, 34n, true],
  [640n, 640n, 640n, -5_000n, 0n, false],
])(
  'who holds %s of %s, %s of it leased, where %s are free: a lease of %s; those that are stay: %s',
  (claim, allowance, leased, free, size, stays) => {
    const held = { claim, allowance, leased };
    expect(leaseSize(held, { free, each: 10n, wanted: 64n })).toBe(size);
    expect(mayStayLeased(held, free)).toBe(stays);
  },
);

it.each<[string, string, bigint, bigint]>([
  ['1', '0', 0n, 10n ** 12n],
  ['1', '1/3', 0n, 666_666_666_666n],
  ['1', '2', 5n, -(10n ** 12n) - 5n],
])('of %s, with %s spent and %s reserved, %s are left', (cap, spent, reserved, left) =>
  expect(capLeft(cap, parseRatio(spent), reserved)).toBe(left),
);

it('rounds against whoever spends', () => {
  expect(capMoney(fraction(1n, 3n))).toBe(333_333_333_334n);
  expect(compareRatios(parseRatio(capAmount(5n)), fraction(5n, 10n ** 12n))).toBe(0);
});

it('is reached when not one request more can be paid for', () => {
  expect([isCapReached(9n, 10n), isCapReached(10n, 10n), isCapReached(1n, undefined)]).toEqual([
    true,
    false,
    false,
  ]);
  expect(isCapReached(0n, undefined)).toBe(true);
});

it('cannot be set below what was spent and is reserved', () => {
  expect(capBelow('2', '2', 0n)).toBeUndefined();
  expect(capBelow('2', '2', 1n)).toMatch(/0.000000000001 are reserved/);
  expect(capBelow('1.999', '2', 0n)).toBe('is below what was spent: 2 in this month');
});

function billed(plan: PricePlan, requests: number): string {
  const day = {
    ...{ projectId: 'prj_1', project: 'p', serviceId: 'svc_1', service: 's', priceZone: 'default' },
    ...{ day: '2026-11-01', requests: BigInt(requests), notBillableRequests: 0n, blocks: 0n },
    ...{ perRequestUnits: 0n, requestBytes: 0n, responseBytes: 0n, ...SIZE },
  } satisfies UsageDay;
  return billOf('2026-11', [{ plan, days: [day] }]).total;
}
