import { monthOf, monthSpan } from '../month.js';
import { billOf } from './bill.js';
import { BUILTIN_PLAN, MEMORY_TICK_PLAN } from '../price/builtin.plans.js';
import { decimalOf } from '../price/decimal.js';
import type { PricePlan } from '../price/plan.types.js';
import { underModel } from '../rating/pricing.js';
import type { UsageDay } from './billing.types.js';

const usage = (change: Partial<UsageDay> = {}): UsageDay => ({
  projectId: 'prj_1',
  project: 'shop-ab12',
  serviceId: 'svc_1',
  service: 'hello',
  revisionId: 'rev_1',
  revision: 'hello-00001',
  priceZone: 'default',
  day: '2026-11-21',
  requests: 1n,
  notBillableRequests: 0n,
  blocks: 1n,
  perRequestUnits: 1n,
  requestBytes: 0n,
  responseBytes: 0n,
  cpuMillis: 1000,
  memoryMiB: 512,
  ...change,
});

const FAST = { zone: undefined, class: 'fast', by: decimalOf(2n) };

const amounts = (change: Partial<UsageDay>, plan = BUILTIN_PLAN): string[] =>
  billOf('2026-11', [{ plan, days: [usage(change)] }]).lines.map(({ amount }) => amount);

describe('rating by the built-in plan', () => {
  it('one request of 1 ms (research vector D4, without free tier)', () => {
    expect(amounts({})).toEqual(['0.0000024', '0.000000125', '0.0000004']);
    expect(billOf('2026-11', [{ plan: BUILTIN_PLAN, days: [usage()] }]).total).toBe('0.000002925');
  });

  it('10 M requests of 200 ms, concurrency 1 (D1 before its free tier of 4.32, 0.90 and 0.80)', () => {
    expect(amounts({ requests: 10_000_000n, blocks: 20_000_000n })).toEqual(['48', '2.5', '4']);
  });

  it('the same with 80 requests fully overlapped (D3: 25,000 vCPU-s)', () => {
    const overlapped = { requests: 10_000_000n, blocks: 250_000n, perRequestUnits: 20_000_000n };
    expect(amounts(overlapped)).toEqual(['0.6', '0.03125', '4']);
    expect(amounts(overlapped, underModel(BUILTIN_PLAN, 'per_request'))).toEqual(['48', '2.5', '4']);
  });

  it('128 MiB for one tick is 3.125e-8: nothing is lost below nano', () => {
    expect(amounts({ memoryMiB: 128 })[1]).toBe('0.00000003125');
  });

  it('32 GiB in 100 instances for a month passes 2^53 and stays exact', () => {
    const blocks = 100n * 25_920_000n;
    expect(amounts({ memoryMiB: 32_768, blocks, requests: 0n })).toEqual(['6220.8', '20736']);
  });

  it('no usage costs nothing and makes no line', () => {
    expect(amounts({ requests: 0n, blocks: 0n, perRequestUnits: 0n, notBillableRequests: 9n })).toEqual([]);
  });

  it('counts memory ticks of each request alone under the other built-in plan', () => {
    expect(amounts({ memoryMiB: 1024, perRequestUnits: 3n, blocks: 1n }, MEMORY_TICK_PLAN)).toEqual([
      '0.00000495',
    ]);
  });

  it.each<[string, Partial<PricePlan['items'][number]>]>([
    ['stopped instances', { measure: 'instance_time', model: undefined, states: ['stopped'] }],
    ['blocks of requests longer than a minute', { quantumMs: 60_001 }],
    ['blocks of requests shorter than 10 ms', { quantumMs: 9 }],
    ['event_deliveries', { measure: 'event_deliveries', model: undefined }],
  ])('refuses a plan that needs a %s which windows do not count', (measure, change) => {
    const items = BUILTIN_PLAN.items.map((item) => ({ ...item, ...change }));
    expect(() => billOf('2026-11', [{ plan: { ...BUILTIN_PLAN, items }, days: [] }])).toThrow(
      `does not count ${measure}`,
    );
  });

  it.each<[string, string, Partial<PricePlan>, Partial<PricePlan['items'][number]>]>([
    ['items of a class', 'usage by class', {}, { classes: ['default', 'fast'] }],
    ['a multiplier by class', 'usage by class', { multipliers: [FAST] }, {}],
    ["an item's multiplier by class", 'usage by class', {}, { multipliers: [FAST] }],
    ['sizes of disks', 'disks', {}, { times: { of: 'disk_gib', atLeast: undefined, beyond: undefined } }],
  ])('refuses a plan with %s, which would cost nothing', (_what, uncounted, change, ofItem) => {
    const [cpu, ...others] = BUILTIN_PLAN.items as [PricePlan['items'][number]];
    const plan = { ...BUILTIN_PLAN, ...change, items: [{ ...cpu, ...ofItem }, ...others] };
    expect(() => billOf('2026-11', [{ plan, days: [] }])).toThrow(`does not count ${uncounted}`);
  });

  it('takes items of the default class, which all usage is of', () => {
    const items = BUILTIN_PLAN.items.map((item) => ({ ...item, classes: ['default'] }));
    expect(amounts({}, { ...BUILTIN_PLAN, items })).toEqual(amounts({}));
  });
});

describe('the bill of a month', () => {
  const days = [
    usage({ requests: 6_000n, blocks: 6_000n, perRequestUnits: 9_000n }),
    usage({ day: '2026-11-22', requests: 6_000n, blocks: 6_000n, perRequestUnits: 9_000n }),
    usage({ day: '2026-11-22', requests: 0n, blocks: 0n, perRequestUnits: 0n, notBillableRequests: 5n }),
  ];
  const bill = billOf('2026-11', [{ plan: BUILTIN_PLAN, days }]);

  it('has exact lines, one rounding per price item, and totals', () => {
    expect(bill.lines).toHaveLength(6);
    expect(bill.lines[0]).toEqual({
      projectId: 'prj_1',
      project: 'shop-ab12',
      serviceId: 'svc_1',
      service: 'hello',
      revisionId: 'rev_1',
      revision: 'hello-00001',
      day: '2026-11-21',
      item: 'cpu',
      version: 1,
      quantity: '6000',
      unit: '100 ms x vCPU',
      rate: '0.0000024',
      amount: '0.0144',
    });
    // 0.0144 twice is 0.0288: rounded once per item, not once per day
    expect(bill.items.map(({ item, amount, rounded }) => [item, amount, rounded])).toEqual([
      ['cpu', '0.0288', '0.03'],
      ['memory', '0.0015', '0.00'],
      ['requests', '0.0048', '0.00'],
    ]);
    expect({ total: bill.total, due: bill.due }).toEqual({ total: '0.0351', due: '0.03' });
  });

  it('shows the same usage under per_request', () => {
    expect(bill.comparison.perRequest).toEqual({ total: '0.05025', due: '0.04' });
  });

  it('of no usage is zero', () => {
    const empty = billOf('2026-11', [{ plan: BUILTIN_PLAN, days: [] }]);
    expect([empty.total, empty.due, empty.lines]).toEqual(['0', '0.00', []]);
  });
});

describe('months', () => {
  it('are UTC spans', () => {
    expect(monthSpan('2026-12')).toEqual({ startMs: Date.UTC(2026, 11, 1), endMs: Date.UTC(2027, 0, 1) });
    expect(monthOf(Date.UTC(2026, 11, 31, 23, 59))).toBe('2026-12');
  });

  it.each(['2026-13', '2026-1', 'november', '', '2026-00', '2026-11-01'])('refuses %j', (text) => {
    expect(() => monthSpan(text)).toThrow(/month/);
  });
});
