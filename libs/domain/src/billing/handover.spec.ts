import fc from 'fast-check';
import { propertyRuns } from '../property.rig.js';
import { priceZoneOf } from '../price/zones.js';
import { changesOf } from '../rating/blocks.js';
import { meterKey, type Meter } from '../rating/meters.js';
import type { Interval } from '../usage/usage.types.js';
import { foldWindow, NOTHING_OPEN, sameEnds, type BillingWindow, type WindowFacts } from './fold.js';
import { carriedFrom, windowsAfter, windowsBefore, type ZonedPlans } from './handover.js';
import { instanceSharesOf } from './instance.shares.js';
import { WINDOW_MS, windowSpan, type WindowKey } from './window.js';

const T0 = 1_795_219_200_000;
const MINUTES = 5;
const REGIONS = ['earth', 'moon', 'mars'];
const ZONES = [
  [],
  [{ name: 'far', regions: ['moon'] }],
  [{ name: 'far', regions: ['mars', 'moon'] }],
  [
    { name: 'near', regions: ['moon'] },
    { name: 'far', regions: ['mars'] },
  ],
];
const NAMES = ['default', 'far', 'near'];
const CAPACITY = { concurrency: 1, maxInstances: 3 };

interface Placed extends Interval {
  region: string;
}
/** What ran and what was asked, and what was in force minute by minute. */
interface Usage {
  pods: Placed[];
  requests: Placed[];
}

const placed: fc.Arbitrary<Placed> = fc
  .record({
    region: fc.constantFrom(...REGIONS),
    from: fc.integer({ min: 0, max: MINUTES * WINDOW_MS - 2 }),
    ms: fc.integer({ min: 1, max: 3 * WINDOW_MS }),
  })
  .map(({ region, from, ms }) => ({
    region,
    startMs: T0 + from,
    endMs: T0 + Math.min(from + ms, MINUTES * WINDOW_MS),
  }));
const usage = fc.record({
  pods: fc.array(placed, { minLength: 1, maxLength: 4 }),
  requests: fc.array(placed, { maxLength: 4 }),
});
const zonesByMinute = fc
  .array(fc.constantFrom(...ZONES), { minLength: MINUTES, maxLength: MINUTES })
  .map((list) => list.map((zones) => ({ zones })));
const meter = fc
  .record({
    states: fc.subarray(['active', 'idle'] as const, { minLength: 1 }),
    quantumMs: fc.constantFrom(1, 1_000, 7_000, 90_000),
    minimumMs: fc.constantFrom(0, 5_000, 100_000),
  })
  .map((of): Meter => ({
    ...{ lane: 'l', measure: 'instance_time', model: undefined, coldStart: 'billed' },
    ...of,
  }));

const key = (minute: number, priceZone: string): WindowKey => ({
  ...{ organizationId: 'o', projectId: 'p', serviceId: 's', revisionId: 'r' },
  ...{ priceZone, windowStartMs: T0 + minute * WINDOW_MS },
});
const nameOf = ({ priceZone, windowStartMs }: WindowKey): string => `${windowStartMs} ${priceZone}`;

/** Windows of a revision, folded as billing does: when what one hands over changes, those after it are folded again. */
class Folded {
  readonly windows = new Map<string, { key: WindowKey; window: BillingWindow; facts: WindowFacts }>();
  private readonly plans: ZonedPlans;

  constructor(
    zones: readonly { zones: (typeof ZONES)[number] }[],
    private readonly meters: (minute: number) => Meter[],
  ) {
    const at = (atMs: number) => zones[minuteOf(atMs)] ?? zones[0] ?? { zones: [] };
    this.plans = { hasZones: true, at };
  }

  take({ pods, requests }: Usage): void {
    let batch = Array.from({ length: MINUTES }).flatMap((_, minute) =>
      NAMES.map((zone) => key(minute, zone)),
    );
    while (batch.length > 0) {
      const next = new Map<string, WindowKey>();
      for (const one of batch) {
        const facts = this.factsOf(one, { pods, requests });
        const shape = { capacity: CAPACITY, meters: this.meters(minuteOf(one.windowStartMs)) };
        const window = foldWindow(one.windowStartMs, facts, shape, this.carriedInto(one));
        const before = this.windows.get(nameOf(one))?.window ?? NOTHING_OPEN;
        this.windows.set(nameOf(one), { key: one, window, facts });
        if (sameEnds(before, window)) continue;
        for (const after of windowsAfter(one, this.plans))
          if (minuteOf(after.windowStartMs) < MINUTES) next.set(nameOf(after), after);
      }
      batch = [...next.values()];
    }
  }

  carriedInto(one: WindowKey): BillingWindow | ReturnType<typeof carriedFrom> {
    return carriedFrom(
      windowsBefore(one, this.plans).map((before) => this.windows.get(nameOf(before))?.window),
    );
  }

  counted(): Map<string, bigint | undefined> {
    return new Map(
      [...this.windows].map(([name, { key: of, window }]) => {
        const [own] = this.meters(minuteOf(of.windowStartMs));
        return [name, own && window.metered.get(meterKey(own))];
      }),
    );
  }

  borne(): Map<string, bigint> {
    return new Map(
      [...this.windows].map(([name, { key: of, facts }]) => {
        const [own] = this.meters(minuteOf(of.windowStartMs));
        const shape = { capacity: CAPACITY };
        const shares = own ? instanceSharesOf(of.windowStartMs, facts, shape, own, this.carriedInto(of)) : [];
        return [name, shares.reduce((sum, { ms }) => sum + ms, 0n)];
      }),
    );
  }

  private factsOf({ priceZone, windowStartMs }: WindowKey, { pods, requests }: Usage): WindowFacts {
    const span = windowSpan(windowStartMs);
    const { zones } = this.plans.at(windowStartMs);
    const here = ({ region }: Placed): boolean => priceZoneOf(region, [...zones]) === priceZone;
    return {
      counts: { requests: 0n, notBillableRequests: 0n, requestBytes: 0n, responseBytes: 0n },
      ...{ changes: changesOf(requests.filter(here), span), lengths: [], reaching: [], beginning: [] },
      ...{ waited: [], builds: [] },
      running: pods.flatMap((one, i) =>
        here(one) ? [{ ...one, id: `pod-${i}`, begunMs: one.startMs }] : [],
      ),
    };
  }
}

const minuteOf = (atMs: number): number => Math.floor((atMs - T0) / WINDOW_MS);
const totalOf = (counted: ReadonlyMap<string, bigint | undefined>): bigint =>
  [...counted.values()].reduce<bigint>((sum, ms) => sum + (ms ?? 0n), 0n);
/** What was known of it earlier: of each pod a part, of requests some. */
const early = ({ pods, requests }: Usage): Usage => ({
  pods: pods.map((one) => ({ ...one, endMs: Math.ceil((one.startMs + one.endMs) / 2) })),
  requests: requests.slice(1),
});

it('what instances bear of a window is what it counts, through changes of zones and prices, also when more is known later', () => {
  fc.assert(
    fc.property(
      usage,
      zonesByMinute,
      fc.array(meter, { minLength: 1, maxLength: 3 }),
      (all, zones, meters) => {
        const at = (minute: number): Meter[] =>
          meters.slice(minute % meters.length, (minute % meters.length) + 1);
        const grown = new Folded(zones, at);
        for (const known of [early(all), all]) {
          grown.take(known);
          expect(grown.borne()).toEqual(grown.counted());
        }
        const anew = new Folded(zones, at);
        anew.take(all);
        expect(grown.counted()).toEqual(anew.counted());
      },
    ),
    propertyRuns(),
  );
});

it('of an instance as much counts where zones change as where none are', () => {
  fc.assert(
    fc.property(usage, zonesByMinute, meter, ({ pods }, zones, of) => {
      const whole: Meter = { ...of, states: ['active', 'idle'] };
      const moved = new Folded(zones, () => [whole]);
      const stayed = new Folded([{ zones: [] }], () => [whole]);
      for (const one of [moved, stayed]) one.take({ pods, requests: [] });
      expect(totalOf(moved.counted())).toBe(totalOf(stayed.counted()));
    }),
    propertyRuns(),
  );
});
