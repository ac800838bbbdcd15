import fc from 'fast-check';
import { movesOf, type Standing } from './lease.rules.js';

const names = (count: number): string[] => Array.from({ length: count }, (_one, index) => `p${index}`);
const standing = (count: number, held: Record<string, string>, replicas: string[]): Standing => ({
  partitions: names(count),
  holders: new Map(Object.entries(held)),
  replicas,
});

describe('sharing partitions', () => {
  it.each<[string, string, Standing, boolean, object]>([
    ['the only one takes all', 'a', standing(3, {}, ['a']), false, { take: ['p0', 'p1', 'p2'], give: [] }],
    [
      'of two that begin, each takes half',
      'a',
      standing(4, {}, ['a', 'b']),
      false,
      { take: ['p0', 'p1'], give: [] },
    ],
    [
      'whoever has all gives half to one that came',
      'a',
      standing(3, { p0: 'a', p1: 'a', p2: 'a' }, ['a', 'b']),
      false,
      { take: [], give: [{ name: 'p2', to: 'b' }] },
    ],
    [
      'gives nothing that the other finds free',
      'a',
      standing(4, { p0: 'a', p1: 'a', p2: 'a' }, ['a', 'b', 'c', 'd']),
      false,
      {
        take: [],
        give: [
          { name: 'p1', to: 'c' },
          { name: 'p2', to: 'd' },
        ],
      },
    ],
    [
      'an even share stays',
      'a',
      standing(3, { p0: 'a', p1: 'a', p2: 'b' }, ['a', 'b']),
      false,
      { take: [], give: [] },
    ],
    [
      'the odd one stays where it is',
      'b',
      standing(3, { p0: 'b', p1: 'b', p2: 'a' }, ['a', 'b']),
      false,
      { take: [], give: [] },
    ],
    [
      'who leaves gives everything away',
      'a',
      standing(3, { p0: 'a', p1: 'a', p2: 'b' }, ['a', 'b', 'c']),
      true,
      {
        take: [],
        give: [
          { name: 'p0', to: 'b' },
          { name: 'p1', to: 'c' },
        ],
      },
    ],
    [
      'the last one that leaves gives nobody anything',
      'a',
      standing(2, { p0: 'a', p1: 'a' }, ['a']),
      true,
      { take: [], give: [] },
    ],
    [
      'whoever holds a lease lives, also when it says nothing',
      'b',
      standing(4, { p0: 'old', p1: 'old' }, ['b']),
      false,
      { take: ['p2', 'p3'], give: [] },
    ],
  ])('%s', (_what, me, view, isLeaving, moves) => {
    expect(movesOf(me, view, isLeaving)).toEqual(moves);
  });
});

type Event = { kind: 'join' | 'leave' | 'die' | 'act'; who: number };

/** Replicas that act one after the other, as the lock of a group has it. */
class World {
  readonly holders = new Map<string, string>();
  readonly live = new Set<string>();
  moved = 0;

  constructor(readonly partitions: string[]) {}

  act(me: string, isLeaving = false): void {
    const { take, give } = movesOf(me, { ...this, replicas: [...this.live] }, isLeaving);
    for (const name of take) {
      expect(this.holders.has(name)).toBe(false);
      this.holders.set(name, me);
    }
    for (const { name, to } of give) {
      expect(this.holders.get(name)).toBe(me);
      expect(this.live.has(to)).toBe(true);
      this.holders.set(name, to);
      this.moved += 1;
    }
  }

  free(owner: string): void {
    for (const [name, holder] of this.holders) if (holder === owner) this.holders.delete(name);
  }

  apply({ kind, who }: Event): void {
    const name = `r${who}`;
    if (kind === 'join') this.live.add(name);
    if (!this.live.has(name)) return;
    if (kind === 'act') this.act(name);
    if (kind === 'leave') this.act(name, true);
    if (kind === 'leave' || kind === 'die') {
      this.live.delete(name);
      this.free(name);
    }
  }

  counts(): number[] {
    return [...this.live].map((who) => [...this.holders.values()].filter((owner) => owner === who).length);
  }
}

const events = fc.array(
  fc.record({
    kind: fc.constantFrom<Event['kind']>('join', 'leave', 'die', 'act', 'act'),
    who: fc.integer({ min: 0, max: 5 }),
  }),
  { maxLength: 60 },
);

describe('whatever came and went', () => {
  it('is even within one after every replica has acted twice, and then nothing moves', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 12 }), events, (count, list) => {
        const world = new World(names(count));
        world.live.add('r0');
        for (const event of list) world.apply(event);
        if (world.live.size === 0) return;
        for (let round = 0; round < 2; round += 1) for (const who of world.live) world.act(who);
        const counts = world.counts();
        expect(counts.reduce((sum, one) => sum + one, 0)).toBe(count);
        expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1);
        const before = world.moved;
        for (const who of world.live) world.act(who);
        expect(world.moved).toBe(before);
      }),
      { numRuns: 2_000 },
    );
  });

  it('a replica that leaves leaves nothing free, when another one stays', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 2, max: 6 }), (count, replicas) => {
        const world = new World(names(count));
        for (let who = 0; who < replicas; who += 1) world.apply({ kind: 'join', who });
        for (let round = 0; round < 2; round += 1) for (const who of world.live) world.act(who);
        world.apply({ kind: 'leave', who: 0 });
        expect(world.holders.size).toBe(count);
      }),
    );
  });
});
