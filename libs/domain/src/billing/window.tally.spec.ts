import fc from 'fast-check';
import { propertyRuns } from '../property.rig.js';
import { changesOf } from '../rating/blocks.js';
import { windowSpan, WINDOW_MS } from './window.js';
import { tallyOf } from './window.tally.js';

const START = 1_795_219_200_000;
const span = windowSpan(START);
const LONGEST_MS = 7_200_000;

describe('the tally of a window', () => {
  it('has what begins and ends at its borders', () => {
    expect(tallyOf({ offsets: [0, 59_999, 59_999], lengths: [10, 1, 2] }, span)).toEqual({
      changes: [
        { atMs: START, delta: 1 },
        { atMs: START + 10, delta: -1 },
        { atMs: START + 59_999, delta: 2 },
      ],
      lengths: [
        { lengthMs: 10, count: 1 },
        { lengthMs: 1, count: 1 },
        { lengthMs: 2, count: 1 },
      ],
    });
  });

  it('is that of the requests one by one, whatever their order', () => {
    const begun = fc.record({ at: fc.nat(WINDOW_MS - 1), lengthMs: fc.integer({ min: 1, max: LONGEST_MS }) });
    fc.assert(
      fc.property(fc.array(begun, { maxLength: 60 }), (own) => {
        const all = own.map(({ at, lengthMs }) => ({ startMs: START + at, endMs: START + at + lengthMs }));
        const told = { offsets: own.map(({ at }) => at), lengths: own.map(({ lengthMs }) => lengthMs) };
        const { changes, lengths } = tallyOf(told, span);
        expect(changes).toEqual(changesOf(all, span).filter(({ delta }) => delta !== 0));
        const each = lengths.flatMap(({ lengthMs, count }) => Array<number>(count).fill(lengthMs));
        expect(each.sort((a, b) => a - b)).toEqual([...told.lengths].sort((a, b) => a - b));
      }),
      propertyRuns(),
    );
  });
});
