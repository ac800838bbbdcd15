import { priceZoneOf, rezones, sameZones, zoneSpans, zonesBeside } from './zones.js';

const FAR = { zones: [{ name: 'far', regions: ['moon', 'mars'] }] };
const zoned = (name: string, ...regions: string[]) => ({ zones: [{ name, regions }] });

it.each([
  ['moon', 'far'],
  ['earth', 'default'],
])('%s is in zone %s', (region, zone) => expect(priceZoneOf(region, FAR.zones)).toBe(zone));

it.each<[string, number[], [string, number, number][]]>([
  ['one zone', [], [['near', 10, 40]]],
  ['a change to the same zone', [5], [['near', 10, 40]]],
  [
    'a change within',
    [30],
    [
      ['near', 10, 30],
      ['far', 30, 40],
    ],
  ],
  ['changes at its ends and outside', [10, 40, 50], [['near', 10, 40]]],
])('an interval in %s', (_name, changes, spans) => {
  const zoneAt = (atMs: number): string => (atMs < 30 ? 'near' : 'far');
  expect(zoneSpans({ startMs: 10, endMs: 40 }, changes, zoneAt)).toEqual(
    spans.map(([zone, startMs, endMs]) => ({ zone, startMs, endMs })),
  );
});

it.each([
  ['the same', FAR, zoned('far', 'mars', 'moon'), true],
  ['none', { zones: [] }, { zones: [] }, true],
  ['one region more', FAR, zoned('far', 'moon'), false],
  ['another name', FAR, zoned('near', 'moon', 'mars'), false],
])('zones are alike or not: %s', (_name, a, b, alike) => {
  expect([sameZones(a, b), sameZones(b, a)]).toEqual([alike, alike]);
});

it('what goes on when zones change may be in any zone of the other plan; else it stays', () => {
  expect(zonesBeside(FAR, { zones: [] })).toEqual(['default', 'far']);
  expect(zonesBeside(FAR, zoned('far', 'mars', 'moon'))).toEqual([]);
});

it('plans are asked for other zones when one of them has others than the one in its place', () => {
  const [far, same, near] = [FAR, zoned('far', 'mars', 'moon'), zoned('near', 'moon')].map((plan) => ({
    plan,
  }));
  if (!far || !same || !near) throw new Error('there are three');
  expect([rezones([far, near], [same, near]), rezones([far, near], [same, far])]).toEqual([false, true]);
});
