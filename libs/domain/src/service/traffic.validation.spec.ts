import fc from 'fast-check';
import { pinLatest, sameTraffic, tagLatest } from './traffic.rules.js';
import type { TrafficTarget } from './service.types.js';
import { missingRevisions, validateTraffic } from './traffic.validation.js';

const line = (revision: string, percent: number, tag?: string): TrafficTarget =>
  tag === undefined ? { revision, percent } : { revision, percent, tag };

describe('a split', () => {
  it.each<[string, TrafficTarget[], string[]]>([
    ['everything to latest', [line('latest', 100)], []],
    ['90/10 with a tag', [line('a-00001', 90), line('a-00002', 10, 'canary')], []],
    ['a tag at 0', [line('latest', 100), line('a-00002', 0, 'canary')], []],
    ['the same revision tagged and not', [line('a-00001', 90), line('a-00001', 10, 'x')], []],
    ['nothing', [], ['traffic']],
    ['99', [line('latest', 99)], ['traffic']],
    ['101', [line('latest', 100), line('a-00001', 1)], ['traffic']],
    ['negative', [line('latest', 101), line('a-00001', -1)], ['traffic[0].percent', 'traffic[1].percent']],
    ['half a percent', [line('latest', 99.5), line('a', 0.5)], ['traffic[0].percent', 'traffic[1].percent']],
    ['0 without a tag', [line('latest', 100), line('a-00001', 0)], ['traffic[1].percent']],
    ['a tag twice', [line('latest', 50, 'x'), line('a-00001', 50, 'x')], ['traffic[1].tag']],
    ['a revision twice', [line('latest', 50), line('latest', 50)], ['traffic[1].revision']],
    ['a bad tag', [line('latest', 100, 'X')], ['traffic[0].tag']],
    ['tag latest', [line('latest', 100, 'latest')], ['traffic[0].tag']],
  ])('%s', (_what, traffic, expected) => {
    expect(validateTraffic(traffic, 'hello').map(({ field }) => field)).toEqual(expected);
  });

  it('names revisions that exist', () => {
    const traffic = [line('latest', 50), line('a-00001', 25), line('a-00009', 25)];
    expect(missingRevisions(traffic, new Set(['a-00001'])).map(({ field }) => field)).toEqual([
      'traffic[2].revision',
    ]);
  });
});

describe('changes of a split', () => {
  it('pin latest to a revision and add up what then repeats', () => {
    expect(pinLatest([line('latest', 40), line('a-00001', 60)], 'a-00001')).toEqual([line('a-00001', 100)]);
    expect(pinLatest([line('latest', 0, 'x'), line('a-00001', 100)], 'a-00001')).toEqual([
      line('a-00001', 0, 'x'),
      line('a-00001', 100),
    ]);
  });

  it('give a tag to the newest and take it from where it was', () => {
    expect(tagLatest([line('a-00001', 100), line('a-00002', 0, 'x')], 'x')).toEqual([
      line('a-00001', 100),
      line('latest', 0, 'x'),
    ]);
    expect(tagLatest([line('a-00001', 60, 'x'), line('a-00001', 40)], 'x')).toEqual([
      line('a-00001', 100),
      line('latest', 0, 'x'),
    ]);
  });

  const splits = fc.array(
    fc.record(
      {
        revision: fc.constantFrom('latest', 'a-1', 'a-2'),
        percent: fc.integer({ min: 0, max: 100 }),
        tag: fc.constantFrom('x', 'y'),
      },
      { requiredKeys: ['revision', 'percent'] },
    ),
  );
  const total = (traffic: readonly TrafficTarget[]): number =>
    traffic.reduce((sum, one) => sum + one.percent, 0);

  it('never lose a percent, and the order of lines does not matter', () => {
    fc.assert(
      fc.property(splits, (traffic) => {
        expect(total(pinLatest(traffic, 'a-1'))).toBe(total(traffic));
        expect(total(tagLatest(traffic, 'x'))).toBe(total(traffic));
        expect(sameTraffic(traffic, [...traffic].reverse())).toBe(true);
      }),
    );
  });
});
