import fc from 'fast-check';
import { propertyRuns } from '../property.rig.js';
import { blockShares, type Busy } from './block.shares.js';
import { changesOf, sweepBlocks } from './blocks.js';

const SPAN = { startMs: 0, endMs: 60_000 };
const busy = (id: string, startMs: number, endMs: number): Busy => ({ id, startMs, endMs });
const sharesOf = (...of: Parameters<typeof blockShares>): Record<string, number> => {
  const shares: Record<string, number> = {};
  for (const { id } of blockShares(...of)) shares[id] = (shares[id] ?? 0) + 1;
  return shares;
};

describe('who bears a block', () => {
  it.each<[string, Busy[], number, Record<string, number>]>([
    ['alone, a block each 100 ms', [busy('a', 0, 250)], 1, { a: 3 }],
    ['each its own at concurrency 1', [busy('a', 0, 100), busy('b', 50, 150)], 1, { a: 1, b: 1 }],
    ['its own again when it ends', [busy('a', 0, 300), busy('b', 50, 150)], 1, { a: 3, b: 1 }],
    ['sharers nothing', [busy('a', 0, 100), busy('b', 10, 90), busy('c', 20, 100)], 80, { a: 1 }],
    ['the next one when the opener has gone', [busy('a', 0, 100), busy('b', 10, 190)], 80, { a: 1, b: 1 }],
    [
      'the second instance, its opener',
      [busy('a', 0, 100), busy('b', 1, 99), busy('c', 2, 99)],
      2,
      { a: 1, c: 1 },
    ],
    ['nothing for who came into an open block', [busy('a', 0, 10), busy('b', 50, 60)], 1, { a: 1 }],
    ['each stretch of a stream', [busy('a', 0, 10), busy('a', 200, 310)], 1, { a: 3 }],
  ])('%s', (_name, requests, concurrency, shares) => {
    expect(sharesOf(requests, { concurrency, maxInstances: 100 }, SPAN)).toEqual(shares);
  });

  it('blocks that were open before are borne by nobody', () => {
    const carried = [{ endMs: 40, count: 1 }];
    const opened = blockShares([busy('a', 0, 90)], { concurrency: 1, maxInstances: 1 }, SPAN, carried);
    expect(opened).toEqual([{ id: 'a', atMs: 40 }]);
  });
});

const stretches = fc.array(
  fc.record({ from: fc.integer({ min: -500, max: 2_000 }), length: fc.integer({ min: 1, max: 700 }) }),
  { maxLength: 25 },
);
const capacity = fc.record({
  concurrency: fc.integer({ min: 1, max: 5 }),
  maxInstances: fc.integer({ min: 1, max: 6 }),
});
const carried = fc
  .uniqueArray(fc.integer({ min: 1, max: 100 }), { maxLength: 3 })
  .map((ends) => ends.sort((a, b) => a - b).map((endMs) => ({ endMs, count: 1 })));

it('shares sum to the blocks that are billed, whatever the order, and none is above its own ceiling', () => {
  fc.assert(
    fc.property(stretches, capacity, carried, (list, of, before) => {
      const requests = list.map(({ from, length }, i) => busy(`r${i}`, from, from + length));
      const opened = blockShares(requests, of, SPAN, before);
      expect(opened).toHaveLength(sweepBlocks(changesOf(requests, SPAN), of, SPAN, before).opened);
      expect(blockShares(requests.toReversed(), of, SPAN, before)).toEqual(opened);
      const beyond = requests.filter(({ id, startMs, endMs }) => {
        const own = opened.filter((one) => one.id === id);
        const inTime = own.every(({ atMs }) => atMs >= startMs && atMs < endMs);
        return !inTime || own.length > Math.ceil((endMs - startMs) / 100);
      });
      expect(beyond).toEqual([]);
    }),
    propertyRuns(),
  );
});
