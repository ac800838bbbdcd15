import fc from 'fast-check';
import type { Id } from '../id.js';
import { BUILTIN_PLAN } from '../price/builtin.plans.js';
import { parseDecimal } from '../price/decimal.js';
import type { PriceItem, PricePlan } from '../price/plan.types.js';
import { formatRatio, fraction, NOTHING, parseRatio, plus, times, total } from '../price/ratio.js';
import { propertyRuns } from '../property.rig.js';
import { billItems } from './bill.js';
import type { UsageDay } from './billing.types.js';
import {
  billedByService,
  clusterPriceProblem,
  marginOf,
  marginsByCluster,
  type BilledTime,
  type ClusterPrice,
  type InstanceTime,
} from './margin.js';

const DEAR: ClusterPrice = {
  currency: 'USD',
  vcpuSecond: parseDecimal('0.00001'),
  gibSecond: parseDecimal('0.000002'),
  gpuSeconds: new Map([['nvidia-l4', parseDecimal('0.0002')]]),
};
const cluster = (n: number): Id<'cls'> => `cls_${String(n).padStart(20, '0')}`;
/** Charged half of its list price. */
const billed = (ms: bigint, amount: string): BilledTime => {
  const list = parseRatio(amount);
  return { billedMs: ms, amount: list, charged: times(list, parseRatio('0.5')) };
};

/** So many seconds of an instance of 1 vCPU and 512 MiB. */
const ran = (n: number, serviceId: string, seconds: bigint, price?: ClusterPrice): InstanceTime => ({
  clusterId: cluster(n),
  serviceId,
  instanceMs: seconds * 1_000n,
  cpuMs: seconds * 1_000_000n,
  memoryMs: seconds * 512_000n,
  gpuMs: new Map(),
  ...(price ? { price } : {}),
});
const shown = (list: ReturnType<typeof marginsByCluster>): unknown[] =>
  list.map((one) => {
    const margin = marginOf(one);
    return [
      one.clusterId?.slice(-1),
      formatRatio(one.billedMs),
      formatRatio(one.instanceMs),
      formatRatio(one.amount),
      formatRatio(one.charged),
      one.cost && formatRatio(one.cost),
      margin && formatRatio(margin),
    ];
  });

describe('a margin', () => {
  it('is what was charged without what the seen time costs: 100 s of 1 vCPU and half a GiB', () => {
    const list = marginsByCluster(
      new Map([['a', billed(30_000n, '0.003')]]),
      [ran(1, 'a', 100n, DEAR)],
      'USD',
    );
    expect(shown(list)).toEqual([['1', '30000', '100000', '0.003', '0.0015', '0.0011', '0.0004']]);
  });

  it('shares what was billed of a service among its clusters by how long it ran there', () => {
    const list = marginsByCluster(
      new Map([['a', billed(4_000n, '0.004')]]),
      [ran(1, 'a', 10n, DEAR), ran(2, 'a', 30n, DEAR)],
      'USD',
    );
    expect(shown(list)).toEqual([
      ['1', '1000', '10000', '0.001', '0.0005', '0.00011', '0.00039'],
      ['2', '3000', '30000', '0.003', '0.0015', '0.00033', '0.00117'],
    ]);
  });

  it('can be below nothing', () => {
    expect(shown(marginsByCluster(new Map(), [ran(1, 'a', 100n, DEAR)], 'USD'))).toEqual([
      ['1', '0', '100000', '0', '0', '0.0011', '-0.0011'],
    ]);
  });

  it.each<[string, InstanceTime[]]>([
    ['has no price', [ran(1, 'a', 10n)]],
    ['has a price in another currency', [ran(1, 'a', 10n, { ...DEAR, currency: 'EUR' })]],
    [
      'had a price in another currency for a time',
      [ran(1, 'a', 5n, DEAR), ran(1, 'a', 5n, { ...DEAR, currency: 'EUR' })],
    ],
  ])('is not known where a cluster %s', (_what, list) => {
    const [one] = marginsByCluster(new Map([['a', billed(1n, '1')]]), list, 'USD');
    expect([one?.instanceMs, one?.cost, one && marginOf(one)]).toEqual([
      fraction(10_000n, 1n),
      undefined,
      undefined,
    ]);
  });

  it('adds the time at every price that was in force', () => {
    const twice = { ...DEAR, vcpuSecond: parseDecimal('0.00002') };
    const list = marginsByCluster(new Map(), [ran(1, 'a', 10n, DEAR), ran(1, 'a', 10n, twice)], 'USD');
    expect(shown(list)).toEqual([['1', '0', '20000', '0', '0', '0.00032', '-0.00032']]);
  });

  it('names no cluster for what was billed of a service that was seen nowhere', () => {
    const list = marginsByCluster(new Map([['b', billed(200n, '0.1')]]), [], 'USD');
    expect(shown(list)).toEqual([[undefined, '200', '0', '0.1', '0.05', undefined, undefined]]);
  });

  it('pays for GPUs by class, each by the second', () => {
    const held = { ...ran(1, 'a', 100n, DEAR), gpuMs: new Map([['nvidia-l4', 200_000n]]) };
    expect(shown(marginsByCluster(new Map(), [held, held], 'USD'))).toEqual([
      ['1', '0', '200000', '0', '0', '0.0822', '-0.0822'],
    ]);
    const [one] = marginsByCluster(new Map(), [held, held], 'USD');
    expect([one?.gpuMs, one?.unpricedGpus]).toEqual([new Map([['nvidia-l4', 400_000n]]), []]);
  });

  it.each<[string, ClusterPrice | undefined]>([
    ['names none', { ...DEAR, gpuSeconds: new Map() }],
    ['names others', DEAR],
    ['is not there', undefined],
  ])('names a GPU class that ran where the price %s, and costs nothing that is not known', (_what, price) => {
    const h100 = { ...ran(1, 'a', 10n, price), gpuMs: new Map([['h100', 1n]]) };
    const a100 = { ...ran(1, 'b', 10n, price), gpuMs: new Map([['a100', 1n]]) };
    const [one] = marginsByCluster(
      new Map([['a', billed(1n, '1')]]),
      [ran(1, 'a', 10n, DEAR), h100, h100, a100],
      'USD',
    );
    expect([one?.unpricedGpus, one?.cost, one && marginOf(one)]).toEqual([
      ['a100', 'h100'],
      undefined,
      undefined,
    ]);
  });

  it('loses and adds nothing: the clusters come to what the services come to', () => {
    const services = ['a', 'b', 'c', 'd'];
    const bills = fc.dictionary(
      fc.constantFrom(...services),
      fc.tuple(fc.bigInt({ min: 0n, max: 10n ** 12n }), fc.bigInt({ min: 0n, max: 10n ** 15n })),
    );
    const times = fc.array(
      fc.tuple(
        fc.integer({ min: 1, max: 3 }),
        fc.constantFrom(...services),
        fc.bigInt({ min: 1n, max: 10n ** 9n }),
      ),
      { maxLength: 12 },
    );
    fc.assert(
      fc.property(bills, times, (bill, list) => {
        const of = new Map(
          Object.entries(bill).map(([id, [ms, units]]) => [
            id,
            { billedMs: ms, amount: fraction(units, 10n ** 12n), charged: fraction(units, 7n) },
          ]),
        );
        const clusters = marginsByCluster(
          of,
          list.map(([n, id, s]) => ran(n, id, s, DEAR)),
          'USD',
        );
        const sums = [...of.values()].reduce((sum, { billedMs }) => sum + billedMs, 0n);
        expect(formatRatio(total(clusters.map(({ billedMs }) => billedMs)))).toBe(String(sums));
        for (const what of ['amount', 'charged'] as const)
          expect(total(clusters.map((one) => one[what]))).toEqual(
            total([...of.values()].map((one) => one[what])),
          );
      }),
      propertyRuns(),
    );
  });
});

describe('what was billed', () => {
  const day = (more: Partial<UsageDay>): UsageDay => ({
    ...{
      projectId: 'p',
      project: 'p',
      serviceId: 'a',
      service: 'a',
      priceZone: 'default',
      day: '2026-11-01',
    },
    ...{ requests: 0n, notBillableRequests: 0n, blocks: 0n, perRequestUnits: 0n, requestBytes: 0n },
    ...{ responseBytes: 0n, cpuMillis: 1_000, memoryMiB: 512, ...more },
  });

  it('is time and list price by service, over all days and parts of the month', () => {
    const part = { plan: BUILTIN_PLAN, days: [day({ blocks: 10n, requests: 1n }), day({ blocks: 5n })] };
    const found = billedByService([
      part,
      { plan: BUILTIN_PLAN, days: [day({ serviceId: 'b', requests: 1n })] },
    ]);
    expect(found.get('a')?.billedMs).toBe(1_500n);
    const one = parseRatio('0.000002525');
    const blocks = Array.from({ length: 15 }, () => one).reduce(plus);
    expect(found.get('a')?.amount).toEqual(plus(blocks, parseRatio('0.0000004')));
    expect([found.get('b')?.billedMs, formatRatio(found.get('b')?.amount ?? fraction(0n, 1n))]).toEqual([
      0n,
      '0.0000004',
    ]);
  });

  it('is charged as the lines of the bill are, each service as much as it used of what they count', () => {
    const [time, , requests] = BUILTIN_PLAN.items as [PriceItem, PriceItem, PriceItem];
    const each = { ...requests, tiers: [{ upTo: undefined, rate: parseDecimal('0.1') }], per: 1n };
    const plan: PricePlan = { ...BUILTIN_PLAN, items: [time, each] };
    const half = { discountPercent: parseDecimal('50') };
    const days = [day({ requests: 2n }), day({ serviceId: 'b', requests: 4n }), day({ requests: 1n })];
    const found = billedByService([{ plan, days, ...half }]);
    expect(
      [...found].map(([id, { amount, charged }]) => [id, formatRatio(amount), formatRatio(charged)]),
    ).toEqual([
      // 7 at 0.1, half of it, is 0.35
      ['a', '0.3', '0.15'],
      ['b', '0.4', '0.2'],
    ]);
    const grant = {
      id: 'free',
      name: 'Free',
      items: [each.id],
      quantity: parseDecimal('7'),
      money: undefined,
    };
    const free = billedByService([{ plan: { ...plan, grants: [grant] }, days }]);
    expect([...free.values()].map(({ charged }) => charged)).toEqual([NOTHING, NOTHING]);
  });

  it('comes over all services to the lines of usage of the bill, whatever the plan, and no fee is in it', () => {
    const uses = fc.array(
      fc.record({
        serviceId: fc.constantFrom('a', 'b', 'c'),
        requests: fc.bigInt({ min: 0n, max: 10n ** 9n }),
      }),
      { minLength: 1, maxLength: 6 },
    );
    fc.assert(
      fc.property(
        uses,
        fc.array(uses, { maxLength: 2 }),
        fc.integer({ min: 0, max: 100 }),
        (first, rest, off) => {
          const fee = { id: 'fee', name: 'Fee', amount: parseDecimal('3'), prorated: false };
          const plan: PricePlan = { ...BUILTIN_PLAN, fees: [fee] };
          const held = { ms: 1n, monthMs: 2n };
          const parts = [first, ...rest].map((used, i) => ({
            plan: { ...plan, version: i + 1 },
            days: used.map((one) => day({ ...one, blocks: one.requests * 3n })),
            ...{ held, discountPercent: parseDecimal(String(off)) },
          }));
          const asked = billItems(parts).filter(({ item }) => item !== 'fee');
          expect(total([...billedByService(parts).values()].map(({ charged }) => charged))).toEqual(
            total(asked.map(({ rounded }) => parseRatio(rounded))),
          );
        },
      ),
      propertyRuns(),
    );
  });

  it('counts time once that a plan bills by both models: by its own', () => {
    const [time] = BUILTIN_PLAN.items.filter(({ measure }) => measure === 'request_time');
    const each = { ...(time as PriceItem), id: 'each', model: 'per_request' as const };
    const plan = { ...BUILTIN_PLAN, items: [...BUILTIN_PLAN.items, each] };
    const found = billedByService([{ plan, days: [day({ blocks: 10n, perRequestUnits: 14n })] }]);
    expect(found.get('a')?.billedMs).toBe(1_000n);
  });
});

describe('a price of a cluster', () => {
  it.each(['0', '0.000012', '12', '999999999999.999999999999'])('%s is one', (text) =>
    expect(clusterPriceProblem(text)).toBeUndefined(),
  );
  it.each(['', '-1', '1e-3', '.5', '1.', '0.0000000000001', '1000000000000', '1,5', ' 1'])(
    '%j is none',
    (text) => expect(clusterPriceProblem(text)).toContain('must be a decimal'),
  );
});
