import type { BucketState } from '#libs/bus';
import { isLost } from './bucket.guard.js';

const before: BucketState = { created: 'a', lastSequence: 10, keys: 4 };

it.each<[string, BucketState | undefined, BucketState | undefined, boolean]>([
  ['one that is as it was', before, before, false],
  ['one that has grown', before, { created: 'a', lastSequence: 12, keys: 5 }, false],
  ['one that is seen for the first time', undefined, before, false],
  ['one that is not there', before, undefined, true],
  ['one that was never there', undefined, undefined, true],
  ['one that was made anew', before, { ...before, created: 'b' }, true],
  ['one that was rolled back', before, { ...before, lastSequence: 9 }, true],
  ['one that was emptied', before, { ...before, keys: 0 }, true],
])('%s', (_what, known, now, lost) => {
  expect(isLost(known, now)).toBe(lost);
});
