import fc from 'fast-check';
import { propertyRuns } from '../property.rig.js';
import { blocksNeeded } from '../rating/block.sweep.js';
import { changesOf } from '../rating/blocks.js';
import type { Meter } from '../rating/meters.js';
import { coverStretches, stretchesOf, type Running } from './instance.time.js';

const SPAN = { startMs: 100, endMs: 200 };
const interval = fc
  .record({ startMs: fc.integer({ min: 50, max: 220 }), length: fc.integer({ min: 1, max: 120 }) })
  .map(({ startMs, length }) => ({ startMs, endMs: startMs + length }));
const running = fc
  .array(interval, { maxLength: 4 })
  .map((list) => list.map((one, i): Running => ({ ...one, id: `pod-${i}`, begunMs: one.startMs })));
const capacity = fc.record({
  concurrency: fc.integer({ min: 1, max: 3 }),
  maxInstances: fc.integer({ min: 1, max: 3 }),
});
const at = <T extends { startMs: number; endMs: number }>(list: readonly T[], ms: number): T[] =>
  list.filter(({ startMs, endMs }) => startMs <= ms && endMs > ms);

it('at each ms as many instances are active as requests need, the oldest first, and all others that run are idle', () => {
  fc.assert(
    fc.property(running, fc.array(interval, { maxLength: 6 }), capacity, (pods, requests, of) => {
      const stretches = stretchesOf(pods, changesOf(requests, SPAN), of, SPAN);
      for (let ms = SPAN.startMs; ms < SPAN.endMs; ms++) {
        const there = at(pods, ms).toSorted((a, b) => a.begunMs - b.begunMs || (a.id < b.id ? -1 : 1));
        const needed = blocksNeeded(at(requests, ms).length, of);
        const seen = at(stretches, ms).map(({ instanceId, state }) => `${instanceId} ${state}`);
        expect(seen.toSorted()).toEqual(
          there.map(({ id }, i) => `${id} ${i < needed ? 'active' : 'idle'}`).toSorted(),
        );
      }
    }),
    propertyRuns(),
  );
});

const METER: Meter = {
  ...{ lane: 'l', measure: 'instance_time' as const, model: undefined, coldStart: 'billed' as const },
  ...{ states: ['active', 'idle'] as const, quantumMs: 30, minimumMs: 0 },
};
const stretch = (startMs: number, endMs: number, state: 'active' | 'idle' = 'active') => ({
  ...{ instanceId: 'pod', begunMs: 0, state, startMs, endMs },
});

it.each<[string, ReturnType<typeof stretch>[], number | undefined, bigint, number | undefined]>([
  ['whole quanta from the first ms on', [stretch(100, 131)], undefined, 60n, undefined],
  ['a quantum goes on covering', [stretch(100, 110), stretch(115, 130)], undefined, 30n, undefined],
  ['what is covered beyond the span is handed over', [stretch(180, 200)], undefined, 30n, 210],
  ['what was handed over covers', [stretch(100, 120)], 120, 0n, undefined],
  ['what was handed over is handed on', [], 230, 0n, 230],
])('%s', (_name, stretches, carried, ms, end) => {
  const before = new Map(carried === undefined ? [] : [['l pod', [{ endMs: carried, count: 1 }]]]);
  const covered = coverStretches(METER, stretches, SPAN, before);
  expect([covered.ms, covered.ends.get('l pod')?.[0]?.endMs]).toEqual([ms, end]);
});

it('only the states of the meter count', () => {
  const both = [stretch(100, 130), stretch(130, 160, 'idle')];
  expect(coverStretches({ ...METER, states: ['idle'] }, both, SPAN, new Map()).ms).toBe(30n);
});

describe('a minimum', () => {
  const LEAST = { ...METER, states: ['active'] as const, minimumMs: 150 };
  const began = (startMs: number, endMs: number, state: 'active' | 'idle' = 'active') => ({
    ...stretch(startMs, endMs, state),
    begunMs: 110,
  });

  it.each<[string, ReturnType<typeof stretch>[], bigint, object[]]>([
    [
      'counts whole where the first use is',
      [began(110, 111)],
      150n,
      [
        { endMs: 260, count: 1 },
        { endMs: 260, count: 0 },
      ],
    ],
    [
      'counts from the first use, to its end since the start',
      [began(110, 170, 'idle'), began(170, 171)],
      90n,
      [
        { endMs: 260, count: 1 },
        { endMs: 260, count: 0 },
      ],
    ],
    ['is handed over where nothing was used', [began(110, 111, 'idle')], 0n, [{ endMs: 260, count: 0 }]],
  ])('%s', (_name, stretches, ms, ends) => {
    const covered = coverStretches(LEAST, stretches, SPAN, new Map());
    expect([covered.ms, covered.ends.get('l pod')]).toEqual([ms, ends]);
  });

  it('that was handed over counts where the first use is, by what was in force when the instance started', () => {
    const carried = new Map([['l pod', [{ endMs: 190, count: 0 }]]]);
    expect(coverStretches({ ...LEAST, minimumMs: 5 }, [stretch(100, 101)], SPAN, carried).ms).toBe(90n);
  });
});
