import fc from 'fast-check';
import type { Id } from '../id.js';
import { BUILTIN_PLAN } from '../price/builtin.plans.js';
import { parseDecimal } from '../price/decimal.js';
import type { PriceItem } from '../price/plan.types.js';
import { formatRatio, fraction, parseRatio, plus, total } from '../price/ratio.js';
import { propertyRuns } from '../property.rig.js';
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
};
const cluster = (n: number): Id<'cls'> => `cls_${String(n).padStart(20, '0')}`;
const billed = (ms: bigint, amount: string): BilledTime => ({ billedMs: ms, amount: parseRatio(amount) });

/** So many seconds of an instance of 1 vCPU and 512 MiB. */
const ran = (n: number, serviceId: string, seconds: bigint, price?: ClusterPrice): InstanceTime => ({
  clusterId: cluster(n),
  serviceId,
  instanceMs: seconds * 1_000n,
  cpuMs: seconds * 1_000_000n,
  memoryMs: seconds * 512_000n,
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
      one.cost && formatRatio(one.cost),
      margin && formatRatio(margin),
    ];
  });

describe('a margin', () => {
  it('is what was billed without what the seen time costs: 100 s of 1 vCPU and half a GiB', () => {
    const list = marginsByCluster(
      new Map([['a', billed(30_000n, '0.003')]]),
      [ran(1, 'a', 100n, DEAR)],
      'USD',
    );
    expect(shown(list)).toEqual([['1', '30000', '100000', '0.003', '0.0011', '0.0019']]);
  });

  it('shares what was billed of a service among its clusters by how long it ran there', () => {
    const list = marginsByCluster(
      new Map([['a', billed(4_000n, '0.004')]]),
      [ran(1, 'a', 10n, DEAR), ran(2, 'a', 30n, DEAR)],
      'USD',
    );
    expect(shown(list)).toEqual([
      ['1', '1000', '10000', '0.001', '0.00011', '0.00089'],
      ['2', '3000', '30000', '0.003', '0.00033', '0.00267'],
    ]);
  });

  it('can be below nothing', () => {
    expect(shown(marginsByCluster(new Map(), [ran(1, 'a', 100n, DEAR)], 'USD'))).toEqual([
      ['1', '0', '100000', '0', '0.0011', '-0.0011'],
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
    expect(shown(list)).toEqual([['1', '0', '20000', '0', '0.00032', '-0.00032']]);
  });

  it('names no cluster for what was billed of a service that was seen nowhere', () => {
    const list = marginsByCluster(new Map([['b', billed(200n, '0.1')]]), [], 'USD');
    expect(shown(list)).toEqual([[undefined, '200', '0', '0.1', undefined, undefined]]);
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
            { billedMs: ms, amount: fraction(units, 10n ** 12n) },
          ]),
        );
        const clusters = marginsByCluster(
          of,
          list.map(([n, id, s]) => ran(n, id, s, DEAR)),
          'USD',
        );
        const sums = [...of.values()].reduce((sum, { billedMs }) => sum + billedMs, 0n);
        expect(formatRatio(total(clusters.map(({ billedMs }) => billedMs)))).toBe(String(sums));
        expect(total(clusters.map(({ amount }) => amount))).toEqual(
          total([...of.values()].map(({ amount }) => amount)),
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
