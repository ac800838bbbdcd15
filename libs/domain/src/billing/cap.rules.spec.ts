import { parsePricePlan } from '../price/plan.validation.js';
import { parseRatio } from '../price/ratio.js';
import type { PricePlan } from '../price/plan.types.js';
import {
  allowanceOf,
  capBelow,
  capConflict,
  capLeft,
  isCapReached,
  mayStayPermitted,
  permitSize,
  uncappable,
} from './cap.rules.js';

const planOf = (item: object): PricePlan =>
  parsePricePlan({
    ...{ id: 'own', version: 1, name: 'Own', currency: 'USD', decimals: 2 },
    effectiveFrom: '2026-01-01T00:00:00Z',
    items: [{ id: 'one', name: 'One', unit: 'one', per: '1', ...item }],
  });
const REQUESTS = { measure: 'requests' };
const GPU_TIME = { measure: 'gpu_time', gpuClass: 'large', unit: 's', per: '1 s' };
const tiers = (...rates: string[]) =>
  rates.map((rate, i) => ({ rate, ...(i < rates.length - 1 ? { upTo: String(10 * (i + 1)) } : {}) }));

it.each<[string, object, boolean]>([
  ['bytes that are sent', { measure: 'egress_bytes', rate: '0.1', per: '1 GB' }, false],
  ['bytes that are free', { measure: 'egress_bytes', rate: '0', per: '1 GB' }, true],
  ['time of instances', { measure: 'instance_time', rate: '0.1', per: '1 s' }, true],
  ['time of GPUs', { ...GPU_TIME, rate: '0.1' }, true],
  ['time of builds', { measure: 'build_time', rate: '0.1', per: '1 s' }, true],
  ['a volume tier that rises', { ...REQUESTS, tierMode: 'volume', tiers: tiers('0.1', '0.2') }, false],
  ['a volume tier that falls', { ...REQUESTS, tierMode: 'volume', tiers: tiers('0.2', '0.1') }, true],
  ['a graduated tier that rises', { ...REQUESTS, tiers: tiers('0.1', '0.2') }, true],
])('a cap under %s', (_name, item, can) => expect(uncappable(planOf(item)) === undefined).toBe(can));

it('a cap that is set is kept under plans of its currency that can be capped', () => {
  const bytes = { measure: 'egress_bytes', per: '1 GB' };
  const [free, dear] = ['0', '0.1'].map((rate) => planOf({ ...bytes, rate })) as [PricePlan, PricePlan];
  expect(capConflict({ currency: 'USD' }, free)).toBeUndefined();
  expect(capConflict({ currency: 'USD' }, dear)).toMatch(/bytes that are sent cost money/);
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

it.each<[claim: bigint, allowance: bigint, permitted: bigint, free: bigint, size: bigint, stays: boolean]>([
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
  'who holds %s of %s, %s of it permitted, where %s are free: a permit of %s; those that are stay: %s',
  (claim, allowance, permitted, free, size, stays) => {
    const held = { claim, allowance, permitted };
    expect(permitSize(held, { free, each: 10n, wanted: 64n })).toBe(size);
    expect(mayStayPermitted(held, free)).toBe(stays);
  },
);

it.each<[claim: bigint, allowance: bigint, free: bigint, size: bigint]>([
  [0n, 0n, 0n, 64n],
  [640n, 640n, 0n, 64n],
  [641n, 640n, 10_000n, 0n],
])(
  'of requests that cost nothing who holds %s of %s, where %s are free, gets a permit of %s',
  (claim, allowance, free, size) => {
    const held = { claim, allowance, permitted: claim };
    expect(permitSize(held, { free, each: 0n, wanted: 64n })).toBe(size);
  },
);

it.each<[string, string, bigint, bigint]>([
  ['1', '0', 0n, 10n ** 12n],
  ['1', '1/3', 0n, 666_666_666_666n],
  ['1', '2', 5n, -(10n ** 12n) - 5n],
])('of %s, with %s spent and %s reserved, %s are left', (cap, spent, reserved, left) =>
  expect(capLeft(cap, parseRatio(spent), reserved)).toBe(left),
);

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
