import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { formatDecimal, roundHalfUp } from '../price/decimal.js';
import { parseRatio, roundRatio } from '../price/ratio.js';
import { parsePricePlan } from '../price/plan.validation.js';
import { chargeMonth } from './charges.js';
import { priceUsage } from './pricing.js';
import { planDocument, rateLines, roundedOf, theMonth, withRate } from './price.rig.js';
import type { RatedMonth } from './rating.js';

type Line = Record<string, unknown>;

const NOVEMBER = Date.UTC(2026, 10, 1);
const DAY = 86_400_000;
const MINUTE = 60_000;

const revision = (change: Line = {}): Line => ({
  kind: 'revision',
  id: 'rev',
  organizationId: 'org',
  serviceId: 'svc',
  cpuMillis: 1_000,
  memoryMiB: 512,
  concurrency: 1,
  maxInstances: 1_000_000,
  ...change,
});
const requests = (repeat: number, ms: number, change: Line = {}): Line => ({
  kind: 'request',
  revisionId: 'rev',
  startMs: NOVEMBER,
  endMs: NOVEMBER + ms,
  repeat,
  ...change,
});
const instance = (ms: number, change: Line = {}): Line => ({
  kind: 'instance',
  instanceId: 'one',
  revisionId: 'rev',
  startMs: NOVEMBER,
  endMs: NOVEMBER + ms,
  ...change,
});
const count = (counter: string, quantity: number, change: Line = {}): Line => ({
  kind: 'count',
  organizationId: 'org',
  startMs: NOVEMBER,
  counter,
  quantity,
  ...change,
});
const month = (plan: Line, lines: Line[]): RatedMonth => theMonth(rateLines(plan, lines));
const free = { grants: [] };

describe('AWS Lambda', () => {
  const lambda = planDocument('lambda');
  const old = withRate(lambda, 'duration', '0.00001667');
  const x86 = (memoryMiB: number): Line => revision({ memoryMiB, class: 'x86' });

  it.each<[string, Line, Line[], Record<string, string>, string]>([
    [
      'V1: 512 MB, 3 M x 1 s at the price of then',
      old,
      [x86(512), requests(3_000_000, 1_000)],
      { duration: '18.34', requests: '0.40' },
      '18.74',
    ],
    [
      'V2: 128 MB, 30 M x 200 ms at the price of then',
      old,
      [x86(128), requests(30_000_000, 200)],
      { duration: '5.83', requests: '5.80' },
      '11.63',
    ],
    [
      'V4: 1024 MB, 7.44 M x 2 s, nothing free',
      { ...lambda, ...free },
      [x86(1024), requests(7_440_000, 2_000)],
      { duration: '248.00', requests: '1.49' },
      '249.49',
    ],
    [
      'V8: V4 with snapshots: 2,678,400 GB-s kept and 74,400 GB restored',
      { ...lambda, ...free },
      [
        x86(1024),
        requests(7_440_000, 2_000),
        instance(2_678_400_000, { startMs: Date.UTC(2026, 9, 1), endMs: NOVEMBER, state: 'stopped' }),
        count('restores', 74_400, { revisionId: 'rev' }),
      ],
      { duration: '248.00', snapshots: '4.03', restores: '10.40', requests: '1.49' },
      '263.92',
    ],
    [
      'V10: 1024 MB, 10 M x 2 s, 200k environments: 333.33, not the 333.34 that is printed (368.74)',
      { ...lambda, ...free },
      [x86(1024), requests(10_000_000, 2_000), count('environments', 200_000, { revisionId: 'rev' })],
      { duration: '333.33', environments: '33.40', requests: '2.00' },
      '368.73',
    ],
    [
      'V13: 30 M x 2 s, 1024 MB, 800 EPU-h: requests are 30 M, not the 60 M of the printed 12.00 (1,153.3)',
      lambda,
      [x86(1024), requests(30_000_000, 2_000), count('event-poller-hours', 800)],
      { duration: '993.34', pollers: '148.00', requests: '5.80' },
      '1147.14',
    ],
  ])('%s', (_name, plan, lines, rounded, due) => {
    // V8's snapshots lie in October, its requests in November: brought together, since a month has 31 days there
    const months = rateLines(plan, lines).months;
    expect(Object.assign({}, ...months.map(roundedOf))).toEqual(rounded);
    const cents = months.reduce((sum, { due: of }) => sum + BigInt(of.replace('.', '')), 0n);
    expect(cents).toBe(BigInt(due.replace('.', '')));
  });

  it('rounds provisioned concurrency up to 5 minutes, its requests to 1 ms', () => {
    const lines = [
      revision({ memoryMiB: 1024, class: 'provisioned' }),
      requests(1_000, 1),
      instance(5 * MINUTE + 1),
    ];
    const { charges } = month(lambda, lines);
    expect(charges.map(({ item, quantity }) => [item, quantity])).toEqual([
      ['duration-provisioned', '1'],
      ['provisioned', '600'],
      ['requests', '0.001'],
    ]);
  });

  it('counts the disk beyond 512 MB only', () => {
    const disk = (diskMiB: number): string[] =>
      month(lambda, [revision({ class: 'x86', diskMiB }), requests(1, 1_000)]).charges.flatMap((charge) =>
        charge.item === 'disk' ? [charge.quantity] : [],
      );
    expect([disk(0), disk(512), disk(1_536)]).toEqual([[], [], ['1']]);
  });

  it('climbs its tiers: 6 billion GB-s, then 9, then the rest', () => {
    const lines = [x86(1024), requests(16_000_000_000, 1_000)];
    // 6e9 x 0.0000166667 + 9e9 x 0.000015 + 1e9 x 0.0000133334
    expect(month({ ...lambda, ...free }, lines).charges[0]).toMatchObject({
      amount: '248333.6',
      list: '266667.2',
    });
  });
});

describe('Cloud Functions, 1st generation', () => {
  const gen1 = planDocument('cloud-functions-gen1');

  it.each([
    [128, '0.000000231'],
    [256, '0.000000463'],
    [512, '0.000000925'],
    [1024, '0.00000165'],
    [2048, '0.0000029'],
    [4096, '0.0000058'],
    [8192, '0.0000068'],
    [16384, '0.0000136'],
    [32768, '0.0000272'],
  ])('V14: 100 ms of %i MB cost %s (half-up at nine places)', (memoryMiB, price) => {
    const { charges } = month({ ...gen1, ...free }, [revision({ memoryMiB }), requests(1, 100)]);
    const time = charges.filter(({ item }) => item !== 'invocations').map(({ amount }) => parseRatio(amount));
    const both = time.reduce((sum, { top, bottom }) => sum + (top * 10n ** 15n) / bottom, 0n);
    expect(formatDecimal(roundHalfUp({ units: both, scale: 15 }, 9))).toBe(price);
  });

  it('V15: 10 M x 300 ms of 128 MB', () => {
    const got = month(gen1, [revision({ memoryMiB: 128 }), requests(10_000_000, 300)]);
    expect(roundedOf(got)).toEqual({ memory: '0.00', cpu: '4.00', invocations: '3.20' });
    expect(got.due).toBe('7.20');
    expect(got.charges.map(({ item, quantity }) => [item, quantity])).toContainEqual(['memory', '375000']);
  });

  it('rounds 260 ms up to 300 and bills what failed', () => {
    const got = month(gen1, [revision({ memoryMiB: 1024 }), requests(1, 260, { status: 500 })]);
    expect(got.charges[0]?.quantity).toBe('0.3');
  });

  it.each([
    ['one instance in tier 1', 'us-central1', 1, '0.62'],
    ['two instances in tier 1', 'us-central1', 2, '2.3136'],
    ['one instance in tier 2', 'asia-east2', 1, '1.268'],
  ])('V16: a minimum of %s, 30 days, 256 MB', (_name, region, repeat, exactly) => {
    const idle = instance(30 * DAY, { state: 'idle', region, repeat });
    expect(month(gen1, [revision({ memoryMiB: 256 }), idle]).total).toBe(exactly);
  });
});

describe('Cloud Run by requests', () => {
  const run = planDocument('cloud-run-requests');

  it.each([
    ['tier 1', 'us-central1', '2.88'],
    ['tier 2', 'us-west2', '6.12'],
  ])('V18: a minimum of one instance in %s, 30 days, 256 MB, 1 vCPU', (_name, region, due) => {
    const got = month(run, [revision({ memoryMiB: 256 }), instance(30 * DAY, { state: 'idle', region })]);
    expect([got.total, got.due]).toEqual([due, due]);
  });

  it('V20: V16 and V18 together: each has its own free tier', () => {
    const lines = [
      revision({ memoryMiB: 256 }),
      instance(30 * DAY, { state: 'idle', region: 'us-central1' }),
    ];
    const both = [month(planDocument('cloud-functions-gen1'), lines), month(run, lines)];
    expect(both.map(({ due }) => BigInt(due.replace('.', ''))).reduce((a, b) => a + b)).toBe(350n);
  });

  it('D1: 10 M x 200 ms, concurrency 1, 1 vCPU, 0.5 GiB (and N1: not the 39.36 of a doubled free tier)', () => {
    const got = month(run, [revision(), requests(10_000_000, 200, { region: 'us-central1' })]);
    expect(roundedOf(got)).toEqual({ cpu: '43.68', memory: '1.60', requests: '3.20' });
    expect(got.due).toBe('48.48');
  });

  it('D3: the same requests, 80 overlapping fully each time: 25,000 vCPU-s', () => {
    const spans = Array.from({ length: 10_000 }, (_one, i) => NOVEMBER + Math.floor(i / 80) * 1_000);
    const lines = spans.map((startMs) => requests(1, 0, { startMs, endMs: startMs + 200 }));
    const some = month(run, [revision({ concurrency: 80 }), ...lines]);
    expect(some.charges.map(({ item, quantity }) => [item, quantity])).toEqual([
      ['cpu', '25'],
      ['memory', '12.5'],
      ['requests', '0.01'],
    ]);
    // a thousand times that
    const plan = parsePricePlan(run);
    const size = { cpuMillis: 1_000, memoryMiB: 512, diskMiB: 0, gpus: 0, gpuClass: undefined };
    const quantities = new Map([
      ['request_time/concurrency#0', 25_000_000n],
      ['requests#0', 10_000_000n],
    ]);
    const all = priceUsage(plan, { zone: 'tier-1', class: undefined, size, quantities });
    const charges = chargeMonth([{ plan, lines: all }]);
    expect(charges.map(({ rounded }) => formatDecimal(rounded, 2))).toEqual(['0.00', '0.00', '3.20']);
  });

  it('D4: one request of 1 ms, nothing free', () => {
    const got = month({ ...run, ...free }, [revision(), requests(1, 1)]);
    expect(got.charges.map(({ amount }) => amount)).toEqual(['0.0000024', '0.000000125', '0.0000004']);
    expect(got.total).toBe('0.000002925');
  });

  it('100 simultaneous requests of 100 ms work, concurrency 1, maxInstances 1, seen as 100 … 10,000 ms: 100 blocks', () => {
    const seen = Array.from({ length: 100 }, (_one, i) => requests(1, (i + 1) * 100));
    const got = month(run, [revision({ maxInstances: 1 }), ...seen]);
    expect(got.charges[0]?.quantity).toBe('10');
  });

  it.each<[string, [number, number][], string]>([
    [
      '50 ms apart',
      [
        [0, 10],
        [50, 60],
      ],
      '0.1',
    ],
    [
      '90 ms apart',
      [
        [0, 10],
        [90, 100],
      ],
      '0.1',
    ],
    [
      'the same and what lies between',
      [
        [0, 10],
        [10, 90],
        [90, 100],
      ],
      '0.1',
    ],
    ['across a fixed grid', [[95, 105]], '0.1'],
    [
      '150 ms apart',
      [
        [0, 10],
        [150, 160],
      ],
      '0.2',
    ],
  ])('interval vectors: %s', (_name, spans, seconds) => {
    const lines = spans.map(([from, to]) =>
      requests(1, 0, { startMs: NOVEMBER + from, endMs: NOVEMBER + to }),
    );
    const got = month({ ...run, ...free }, [revision(), ...lines]);
    expect(got.charges[0]?.quantity).toBe(seconds);
  });
});

describe('Cloud Run by instances', () => {
  const run = planDocument('cloud-run-instances');
  const jobs = planDocument('cloud-run-jobs');
  const job = revision({ cpuMillis: 2_000, memoryMiB: 8_192, class: 'job' });

  it.each([
    [30, '0', '0.00'],
    [60, '0.828', '0.83'],
    [120, '6.012', '6.01'],
    [180, '11.628', '11.63'],
  ])('V21: 30 nights of %i minutes, 2 vCPU and 8 GiB', (minutes, exactly, published) => {
    const nights = Array.from({ length: 30 }, (_one, day) =>
      instance(0, {
        instanceId: `night-${day}`,
        startMs: NOVEMBER + day * DAY,
        endMs: NOVEMBER + day * DAY + minutes * MINUTE,
      }),
    );
    const { total } = month(jobs, [job, ...nights]);
    expect(total).toBe(exactly);
    // published as one number; we round each line, so 120 minutes are 3.46 + 2.56
    expect(formatDecimal(roundRatio(parseRatio(total), 2), 2)).toBe(published);
  });

  it('counts an attempt of a task at least a minute', () => {
    const got = month({ ...jobs, ...free }, [job, instance(1_001)]);
    expect(got.charges.map(({ quantity }) => quantity)).toEqual(['120', '480']);
  });

  it('prices GPUs by class, each of them', () => {
    const gpu = revision({ cpuMillis: 4_000, memoryMiB: 16_384, gpus: 2, gpuClass: 'nvidia-l4' });
    const { charges } = month({ ...run, ...free }, [gpu, instance(100_000)]);
    expect(charges.map(({ item, quantity, amount }) => [item, quantity, amount])).toEqual([
      ['cpu', '400', '0.0072'],
      ['memory', '1600', '0.0032'],
      ['l4', '200', '0.03734'],
    ]);
  });
});

describe('Fly', () => {
  const fly = planDocument('fly');
  const disk = revision({ cpuMillis: 0, memoryMiB: 0, diskMiB: 1024 });

  it.each([
    ['one stopped for 10 days', 10, 1, '0.05'],
    ['three stopped for 30 days', 30, 3, '0.45'],
  ])('V23: 1 GB of root file system, %s', (_name, days, repeat, due) => {
    expect(month(fly, [disk, instance(days * DAY, { state: 'stopped', repeat })]).due).toBe(due);
  });

  it('V23: 29 a month from the middle of a month of 30 days', () => {
    const half = {
      kind: 'subscription',
      organizationId: 'org',
      startMs: NOVEMBER + 15 * DAY,
      endMs: NOVEMBER + 30 * DAY,
    };
    expect(month(fly, [half]).due).toBe('14.50');
  });
});

describe('Modal', () => {
  const modal = planDocument('modal');
  const hours = 10_000 * 3_600_000;

  it.each([
    ['base', 'nowhere', undefined, '471.60'],
    ['in the US and not preempted, x 3.75', 'us-east', 'non-preemptible', '1768.50'],
  ])('V25: 10,000 core-hours, %s', (_name, region, of, due) => {
    const core = revision({ memoryMiB: 0, class: of });
    const got = month({ ...modal, ...free }, [core, instance(hours / 20, { region, repeat: 20 })]);
    expect(got.due).toBe(due);
  });

  it('counts at least an eighth of a core, and takes 30 USD off whatever it was', () => {
    const small = month({ ...modal, ...free }, [revision({ cpuMillis: 10 }), instance(8_000)]);
    expect(small.charges[0]?.quantity).toBe('1');
    const got = month(modal, [revision({ memoryMiB: 0 }), instance(hours / 20, { repeat: 20 })]);
    expect(got.due).toBe('441.60');
  });
});

describe('Azure Container Apps', () => {
  it('rates seconds of replicas, active and idle, beyond what is free', () => {
    const lines = [
      revision({ memoryMiB: 1024 }),
      instance(200_000_000),
      instance(1_001, {
        instanceId: 'two',
        startMs: NOVEMBER + DAY,
        endMs: NOVEMBER + DAY + 1_001,
        state: 'idle',
      }),
      requests(3_000_000, 10),
    ];
    const got = month(planDocument('azure-container-apps'), lines);
    expect(got.charges.map(({ item, quantity, amount }) => [item, quantity, amount])).toEqual([
      ['cpu', '200000', '0.48'],
      ['idle-cpu', '2', '0.000006'],
      ['memory', '200000', '0'],
      ['idle-memory', '2', '0'],
      ['requests', '3', '0.4'],
    ]);
  });
});

it('every example of docs/prices is a valid plan', () => {
  const folder = join(import.meta.dirname, '../../../../docs/prices');
  const names = readdirSync(folder).filter((name) => name.endsWith('.yaml'));
  expect(names.length).toBeGreaterThanOrEqual(7);
  for (const name of names) expect(() => rateLines(planDocument(name.slice(0, -5)), [])).not.toThrow();
});
