import fc from 'fast-check';
import { CALM, decideScale, scalingRules, windowMean } from './scaling.js';
import type { ScalingRules, ScalingSample, ScalingState } from './scaling.js';

const SECOND = 1000;
const rules = (more: Partial<ScalingRules> = {}): ScalingRules => ({
  ...scalingRules({
    concurrency: 10,
    stableWindowMs: 60_000,
    minInstances: 0,
    maxInstances: 100,
    sampleMs: SECOND,
  }),
  ...more,
});
/** One sample a second that ends at `now` = 100 s; the last value is the newest. */
const NOW = 100 * SECOND;
const samples = (...values: number[]): ScalingSample[] =>
  values.map((concurrency, i) => ({ at: NOW - (values.length - 1 - i) * SECOND, concurrency }));
const steady = (value: number, seconds = 60) => samples(...Array<number>(seconds).fill(value));

describe('decideScale', () => {
  const OLD: ScalingState = { panicInstances: 0, activeSince: 0 };
  const PANIC: ScalingState = { panicAt: NOW - 10 * SECOND, panicInstances: 8, activeSince: 0 };
  const cases: [string, ScalingSample[], number, ScalingState, Partial<ScalingRules>, number][] = [
    ['nothing known, nothing runs', [], 0, CALM, {}, 0],
    ['one waiting request wakes one', samples(1), 0, CALM, {}, 1],
    ['100 waiting at concurrency 80 want two', samples(100), 0, CALM, { targetConcurrency: 56 }, 2],
    ['70 percent of the limit is the aim', steady(14), 2, OLD, {}, 2],
    ['a little over it is one more', steady(14.1), 2, OLD, {}, 3],
    ['scale down at most by half', steady(0), 9, OLD, {}, 4],
    ['the last one goes after a calm window', steady(0), 1, OLD, {}, 0],
    ['not before a whole window of life', steady(0), 1, { ...OLD, activeSince: NOW - 59_999 }, {}, 1],
    ['one request in the window keeps it', samples(0.01, ...Array<number>(59).fill(0)), 1, OLD, {}, 1],
    [
      'grace prolongs the calm',
      steady(0),
      1,
      { ...OLD, activeSince: NOW - 70_000 },
      { scaleToZeroGraceMs: 30_000 },
      1,
    ],
    ['min instances', steady(0), 2, OLD, { minInstances: 2 }, 2],
    ['max instances', steady(1000), 3, OLD, { maxInstances: 5 }, 5],
    ['max wins over min', steady(0), 3, OLD, { minInstances: 9, maxInstances: 5 }, 5],
    ['no max', steady(7000), 500, OLD, { maxInstances: 0 }, 1000],
    ['rate bounds the way up', steady(7000), 1, OLD, { maxInstances: 0, maxScaleUpRate: 10 }, 10],
    ['a surge panics', samples(...Array<number>(54).fill(7), ...Array<number>(6).fill(21)), 1, OLD, {}, 3],
    [
      'below the threshold it does not',
      samples(...Array<number>(54).fill(14), ...Array<number>(6).fill(21)),
      2,
      OLD,
      {},
      3,
    ],
    ['in panic nothing goes down', steady(7), 8, PANIC, {}, 8],
    [
      'panic ends one window after the last crossing',
      steady(7),
      2,
      { ...PANIC, panicAt: NOW - 60_001 },
      {},
      1,
    ],
  ];
  it.each(cases)('%s', (_name, given, ready, state, more, instances) => {
    expect(decideScale(NOW, given, ready, state, rules(more)).instances).toBe(instances);
  });

  it('a surge remembers its peak until calm', () => {
    const first = decideScale(NOW, samples(0, 35), 1, CALM, rules({ panicWindowMs: SECOND }));
    expect(first.state).toMatchObject({ panicAt: NOW, panicInstances: 5 });
    const later = [...samples(0, 35), { at: NOW + SECOND, concurrency: 0 }];
    expect(decideScale(NOW + SECOND, later, 5, first.state, rules({ panicWindowMs: SECOND })).instances).toBe(
      5,
    );
  });

  const anySamples = fc
    .array(fc.double({ min: 0, max: 5000, noNaN: true }), { maxLength: 80 })
    .map((values) => samples(...values));
  const anyState = fc.record(
    {
      panicAt: fc.integer({ min: 0, max: NOW }),
      panicInstances: fc.integer({ min: 0, max: 50 }),
      activeSince: fc.integer({ min: 0, max: NOW }),
    },
    { requiredKeys: ['panicInstances'] },
  );
  const anyReady = fc.integer({ min: 0, max: 100 });

  it('never leaves the bounds and never invents fractions', () => {
    const bounds = fc.tuple(fc.integer({ min: 0, max: 10 }), fc.integer({ min: 10, max: 60 }));
    fc.assert(
      fc.property(anySamples, anyReady, anyState, bounds, (given, ready, state, [min, max]) => {
        const { instances } = decideScale(
          NOW,
          given,
          ready,
          state,
          rules({ minInstances: min, maxInstances: max }),
        );
        expect(Number.isInteger(instances)).toBe(true);
        expect(instances).toBeGreaterThanOrEqual(min);
        expect(instances).toBeLessThanOrEqual(max);
      }),
    );
  });

  it('more demand never wants fewer instances', () => {
    fc.assert(
      fc.property(
        anySamples,
        anyReady,
        anyState,
        fc.double({ min: 1, max: 3, noNaN: true }),
        (given, ready, state, k) => {
          const more = given.map((s) => ({ at: s.at, concurrency: s.concurrency * k }));
          const less = decideScale(NOW, given, ready, state, rules()).instances;
          expect(decideScale(NOW, more, ready, state, rules()).instances).toBeGreaterThanOrEqual(less);
        },
      ),
    );
  });

  it('without demand for the windows it ends at zero, whatever was before', () => {
    fc.assert(
      fc.property(anyReady, anyState, (start, before) => {
        let ready = start;
        let state: ScalingState = before;
        for (let now = NOW; now < NOW + 140 * SECOND; now += SECOND) {
          ({ instances: ready, state } = decideScale(now, [], ready, state, rules()));
        }
        expect(ready).toBe(0);
      }),
    );
  });
});

describe('windowMean', () => {
  it.each([
    [[], 60_000, 0],
    [samples(4, 8), 60_000, 6],
    [samples(4, 8), SECOND, 8],
    [[{ at: NOW - 60_000, concurrency: 9 }], 60_000, 0],
  ] as const)('%j over %d ms is %d', (given, windowMs, mean) => {
    expect(windowMean(given, NOW, windowMs)).toBe(mean);
  });
});
