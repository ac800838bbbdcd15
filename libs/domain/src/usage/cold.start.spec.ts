import fc from 'fast-check';
import { propertyRuns } from '../property.rig.js';
import { withoutColdStart } from './cold.start.js';

const REQUEST = { startMs: 1_000, endMs: 5_000 };

it.each([
  ['nothing was waited for', undefined, 1_000],
  ['an instance was ready later', { atMs: 3_500, offsetMs: 0 }, 3_500],
  ['it was ready before', { atMs: 900, offsetMs: 0 }, 1_000],
  ['it was ready at the start', { atMs: 1_000, offsetMs: 0 }, 1_000],
  ['it was ready as the request ended: at least 1 ms', { atMs: 5_000, offsetMs: 0 }, 4_999],
  ['it was seen after the end', { atMs: 5_400, offsetMs: 0 }, 4_999],
  ['the clock was ahead', { atMs: 3_500, offsetMs: 400 }, 3_100],
  ['the clock was behind', { atMs: 3_500, offsetMs: -999 }, 4_499],
  ['the clock was a second ahead: it says nothing', { atMs: 3_500, offsetMs: 1_000 }, 1_000],
  ['the clock was far behind', { atMs: 3_500, offsetMs: -60_000 }, 1_000],
])('%s', (_name, ready, startMs) => {
  expect(withoutColdStart(REQUEST, ready)).toEqual({ startMs, endMs: REQUEST.endMs });
});

it('never ends elsewhere, begins earlier or is empty', () => {
  const ms = fc.integer({ min: 0, max: 100_000 });
  fc.assert(
    fc.property(
      fc.record({ startMs: ms, length: fc.integer({ min: 1, max: 5_000 }) }),
      fc.option(fc.record({ atMs: ms, offsetMs: fc.integer({ min: -3_000, max: 3_000 }) }), {
        nil: undefined,
      }),
      ({ startMs, length }, ready) => {
        const endMs = startMs + length;
        const billable = withoutColdStart({ startMs, endMs }, ready);
        expect(billable.endMs).toBe(endMs);
        expect(billable.startMs).toBeGreaterThanOrEqual(startMs);
        expect(billable.startMs).toBeLessThan(endMs);
      },
    ),
    propertyRuns(),
  );
});
