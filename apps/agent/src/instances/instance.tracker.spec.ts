import type { InstanceInterval } from '#libs/domain';
import type { InstanceState } from '../drivers/driver.js';
import { InstanceTracker, KEPT, LONGEST_SILENCE_MS } from './instance.tracker.js';

const T0 = Date.UTC(2026, 10, 22);
const instance = (uid: string, startedAt = T0): InstanceState => ({
  serviceId: 'svc_00000000000000000001',
  revisionId: 'rev_00000000000000000001',
  revision: 'hello-00001',
  uid,
  startedAt,
});
const short = (list: readonly InstanceInterval[]): [string, number, number, boolean][] =>
  list.map(({ instanceId, startMs, untilMs, ended }) => [instanceId, startMs - T0, untilMs - T0, ended]);

let dropped = 0;
let owned = true;
let offset: number | undefined;
let tracker: InstanceTracker;
beforeEach(() => {
  [dropped, owned, offset] = [0, true, 12];
  tracker = new InstanceTracker({
    clusterId: 'cls_00000000000000000001',
    ownerOf: () => (owned ? 'org_00000000000000000001' : undefined),
    offsetMs: () => offset,
    onDropped: () => (dropped += 1),
  });
});

describe('times of instances', () => {
  it('of one that lives between two looks are told from its start to its end', () => {
    tracker.look([instance('a')], T0 + 3, 0);
    tracker.look([], T0 + 40, 0);
    expect(short(tracker.due())).toEqual([['a', 0, 40, true]]);
    tracker.told(tracker.due());
    expect(tracker.due()).toEqual([]);
    expect(tracker.untold()).toEqual([]);
  });

  it('of one that runs are told after 1, 2, 4 … s, and then each minute', () => {
    const told: number[] = [];
    for (let second = 0; second <= 300; second += 1) {
      tracker.look([instance('a')], T0 + second * 1_000, 0);
      const due = tracker.due();
      if (due.length > 0) told.push(second);
      tracker.told(due);
    }
    expect(told).toEqual([1, 2, 4, 8, 16, 32, 64, 124, 184, 244]);
    expect(LONGEST_SILENCE_MS).toBe(60_000);
  });

  it('wait while they cannot be told, and grow meanwhile', () => {
    tracker.look([instance('a'), instance('b')], T0 + 1_000, 0);
    expect(short(tracker.due())).toEqual([
      ['a', 0, 1_000, false],
      ['b', 0, 1_000, false],
    ]);
    const late = tracker.due();
    tracker.look([instance('b')], T0 + 5_000, 0);
    tracker.told(late);
    // what was told before it ended does not say that it has
    expect(short(tracker.due())).toEqual([
      ['a', 0, 5_000, true],
      ['b', 0, 5_000, false],
    ]);
  });

  it('of one name and another start are two', () => {
    tracker.look([instance('a')], T0 + 1_000, 0);
    tracker.look([instance('a', T0 + 1_500)], T0 + 2_500, 0);
    expect(short(tracker.due())).toEqual([
      ['a', 0, 2_500, true],
      ['a', 1_500, 2_500, false],
    ]);
  });

  it('never shrink when the clock goes back, and begin once the owner is known', () => {
    owned = false;
    tracker.look([instance('a')], T0 + 1_000, 0);
    expect(tracker.untold()).toEqual([]);
    owned = true;
    tracker.look([instance('a')], T0 + 2_000, 0);
    tracker.look([instance('a')], T0 - 9_000, 0);
    expect(short(tracker.untold())).toEqual([['a', 0, 2_000, false]]);
    tracker.look([], T0 - 9_000, 0);
    expect(short(tracker.untold())).toEqual([['a', 0, 2_000, true]]);
  });

  it('of a former run are told too, once, beside those that go on', () => {
    tracker.look([instance('a')], T0 + 4_000, 0);
    const saved = tracker.untold();
    const next = new InstanceTracker({
      clusterId: 'cls_00000000000000000001',
      ownerOf: () => 'org_00000000000000000001',
      offsetMs: () => offset,
      onDropped: () => undefined,
    });
    next.restore(saved);
    next.look([instance('a')], T0 + 9_000, 0);
    expect(short(next.due())).toEqual([
      ['a', 0, 4_000, false],
      ['a', 0, 9_000, false],
    ]);
    next.told(next.due());
    expect(next.untold()).toEqual([]);
  });

  it('are bounded: the oldest go, and are counted', () => {
    const many = Array.from({ length: KEPT + 3 }, (_, i) => instance(`i-${i}`));
    tracker.look(many, T0 + 1_000, 0);
    tracker.look([], T0 + 2_000, 0);
    expect(dropped).toBe(3);
    const left = tracker.due();
    expect([left.length, left[0]?.instanceId]).toEqual([KEPT, 'i-3']);
  });
});

describe('the end of a cold start', () => {
  const cold = (list: readonly InstanceInterval[]) =>
    list.flatMap(({ instanceId, cold: span }) =>
      span ? [[instanceId, span.sinceMs - T0, span.readyMs - T0, span.offsetMs]] : [],
    );
  let seenSince = 0;
  const look = (at: number, ...list: InstanceState[]): boolean => tracker.look(list, T0 + at, seenSince);
  /** Ready since then. */
  const warm = (uid: string, at: number): InstanceState => ({ ...instance(uid), readyAt: T0 + at });
  beforeEach(() => (seenSince = 0));

  it('is told at once by the first instance that is ready, and once', () => {
    expect([look(0), look(100, instance('a'), instance('b'))]).toEqual([false, false]);
    expect(look(1_600, warm('a', 1_600), instance('b'))).toBe(true);
    expect(look(1_650, warm('a', 1_600), warm('b', 1_650))).toBe(false);
    expect(cold(tracker.due())).toEqual([['a', 0, 1_600, 12]]);
    tracker.told(tracker.due());
    look(1_700, warm('a', 1_600), warm('b', 1_650));
    expect(tracker.due()).toEqual([]);
  });

  it('is when one was ready, however late that was seen, and never after it was seen', () => {
    look(0);
    look(9_000, warm('b', 1_700), warm('a', 1_600));
    expect(cold(tracker.due())).toEqual([['a', 0, 1_600, 12]]);
    look(9_100);
    look(9_500, warm('c', 9_700));
    expect(cold(tracker.untold())).toEqual([
      ['a', 0, 1_600, 12],
      ['c', 9_100, 9_500, 12],
    ]);
  });

  it('begins when the last ready instance is gone', () => {
    look(0, warm('a', 0));
    look(500, warm('a', 0), warm('b', 500));
    look(900, warm('b', 500));
    look(2_000, instance('b'));
    expect(cold(tracker.untold())).toEqual([]);
    look(3_000, instance('b'), warm('c', 3_000));
    expect(cold(tracker.untold())).toEqual([['c', 2_000, 3_000, 12]]);
  });

  it('is not told where that was before the last one was seen to go', () => {
    look(0, warm('a', 0));
    look(2_000);
    look(2_100, warm('b', 1_900));
    expect(cold(tracker.untold())).toEqual([]);
  });

  it('reaches back only to where every change was seen', () => {
    look(0);
    seenSince = T0 + 1_000;
    look(1_500, warm('a', 1_400));
    expect(cold(tracker.untold())).toEqual([['a', 1_000, 1_400, 12]]);
    look(2_000);
    // one came and went that nobody saw
    seenSince = T0 + 9_000;
    look(9_000, warm('b', 8_000));
    expect(cold(tracker.untold()).map(([uid]) => uid)).toEqual(['a']);
  });

  it('is not told of what was ready at the first look: nobody saw it become so', () => {
    look(0, warm('a', 0));
    look(10, warm('a', 0));
    expect(cold(tracker.untold())).toEqual([]);
  });

  it('reaches back no longer than a request lasts', () => {
    look(0);
    look(3 * 3_600_000, warm('a', 3 * 3_600_000));
    expect(cold(tracker.untold())).toEqual([['a', 3_600_000, 3 * 3_600_000, 12]]);
  });

  it('is told with an offset as soon as that is measured, ended and told without or not', () => {
    offset = undefined;
    look(0);
    look(40, warm('a', 40));
    expect(tracker.due()).toEqual([]);
    look(50);
    expect(cold(tracker.due())).toEqual([['a', 0, 40, undefined]]);
    tracker.told(tracker.due());
    look(60, warm('b', 60));
    expect(tracker.due()).toEqual([]);
    offset = -3;
    const due = tracker.due();
    expect(cold(due)).toEqual([
      ['a', 0, 40, -3],
      ['b', 50, 60, -3],
    ]);
    tracker.told(due);
    expect([tracker.due(), tracker.untold()]).toEqual([[], []]);
  });

  it('waits for that of a bounded number only', () => {
    offset = undefined;
    look(0);
    for (let n = 0; n < 1_003; n += 1) {
      look(2 * n + 1, warm(`i-${n}`, 2 * n + 1));
      look(2 * n + 2);
      tracker.told(tracker.due());
    }
    offset = 0;
    const left = tracker.due();
    expect([left.length, left[0]?.instanceId, dropped]).toEqual([1_000, 'i-3', 0]);
  });
});
