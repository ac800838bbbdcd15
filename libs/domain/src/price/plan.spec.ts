import { TowpathError } from '../error.js';
import { BUILTIN_PLAN, MEMORY_TICK_PLAN } from './builtin.plans.js';
import { formatDecimal } from './decimal.js';
import { parsePricePlan } from './plan.validation.js';
import { parsePriceSchedule, planAt } from './schedule.js';
import { priceZoneOf } from './zones.js';

const cpu = {
  id: 'cpu',
  name: 'CPU',
  measure: 'request_time',
  times: 'vcpu',
  rate: '0.000024',
  per: '1 s',
  unit: 'vCPU-s',
};
const requests = { id: 'requests', name: 'Requests', measure: 'requests', rate: '0.4', unit: 'request' };
const plan = {
  id: 'plan',
  version: 1,
  name: 'A plan',
  currency: 'USD',
  decimals: 2,
  effectiveFrom: '2026-01-01T00:00:00Z',
  zones: [
    { name: 'near', regions: ['a', 'b'] },
    { name: 'far', regions: ['c'] },
  ],
  multipliers: [{ zone: 'far', by: '1.4' }],
  counters: ['restores'],
  items: [cpu, requests],
};
type Change = Record<string, unknown>;
const withPlan = (change: Change): Change => ({ ...plan, ...change });
const withItem = (change: Change): Change => ({ ...plan, items: [{ ...cpu, ...change }] });
const withRequests = (change: Change): Change => ({ ...plan, items: [{ ...requests, ...change }] });
const grant = (change: Change): Change =>
  withPlan({ grants: [{ id: 'free', name: 'Free', money: '1', ...change }] });
const tiers = (...list: Change[]): Change => withItem({ rate: undefined, tiers: list });

function fieldsOf(inputs: readonly unknown[]): string[] {
  try {
    parsePriceSchedule(inputs);
    return [];
  } catch (error) {
    if (!(error instanceof TowpathError)) throw error;
    return (error.violations ?? []).map(({ field }) => field);
  }
}

describe('the built-in plans', () => {
  it('are in the shape of Cloud Run, and of 100 ms of memory', () => {
    expect(BUILTIN_PLAN.items.map(({ id, model }) => [id, model])).toEqual([
      ['cpu', 'concurrency'],
      ['memory', 'concurrency'],
      ['requests', undefined],
    ]);
    expect(MEMORY_TICK_PLAN.items.map(({ id, model, quantumMs }) => [id, model, quantumMs])).toEqual([
      ['memory', 'per_request', 100],
    ]);
  });
});

describe('a price plan as data', () => {
  it('says what instances run under, by a word that is known', () => {
    expect(parsePricePlan(withPlan({ runtimeTier: 'sandboxed' })).runtimeTier).toBe('sandboxed');
    expect(fieldsOf([withPlan({ runtimeTier: 'gvisor' })])).toEqual(['runtimeTier']);
  });

  it('is read with its defaults', () => {
    const { items, model, effectiveFromMs, fees, runtimeTier } = parsePricePlan(plan);
    expect({ model, effectiveFromMs, fees, runtimeTier }).toEqual({
      model: 'concurrency',
      runtimeTier: 'standard',
      effectiveFromMs: Date.UTC(2026, 0, 1),
      fees: [],
    });
    expect(items.map(({ per, quantumMs, model: of }) => [per, quantumMs, of])).toEqual([
      [1_000n, 100, 'concurrency'],
      [1n, 1, undefined],
    ]);
    expect(items[0]?.tiers.map(({ rate }) => formatDecimal(rate))).toEqual(['0.000024']);
  });

  it.each([
    [{ per: '30 d' }, 2_592_000_000n],
    [{ per: '1 h' }, 3_600_000n],
    [{ per: '100ms' }, 100n],
  ])('per %j of time is %i', (change, per) =>
    expect(parsePricePlan(withItem(change)).items[0]?.per).toBe(per),
  );

  it.each<[string, unknown, string[]]>([
    ['not an object', [], ['price plan']],
    ['nothing', undefined, ['price plan']],
    ['an unknown field', withPlan({ colour: 'red' }), ['colour']],
    ['an unknown field of an item', withItem({ tax: 1 }), ['items[0].tax']],
    ['a currency in words', withPlan({ currency: 'dollars' }), ['currency']],
    ['an unknown model', withPlan({ model: 'guess' }), ['model']],
    ['neither items nor fees', withPlan({ items: [] }), ['items']],
    ['half a version', withPlan({ version: 1.5 }), ['version']],
    ['too many decimals of money', withPlan({ decimals: 9 }), ['decimals']],
    ['a day that is none', withPlan({ effectiveFrom: '2026-02-30T00:00:00Z' }), ['effectiveFrom']],
    ['a time without a zone', withPlan({ effectiveFrom: '2026-02-03T00:00:00' }), ['effectiveFrom']],
    ['a rate that is a number', withItem({ rate: 0.1 }), ['items[0].rate']],
    ['a negative rate', withItem({ rate: '-0.1' }), ['items[0].rate']],
    ['a rate with an exponent', withItem({ rate: '1e-9' }), ['items[0].rate']],
    ['more decimals than are kept', withItem({ rate: `0.${'0'.repeat(18)}1` }), ['items[0].rate']],
    ['an amount out of range', withItem({ rate: '1000000000000000001' }), ['items[0].rate']],
    ['no rate', withItem({ rate: undefined }), ['items[0].rate']],
    ['rate and tiers', withItem({ tiers: [{ rate: '1' }] }), ['items[0].rate']],
    ['an unknown measure', withItem({ measure: 'love' }), ['items[0].measure']],
    ['an unknown size', withItem({ times: 'love' }), ['items[0].times']],
    ['bytes for time', withItem({ per: '1 GiB' }), ['items[0].per']],
    ['nothing for time', withItem({ per: '0 s' }), ['items[0].per']],
    ['time for a count', withRequests({ per: '1 s' }), ['items[0].per']],
    ['an item that is a text', withPlan({ items: ['cpu'] }), ['items[0]']],
    ['an item twice', withPlan({ items: [cpu, cpu] }), ['items[1].id']],
    ['a model of a count', withRequests({ model: 'concurrency' }), ['items[0].model']],
    ['request time by instance', withPlan({ model: 'instance', items: [cpu] }), ['items[0].model']],
    ['a minimum under concurrency', withItem({ minimum: '1 s' }), ['items[0].minimum']],
    ['a quantum of days', withItem({ quantum: '1 d' }), ['items[0].quantum']],
    ['states of a request', withItem({ states: ['idle'] }), ['items[0].states']],
    ['an unknown state', withItem({ measure: 'instance_time', states: ['happy'] }), ['items[0].states[0]']],
    ['GPU time of no class', withItem({ measure: 'gpu_time' }), ['items[0].gpuClass']],
    ['a GPU class of requests', withItem({ gpuClass: 'l4' }), ['items[0].gpuClass']],
    ['a counter without a name', withRequests({ measure: 'counter' }), ['items[0].counter']],
    ['an unknown counter', withRequests({ measure: 'counter', counter: 'x' }), ['items[0].counter']],
    ['an unknown zone', withItem({ zones: ['mars'] }), ['items[0].zones[0]']],
    [
      'tiers that overlap',
      tiers({ upTo: '5', rate: '2' }, { upTo: '5', rate: '1' }, { rate: '0' }),
      ['items[0].tiers[1].upTo'],
    ],
    ['a last tier that ends', tiers({ upTo: '5', rate: '2' }), ['items[0].tiers[0].upTo']],
    ['a tier without an end', tiers({ rate: '2' }, { rate: '1' }), ['items[0].tiers[0].upTo']],
    [
      'a tier with a negative rate',
      tiers({ upTo: '5', rate: '-2' }, { rate: '1' }),
      ['items[0].tiers[0].rate'],
    ],
    ['a way of tiers without tiers', withItem({ tierMode: 'volume' }), ['items[0].tierMode']],
    [
      'a table that does not climb',
      withItem({
        times: {
          table: [
            { upToMiB: 256, value: '0.4' },
            { upToMiB: 128, value: '0.2' },
          ],
        },
      }),
      ['items[0].times.table[1].upToMiB'],
    ],
    [
      'a region in two zones',
      withPlan({
        zones: [
          { name: 'a', regions: ['x'] },
          { name: 'b', regions: ['x'] },
        ],
        multipliers: [],
      }),
      ['zones[1].regions[0]'],
    ],
    [
      'a zone twice',
      withPlan({
        zones: [
          { name: 'a', regions: ['x'] },
          { name: 'a', regions: ['y'] },
        ],
        multipliers: [],
      }),
      ['zones[1].name'],
    ],
    ['a multiplier of nothing', withPlan({ multipliers: [{ by: '2' }] }), ['multipliers[0]']],
    [
      'a multiplier of an unknown zone',
      withPlan({ multipliers: [{ zone: 'mars', by: '2' }] }),
      ['multipliers[0].zone'],
    ],
    [
      'a multiplier twice',
      withPlan({
        multipliers: [
          { class: 'x', by: '2' },
          { class: 'x', by: '3' },
        ],
      }),
      ['multipliers[1]'],
    ],
    ['a negative multiplier', withPlan({ multipliers: [{ class: 'x', by: '-2' }] }), ['multipliers[0].by']],
    ['a grant of both', grant({ quantity: '1', items: ['cpu'] }), ['grants[0]']],
    ['a grant of nothing', grant({ money: undefined }), ['grants[0]']],
    ['a grant of unknown items', grant({ items: ['x'] }), ['grants[0].items[0]']],
    ['a quantity over two units', grant({ money: undefined, quantity: '5' }), ['grants[0].items']],
    ['a grant in another currency', grant({ currency: 'EUR' }), ['grants[0].currency']],
    ['an item in another currency', withItem({ currency: 'EUR' }), ['items[0].currency']],
    [
      'a fee in another currency',
      withPlan({ fees: [{ id: 'f', name: 'Fee', amount: '1', currency: 'EUR' }] }),
      ['fees[0].currency'],
    ],
    ['a fee without an amount', withPlan({ fees: [{ id: 'f', name: 'Fee' }] }), ['fees[0].amount']],
    [
      'two wrong fields',
      withPlan({ currency: 'x', items: [{ ...cpu, rate: 'x' }] }),
      ['currency', 'items[0].rate'],
    ],
  ])('names the wrong field: %s', (_name, input, fields) => expect(fieldsOf([input])).toEqual(fields));
});

describe('versions of a plan', () => {
  const second = { ...plan, version: 2, effectiveFrom: '2026-06-15T12:00:00Z' };

  it('are in force one after the other, in whatever order they are given', () => {
    const schedule = parsePriceSchedule([second, plan]);
    const at = (text: string): number | undefined => planAt(schedule, Date.parse(text))?.version;
    expect([
      at('2025-12-31T23:59:59.999Z'),
      at('2026-01-01T00:00:00Z'),
      at('2026-06-15T11:59:59.999Z'),
    ]).toEqual([undefined, 1, 1]);
    expect([at('2026-06-15T12:00:00Z'), at('2030-01-01T00:00:00Z')]).toEqual([2, 2]);
  });

  it.each<[string, unknown, string[]]>([
    ['another plan', { ...second, id: 'other' }, ['plans[1].id']],
    ['another currency', { ...second, currency: 'EUR' }, ['plans[1].currency']],
    ['the same number', { ...second, version: 1 }, ['plans[1].version']],
    [
      'an id that means something else',
      { ...second, items: [{ ...cpu, times: 'gib' }] },
      ['plans[1].items[0].id'],
    ],
    ['a wrong field', { ...second, items: [{ ...cpu, rate: '' }] }, ['plans[1].items[0].rate']],
  ])('refuses %s', (_name, other, fields) => expect(fieldsOf([plan, other])).toEqual(fields));

  it('refuses two from one instant, and none', () => {
    expect(fieldsOf([plan, { ...second, effectiveFrom: plan.effectiveFrom }])).toEqual([
      'plans[1].effectiveFrom',
    ]);
    expect(() => parsePriceSchedule([])).toThrow('no price plan');
  });
});

it('a region that no zone names is in zone default', () => {
  const { zones } = parsePricePlan(plan);
  expect(['a', 'c', 'moon'].map((region) => priceZoneOf(region, zones))).toEqual(['near', 'far', 'default']);
});
