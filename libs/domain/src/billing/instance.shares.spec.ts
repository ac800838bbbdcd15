import fc from 'fast-check';
import { propertyRuns } from '../property.rig.js';
import { changesOf } from '../rating/blocks.js';
import { meterKey, type Meter } from '../rating/meters.js';
import { foldWindow, type WindowFacts } from './fold.js';
import { instanceSharesOf } from './instance.shares.js';
import { WINDOW_MS, windowSpan } from './window.js';

const T0 = 1_795_219_200_000;
const span = windowSpan(T0);
const meterOf = (states: Meter['states'], quantumMs: number, minimumMs: number): Meter => ({
  ...{ lane: 'l', measure: 'instance_time', model: undefined, coldStart: 'billed' },
  ...{ states, quantumMs, minimumMs },
});
const interval = fc
  .record({ from: fc.integer({ min: -90_000, max: WINDOW_MS }), ms: fc.integer({ min: 1, max: 90_000 }) })
  .map(({ from, ms }) => ({ startMs: T0 + from, endMs: T0 + from + ms }));
const factsOf = (
  pods: readonly { startMs: number; endMs: number }[],
  requests: readonly { startMs: number; endMs: number }[],
): WindowFacts => ({
  counts: { requests: 0n, notBillableRequests: 0n, requestBytes: 0n, responseBytes: 0n },
  ...{ changes: changesOf(requests, span), lengths: [], reaching: [], beginning: [], waited: [], builds: [] },
  running: pods.map((one, i) => ({ ...one, id: `pod-${i}`, begunMs: one.startMs })),
});
const shape = (meter: Meter) => ({ capacity: { concurrency: 1, maxInstances: 9 }, meters: [meter] });

it('what instances bear of a window is what it counts, whatever the states, the quantum and the minimum', () => {
  const meters = fc
    .tuple(
      fc.subarray(['active', 'idle'] as const, { minLength: 1 }),
      fc.constantFrom(1, 100, 1_000, 60_000),
      fc.constantFrom(0, 5_000, 120_000),
    )
    .map(([states, quantumMs, minimumMs]) => meterOf(states, quantumMs, minimumMs));
  const times = fc.array(interval, { maxLength: 4 });
  fc.assert(
    fc.property(times, times, meters, (pods, requests, meter) => {
      const facts = factsOf(pods, requests);
      const before = foldWindow(T0 - WINDOW_MS, factsOf(pods, []), shape(meter));
      const counted = foldWindow(T0, facts, shape(meter), before).metered.get(meterKey(meter));
      const shares = instanceSharesOf(T0, facts, shape(meter), meter, before);
      expect(shares.reduce((sum, { ms }) => sum + ms, 0n)).toBe(counted);
      for (const { startMs, endMs, state } of shares) {
        expect(startMs >= span.startMs && endMs <= span.endMs && startMs < endMs).toBe(true);
        expect(meter.states).toContain(state);
      }
    }),
    propertyRuns(),
  );
});

it('names each instance with when it was in which state', () => {
  const facts = factsOf(
    [{ startMs: T0 - 5_000, endMs: T0 + 3_000 }],
    [{ startMs: T0 + 1_000, endMs: T0 + 1_500 }],
  );
  const of = (states: Meter['states']): unknown[] => {
    const meter = meterOf(states, 1_000, 0);
    return instanceSharesOf(T0, facts, shape(meter), meter).map((one) => [
      ...[one.instanceId, one.startMs - T0, one.endMs - T0, one.state, one.ms],
    ]);
  };
  expect(of(['active'])).toEqual([['pod-0', 1_000, 1_500, 'active', 1_000n]]);
  expect(of(['idle'])).toEqual([
    ['pod-0', 0, 1_000, 'idle', 1_000n],
    ['pod-0', 1_500, 3_000, 'idle', 2_000n],
  ]);
});
