import fc from 'fast-check';
import { idTime, isId, newIdBehind, type Id } from './id.js';
import { propertyRuns } from './property.rig.js';

const NOW = Date.UTC(2026, 10, 22);
const random = (byte: number) => (length: number) => new Uint8Array(length).fill(byte);

it('an id sorts behind the one before, whatever is drawn and whatever the clock says', () => {
  const draw = fc.tuple(fc.integer({ min: -2, max: 2 }), fc.integer({ min: 0, max: 251 }));
  fc.assert(
    fc.property(fc.array(draw, { minLength: 2, maxLength: 8 }), (draws) => {
      const made: Id<'ivc'>[] = [];
      for (const [ms, byte] of draws) made.push(newIdBehind(made.at(-1), 'ivc', NOW + ms, random(byte)));
      expect(made.toSorted()).toEqual(made);
      expect(new Set(made).size).toBe(made.length);
      expect(made.every((id) => isId('ivc', id))).toBe(true);
    }),
    propertyRuns(),
  );
});

it('carries where a digit is the last one', () => {
  const last = newIdBehind(undefined, 'ivc', NOW, random(35));
  expect(last.endsWith('zzzz')).toBe(true);
  const next = newIdBehind(last, 'ivc', NOW, random(0));
  expect([next > last, idTime(next)]).toEqual([true, NOW + 1]);
});
