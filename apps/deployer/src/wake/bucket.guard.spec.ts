import type { BucketState } from '#libs/bus';
import { lossOf, type Loss } from './bucket.guard.js';

const before: BucketState = { created: 'a', lastSequence: 10, keys: 4 };

it.each<[string, BucketState | undefined, BucketState | undefined, Loss | undefined]>([
  ['one that is as it was', before, before, undefined],
  ['one that has grown', before, { created: 'a', lastSequence: 12, keys: 5 }, undefined],
  ['one that is seen for the first time', undefined, before, undefined],
  ['one that is not there', before, undefined, 'other'],
  ['one that was never there', undefined, undefined, 'other'],
  ['one that was made anew', before, { ...before, created: 'b' }, 'other'],
  ['one that was rolled back', before, { ...before, lastSequence: 9 }, 'other'],
  ['one that was emptied', before, { ...before, keys: 0 }, 'fewer'],
])('%s', (_what, known, now, lost) => {
  expect(lossOf(known, now)).toBe(lost);
});
