import { planDocument, rateLines, theMonth } from './price.rig.js';
import type { RatedMonth } from './rating.js';

type Line = Record<string, unknown>;

const NOVEMBER = Date.UTC(2026, 10, 1);
const DAY = 86_400_000;

const item = (change: Line = {}): Line => ({
  id: 'calls',
  name: 'Calls',
  measure: 'counter',
  counter: 'calls',
  unit: 'call',
  rate: '1',
  ...change,
});
const plan = (change: Line = {}): Line => ({
  id: 'plan',
  version: 1,
  name: 'Plan',
  currency: 'USD',
  decimals: 2,
  effectiveFrom: '2026-01-01T00:00:00Z',
  zones: [{ name: 'far', regions: ['far'] }],
  multipliers: [{ zone: 'far', by: '2' }],
  counters: ['calls', 'others'],
  items: [item()],
  ...change,
});
const tiers = [{ upTo: '10', rate: '3' }, { upTo: '30', rate: '2' }, { rate: '1' }];
const calls = (quantity: number, change: Line = {}): Line => ({
  kind: 'count',
  organizationId: 'org',
  startMs: NOVEMBER,
  counter: 'calls',
  quantity,
  ...change,
});
const month = (plans: Line | Line[], lines: Line[]): RatedMonth => theMonth(rateLines(plans, lines));
const free = (change: Line): Line[] => [{ id: 'free', name: 'Free', ...change }];

describe('tiers', () => {
  it.each([
    ['graduated', 10, '30'],
    ['graduated', 11, '32'],
    ['graduated', 30, '70'],
    ['graduated', 31, '71'],
    ['volume', 10, '30'],
    ['volume', 11, '22'],
    ['volume', 30, '60'],
    ['volume', 31, '31'],
  ])('%s: %i calls cost %s', (tierMode, quantity, total) => {
    const items = [item({ rate: undefined, tiers, tierMode })];
    const got = rateLines(plan({ items }), [calls(quantity)]).months[0];
    expect(got?.total).toBe(total);
  });

  it('are climbed in each zone alone, at its multiplier, and the climb is named', () => {
    const items = [item({ rate: undefined, tiers })];
    const got = month(plan({ items }), [calls(20), calls(20, { region: 'far' })]);
    expect(got.charges[0]).toMatchObject({
      list: '180',
      amount: '150',
      adjustments: [{ kind: 'tiers', id: 'calls', amount: '-30' }],
    });
  });

  it('are climbed by all classes of a zone together', () => {
    const items = [item({ rate: undefined, tiers })];
    const lines = ['a', 'b', 'c'].map((of) => calls(10, { class: of }));
    expect(month(plan({ items }), lines).total).toBe('70');
  });

  it('are climbed on by the next version', () => {
    const items = [item({ rate: undefined, tiers })];
    const second = plan({ items, version: 2, effectiveFrom: '2026-11-10T00:00:00Z' });
    const lines = [calls(15), calls(20, { startMs: NOVEMBER + 20 * DAY })];
    // 10 x 3 + 5 x 2, then 15 x 2 + 5 x 1
    expect(month([plan({ items }), second], lines).charges.map(({ amount }) => amount)).toEqual(['40', '35']);
  });
});

describe('grants', () => {
  const others = item({ id: 'others', counter: 'others', rate: '5' });

  it('of a quantity are used where they save most', () => {
    const grants = free({ quantity: '10' });
    const lines = [calls(8), calls(4, { region: 'far' }), calls(3, { counter: 'others' })];
    const got = month(plan({ items: [item(), others], grants }), lines);
    // 3 of the others (5 each), 4 far calls (2 each), 3 near ones: 5 near ones are left
    expect(got.charges.map(({ item: id, amount }) => [id, amount])).toEqual([
      ['calls', '5'],
      ['others', '0'],
    ]);
  });

  it('of money are used in the order of the plan, after tiers', () => {
    const items = [item({ rate: undefined, tiers }), others];
    const got = month(plan({ items, grants: free({ money: '33' }) }), [
      calls(11),
      calls(1, { counter: 'others' }),
    ]);
    expect(got.charges.map(({ amount }) => amount)).toEqual(['0', '4']);
  });

  it('are used once a month, whatever versions there are, and anew in the next', () => {
    const grants = free({ quantity: '10' });
    const second = plan({ grants, version: 2, effectiveFrom: '2026-11-10T00:00:00Z' });
    const at = (day: number): Line => calls(6, { startMs: NOVEMBER + day * DAY });
    const { months } = rateLines([plan({ grants }), second], [at(0), at(10), at(20), at(31)]);
    expect(months.map(({ total }) => total)).toEqual(['8', '0']);
  });

  it('stand beside the rounding, by name', () => {
    const got = month(plan({ items: [item({ rate: '0.333' })], grants: free({ money: '0.1' }) }), [calls(2)]);
    expect(got.charges[0]).toMatchObject({
      list: '0.666',
      amount: '0.566',
      rounded: '0.57',
      adjustments: [
        { kind: 'grant', id: 'free', amount: '-0.1' },
        { kind: 'rounding', id: 'calls', amount: '0.004' },
      ],
    });
  });
});

describe('multipliers', () => {
  const class3 = { class: 'fast', by: '3' };
  const multipliers = [{ zone: 'far', by: '2' }, class3];

  it.each([
    ['near, of no class', {}, [], '1'],
    ['far', { region: 'far' }, [], '2'],
    ['fast', { class: 'fast' }, [], '3'],
    ['far and fast', { region: 'far', class: 'fast' }, [], '6'],
    ['far and fast, far of its own', { region: 'far', class: 'fast' }, [{ zone: 'far', by: '1' }], '3'],
    ['far and fast, fast of its own', { region: 'far', class: 'fast' }, [{ class: 'fast', by: '0.5' }], '1'],
  ])('%s', (_name, change, own, total) => {
    const items = [item({ multipliers: own })];
    expect(month(plan({ multipliers, items }), [calls(1, change)]).total).toBe(total);
  });
});

describe('fees', () => {
  const fee = (prorated: boolean): Line =>
    plan({ items: [], fees: [{ id: 'base', name: 'Base', amount: '30', prorated }] });
  const held = (from: number, to: number): Line => ({
    kind: 'subscription',
    organizationId: 'org',
    startMs: NOVEMBER + from * DAY,
    endMs: NOVEMBER + to * DAY,
  });

  it.each([
    [true, [held(0, 30)], '30'],
    [true, [held(20, 30)], '10'],
    [true, [held(0, 10), held(5, 10), held(29, 30)], '11'],
    [false, [held(29, 30)], '30'],
  ])('prorated %s', (prorated, lines, total) => expect(month(fee(prorated), lines).total).toBe(total));

  it('of a third of a month of 31 days is an exact fraction until it is rounded', () => {
    const got = month(fee(true), [held(30, 41)]);
    expect([got.total, got.due]).toEqual(['330/31', '10.65']);
  });

  it('lies in each month it reaches into', () => {
    const { months } = rateLines(fee(true), [held(20, 30 + 31 + 31)]);
    expect(months.map(({ month: of, total }) => [of, total])).toEqual([
      ['2026-11', '10'],
      ['2026-12', '30'],
      ['2027-01', '30'],
    ]);
  });

  it('not prorated is charged once, by the version in force first', () => {
    const second = { ...fee(false), version: 2, effectiveFrom: '2026-11-10T00:00:00Z' };
    const charges = month([fee(false), second], [held(0, 30)]).charges;
    expect(charges.map(({ version, amount }) => [version, amount])).toEqual([[1, '30']]);
  });
});

it('measures builds by the minute, deliveries, and bytes from both ends', () => {
  const items = [
    {
      id: 'builds',
      name: 'Builds',
      measure: 'build_time',
      quantum: '1 min',
      rate: '0.006',
      per: '1 min',
      unit: 'minute',
    },
    { id: 'events', name: 'Events', measure: 'event_deliveries', rate: '0.5', per: '1000', unit: 'thousand' },
    { id: 'egress', name: 'Egress', measure: 'egress_bytes', rate: '0.1', per: '1 GiB', unit: 'GiB' },
  ];
  const revision = {
    kind: 'revision',
    id: 'rev',
    organizationId: 'org',
    serviceId: 'svc',
    cpuMillis: 1,
    memoryMiB: 1,
    concurrency: 1,
    maxInstances: 1,
  };
  const span = { startMs: NOVEMBER, endMs: NOVEMBER + 61_000 };
  const lines = [
    revision,
    { kind: 'build', organizationId: 'org', ...span },
    calls(2_500, { counter: 'event_deliveries' }),
    calls(2 ** 30, { counter: 'egress_bytes' }),
    { kind: 'request', revisionId: 'rev', ...span, responseBytes: 2 ** 29, repeat: 2 },
  ];
  expect(month(plan({ items }), lines).charges.map(({ quantity, amount }) => [quantity, amount])).toEqual([
    ['2', '0.012'],
    ['2.5', '1.25'],
    ['2', '0.2'],
  ]);
});

it('counts a minimum for jobs and not for what has no class', () => {
  const lines = (of: Line): Line[] => [
    {
      kind: 'revision',
      id: 'rev',
      organizationId: 'org',
      serviceId: 'svc',
      cpuMillis: 1_000,
      memoryMiB: 1_024,
      concurrency: 1,
      maxInstances: 1,
      ...of,
    },
    { kind: 'instance', instanceId: 'one', revisionId: 'rev', startMs: NOVEMBER, endMs: NOVEMBER + 1_001 },
  ];
  const itemsOf = (name: string, of: string) =>
    (planDocument(name)['items'] as Line[]).map((one) => ({ ...one, classes: [of] }));
  const items = [...itemsOf('cloud-run-instances', 'default'), ...itemsOf('cloud-run-jobs', 'job')];
  const run = planDocument('cloud-run-instances', { grants: [], items });
  const quantities = (of: Line): unknown =>
    month(run, lines(of)).charges.map(({ item: id, quantity }) => [id, quantity]);
  expect(quantities({})).toEqual([
    ['cpu', '1.1'],
    ['memory', '1.1'],
  ]);
  expect(quantities({ class: 'job' })).toEqual([
    ['job-cpu', '60'],
    ['job-memory', '60'],
  ]);
});

describe('quanta and minimums', () => {
  const time = { measure: 'request_time', unit: 's', rate: '1' };
  const revision = {
    kind: 'revision',
    id: 'rev',
    organizationId: 'org',
    serviceId: 'svc',
    cpuMillis: 1_000,
    memoryMiB: 1_024,
    concurrency: 1,
    maxInstances: 1,
  };
  const request = { kind: 'request', revisionId: 'rev', startMs: NOVEMBER, endMs: NOVEMBER + 1_101 };
  const quantities = (items: Line[]): string[] =>
    month(plan({ items }), [revision, request]).charges.map(({ quantity }) => quantity);

  it('are each item its own', () => {
    const items = ['1 ms', '100 ms', '1 s', '5 min'].map((quantum, i) => ({
      ...time,
      id: `q${i}`,
      name: 'T',
      quantum,
    }));
    expect(quantities(items)).toEqual(['1.101', '1.2', '2', '300']);
  });

  it.each([
    ['0 s', '1.2'],
    ['1 s', '1.2'],
    ['5 s', '5'],
  ])('a request alone counts at least %s', (minimum, quantity) => {
    expect(quantities([{ ...time, id: 'a', name: 'T', model: 'per_request', minimum }])).toEqual([quantity]);
  });
});

it('an id is an identity at one start only', () => {
  const lines = [calls(1, { id: 'a' }), calls(1, { id: 'a' }), calls(2, { id: 'a', startMs: NOVEMBER + 1 })];
  expect(month(plan(), lines).total).toBe('3');
});
