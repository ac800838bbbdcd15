import fc from 'fast-check';
import type { TowpathError } from '../error.js';
import type { Id } from '../id.js';
import type { PricePlan, PriceZone } from '../price/plan.types.js';
import { parsePriceSchedule, planAt, type PriceSchedule } from '../price/schedule.js';
import { priceZoneOf } from '../price/zones.js';
import { propertyRuns } from '../property.rig.js';
import type { Capacity } from '../rating/block.sweep.js';
import { changesOf } from '../rating/blocks.js';
import { metersOf } from '../rating/meters.js';
import { priceUsage, type Usage } from '../rating/pricing.js';
import { planDocument, sorted } from '../rating/price.rig.js';
import type { UsageEntry } from '../rating/usage.entry.js';
import { UsageFold } from '../rating/usage.fold.js';
import { unionOf } from '../usage/interval.js';
import type { Interval, UsageRecord } from '../usage/usage.types.js';
import { extraMeters, quantitiesOf, refuseUncounted } from './counted.usage.js';
import { foldRecords, type ReadyOf } from './fold.js';
import { stretchesOf, type Running } from './instance.time.js';
import { WINDOW_MS } from './window.js';

const T0 = Date.UTC(2026, 10, 22);
/** Versions change at this minute. */
const CHANGE = T0 + 2 * WINDOW_MS;
const id = <P extends 'spl' | 'gw' | 'org' | 'prj' | 'svc' | 'rev'>(prefix: P): Id<P> =>
  `${prefix}_${'0'.repeat(20)}`;

interface Told {
  at: number;
  length: number;
  cut: number;
  reached: boolean;
  /** Which of the regions of a plan. */
  region: number;
  /** After so many ms a first instance was ready; 0: one was there. */
  wait: number;
}

/** By how much the agent's clock is ahead of the gateway's. */
const OFFSET_MS = 37;

/** When instances were ready, by the gateway's clock: a request that comes in parts waits with each that begins before. */
function readyIn(list: readonly Told[]): ReadyOf {
  return ({ streamId, startMs }) => {
    const { at, wait } = list[Number(streamId.slice(1))] ?? { at: 0, wait: 0 };
    return T0 + at + wait > startMs ? T0 + at + wait : undefined;
  };
}

/** An instance, and in which of the regions of a plan it runs. */
interface Placed extends Running {
  region: string;
}

/** Whole requests, and such as came in two parts. */
function recordsOf(list: readonly Told[]): UsageRecord[] {
  return list.flatMap(({ at, length, cut, reached, region }, i) => {
    const parts = cut > 0 && cut < length ? [0, cut, length] : [0, length];
    return parts.slice(1).map((to, part): UsageRecord => ({
      ...{ schemaVersion: 1, producer: id('spl'), position: 2 * i + part, gatewayId: id('gw') },
      ...{ region: String(region), streamId: `s${i}`, part, last: part === parts.length - 2 },
      ...{
        startMs: T0 + at + (parts[part] ?? 0),
        endMs: T0 + at + to,
        requestBytes: 1,
        responseBytes: i + 1,
      },
      ...{ status: reached ? 200 : 503, flags: '-', reached, attempts: 1 },
      ...{ organizationId: id('org'), projectId: id('prj'), serviceId: id('svc'), revisionId: id('rev') },
    }));
  });
}

const NO_SIZE = { cpuMillis: 0, memoryMiB: 0 };
const SIZE = { cpuMillis: 500, memoryMiB: 256, gpus: 2, gpuClass: 'l4' };

/** All of time in which anything is told. */
const ALWAYS = { startMs: T0, endMs: T0 + 20 * WINDOW_MS };

/** Usage in the regions of a plan: some of each zone, and one that no zone names. */
function settled<T extends { region: string }>([{ zones }]: PriceSchedule, list: readonly T[]): T[] {
  const regions = ['local', ...zones.flatMap((zone) => zone.regions.slice(0, 2))];
  return list.map((one) => ({ ...one, region: regions[Number(one.region) % regions.length] ?? '' }));
}

/** What instances did, looked at as a whole, zone by zone: requests of a zone are served by its instances. */
function instanceEntries(
  [{ zones }]: PriceSchedule,
  records: readonly UsageRecord[],
  running: readonly Placed[],
  capacity: Capacity,
): UsageEntry[] {
  const billable = records.filter(({ reached }) => reached);
  return byZone(zones, running).flatMap(([zone, own]) => {
    const asked = billable.filter(({ region }) => priceZoneOf(region, zones) === zone);
    const streams = [...Map.groupBy(asked, ({ streamId }) => streamId).values()].flatMap(unionOf);
    return stretchesOf(own, changesOf(streams, ALWAYS), capacity, ALWAYS).map((stretch): UsageEntry => ({
      ...{ ...stretch, kind: 'instance', revisionId: id('rev'), repeat: 1 },
      region: own[0]?.region ?? '',
    }));
  });
}

function byZone<T extends { region: string }>(
  zones: readonly PriceZone[],
  list: readonly T[],
): [zone: string, own: T[]][] {
  return [...Map.groupBy(list, ({ region }) => priceZoneOf(region, zones))];
}

/** A build, and in which of the regions of a plan it was. */
interface Built extends Interval {
  region: string;
}

/** What there is beside records. */
interface Ran {
  running: readonly Placed[];
  builds: readonly Built[];
  capacity: Capacity;
  readyOf: ReadyOf;
}

/** The same as lines of a usage file. */
function entriesOf(
  schedule: PriceSchedule,
  records: readonly UsageRecord[],
  { running, builds, capacity, readyOf }: Ran,
): UsageEntry[] {
  const { concurrency, maxInstances } = capacity;
  const devices = { class: undefined, diskMiB: 0 };
  const of = { id: id('rev'), organizationId: id('org'), serviceId: id('svc') };
  const revision = { kind: 'revision', ...of, ...SIZE, ...devices, concurrency, maxInstances } as const;
  const requests = records.map((told) => {
    const { position, ...record } = told;
    const readyMs = readyOf(told);
    const ready = readyMs === undefined ? undefined : { at: readyMs + OFFSET_MS, offset: OFFSET_MS };
    return {
      ...record,
      ...({ kind: 'request', id: String(position), revisionId: id('rev'), repeat: 1 } as const),
      ...{ readyMs: ready?.at, readyOffsetMs: ready?.offset },
    } as const;
  });
  const built = builds.map((build): UsageEntry => ({
    ...({ ...build, kind: 'build', id: undefined, class: undefined, repeat: 1 } as const),
    ...{ organizationId: id('org'), serviceId: id('svc') },
  }));
  const ran = instanceEntries(schedule, records, running, capacity);
  return [revision, ...sorted([...requests, ...built, ...ran])];
}

/** Whole quantities by version, zone and lane, and what items count of them, without those that are nothing. */
type Counted = Map<string, bigint>;

function add(to: Counted, plan: PricePlan, usage: Usage): void {
  const items = priceUsage(plan, usage).map(({ item, measured }) => {
    if (measured.scale !== 0) throw new RangeError(`what ${item.id} counts is not whole`);
    return [item.id, measured.units] as const;
  });
  for (const [name, quantity] of [...usage.quantities, ...items]) {
    const key = `${plan.version} ${usage.zone} ${name}`;
    if (quantity > 0n) to.set(key, (to.get(key) ?? 0n) + quantity);
  }
}

function offline(schedule: PriceSchedule, entries: readonly UsageEntry[]): Counted {
  const fold = new UsageFold(schedule);
  for (const entry of entries) fold.add(entry);
  const counted: Counted = new Map();
  for (const { period, usage } of fold.finish().folded) add(counted, period.plan, usage);
  return counted;
}

function live(
  schedule: PriceSchedule,
  records: readonly UsageRecord[],
  { running, builds, capacity, readyOf }: Ran,
): Counted {
  const inForce = (atMs: number): PricePlan => planAt(schedule, atMs) ?? schedule[0];
  const metersAt = (startMs: number) => extraMeters(inForce(startMs));
  const { zones } = schedule[0];
  const counted: Counted = new Map();
  for (const priceZone of new Set(
    [...byZone(zones, records), ...byZone(zones, running), ...byZone(zones, builds)].map(([zone]) => zone),
  )) {
    const inZone = ({ region }: { region: string }): boolean => priceZoneOf(region, zones) === priceZone;
    const ran = running.filter(inZone);
    const windows = foldRecords(records.filter(inZone), capacity, metersAt, { running: ran, readyOf });
    // builds are of no revision
    const built = foldRecords([], capacity, metersAt, { builds: builds.filter(inZone) });
    const sized = [...windows].map(([startMs, window]) => [startMs, { ...window, ...SIZE }] as const);
    const plain = [...built].map(([startMs, window]) => [startMs, { ...window, ...NO_SIZE }] as const);
    for (const [startMs, window] of [...sized, ...plain]) {
      const plan = inForce(startMs);
      refuseUncounted(plan);
      add(counted, plan, quantitiesOf(plan, { ...window, priceZone }));
    }
  }
  return counted;
}

const item = (name: string, change: Record<string, unknown>) => ({
  ...{ id: name, name, measure: 'request_time', times: 'one', rate: '0.01', per: '1 s', unit: 's' },
  ...change,
});
/** Shorter ones are refused under concurrency. */
const SHORTEST_BLOCK_MS = 10;
const quantum = fc.constantFrom(1, 7, 70, 100, 1_000, 60_000);
const minimum = fc.constantFrom(0, 50, 250, 5_000, 150_000);
const coldStart = fc.constantFrom('billed', 'free');
const timeItem = fc.constantFrom<Record<string, unknown>>(
  { measure: 'request_time', model: 'concurrency' },
  { measure: 'request_time', model: 'per_request' },
  { measure: 'instance_time' },
  { measure: 'instance_time', states: ['active'] },
  { measure: 'instance_time', states: ['idle'] },
  { measure: 'build_time' },
  { measure: 'gpu_time', gpuClass: 'l4' },
  { measure: 'gpu_time', gpuClass: 'h100', states: ['active'] },
);
/** Two versions of a plan whose items measure alike, but for their quanta and minimums. */
const schedule = fc
  .array(timeItem, { minLength: 1, maxLength: 3 })
  .chain((items) =>
    fc.tuple(
      fc.constant(items),
      fc.tuple(coldStart, coldStart),
      ...[1, 2].map(() =>
        fc.array(fc.tuple(quantum, minimum), { minLength: items.length, maxLength: items.length }),
      ),
    ),
  )
  .map(([items, coldStarts, ...versions]) => {
    const counts = [
      item('requests', { measure: 'requests', per: '1' }),
      item('bytes', { measure: 'egress_bytes', per: '1 GiB' }),
    ];
    return parsePriceSchedule(
      versions.map((times, i) => ({
        ...{ id: 'plan', version: i + 1, name: 'Plan', currency: 'USD', decimals: 2 },
        effectiveFrom: new Date(i === 0 ? 0 : CHANGE).toISOString(),
        coldStart: coldStarts[i],
        zones: [{ name: 'far', regions: ['moon', 'mars'] }],
        items: [
          ...items.map((of, n) => {
            const [ms, least] = times[n] ?? [100, 0];
            const alone = of['model'] !== 'concurrency' && least ? { minimum: `${least} ms` } : {};
            const blockMs = of['model'] === 'concurrency' ? Math.max(ms, SHORTEST_BLOCK_MS) : ms;
            return item(`time-${n}`, { ...of, quantum: `${blockMs} ms`, ...alone });
          }),
          ...counts,
        ],
      })),
    );
  })
  .filter(measuresAlike);

/** A request that runs when its item gets another lane is followed in the old one offline, in both by windows. */
function measuresAlike([one, other = one]: PriceSchedule): boolean {
  const lanes = [...metersOf(other).lanes];
  return lanes.every(([item, lane]) => metersOf(one).lanes.get(item) === lane);
}

const EXAMPLES = [
  ...['azure-container-apps', 'cloud-functions-gen1', 'cloud-run-instances', 'cloud-run-jobs'],
  ...['cloud-run-requests', 'fly', 'lambda', 'modal'],
];
const COUNTED: readonly unknown[] = [
  ...['request_time', 'instance_time', 'gpu_time', 'build_time', 'requests', 'egress_bytes'],
];
const isCounted = ({ measure, states }: Record<string, unknown>): boolean =>
  COUNTED.includes(measure) && !(states as string[] | undefined)?.includes('stopped');

/** Some lists have no time of requests. */
const more = item('more', { model: 'concurrency', quantum: '100 ms' });

/** What of a published price list windows can count: without classes, in force from the beginning. */
const published = fc.tuple(fc.constantFrom(...EXAMPLES), coldStart).map(([name, coldStart]) => {
  const document = planDocument(name, { effectiveFrom: '1970-01-01T00:00:00Z', grants: [], fees: [] });
  const items = (document['items'] as Record<string, unknown>[])
    .filter(isCounted)
    .map((one) => ({ ...one, classes: undefined, multipliers: undefined, times: 'one' }));
  const plain = { multipliers: undefined, counters: undefined };
  return parsePriceSchedule([{ ...document, ...plain, coldStart, items: [...items, more] }]);
});

const traffic = fc.array(
  fc.record({
    at: fc.integer({ min: 0, max: 5 * WINDOW_MS }),
    length: fc.oneof(fc.integer({ min: 1, max: 300 }), fc.integer({ min: 1, max: 70_000 })),
    cut: fc.integer({ min: 0, max: 70_000 }),
    reached: fc.boolean(),
    region: fc.nat(4),
    wait: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 3_000 }), fc.integer({ min: 1, max: 80_000 })),
  }),
  { maxLength: 20 },
);
const capacity = fc.record({
  concurrency: fc.integer({ min: 1, max: 4 }),
  maxInstances: fc.integer({ min: 1, max: 4 }),
});

/** Instances that ran at any time, several at once, some of them for an instant. */
const instances = fc
  .array(
    fc.record({
      at: fc.integer({ min: 0, max: 4 * WINDOW_MS }),
      length: fc.oneof(fc.integer({ min: 1, max: 2_000 }), fc.integer({ min: 1, max: 4 * WINDOW_MS })),
      region: fc.nat(4),
    }),
    { maxLength: 5 },
  )
  .map((list) =>
    list.map(({ at, length, region }, i): Placed => {
      const startMs = T0 + at;
      return { id: `pod-${i}`, begunMs: startMs, startMs, endMs: startMs + length, region: String(region) };
    }),
  );

const builds = fc
  .array(
    fc.record({
      at: fc.integer({ min: 0, max: 4 * WINDOW_MS }),
      length: fc.oneof(fc.integer({ min: 1, max: 2_000 }), fc.integer({ min: 1, max: 4 * WINDOW_MS })),
      region: fc.nat(4),
    }),
    { maxLength: 4 },
  )
  .map((list) =>
    list.map(({ at, length, region }): Built => {
      return { startMs: T0 + at, endMs: T0 + at + length, region: String(region) };
    }),
  );

it('windows count for any plan what the same usage is rated by offline, in any order, also over a change of price', () => {
  const arrival = traffic.chain((list) => {
    const records = recordsOf(list);
    const arrived = fc.shuffledSubarray(records, { minLength: records.length });
    return fc.tuple(fc.constant(records), arrived, fc.constant(readyIn(list)));
  });
  fc.assert(
    fc.property(
      ...([fc.oneof(schedule, published), arrival, instances, builds, capacity] as const),
      (plans, [records, arrived, readyOf], running, built, of) => {
        const [ranThere, builtThere] = [settled(plans, running), settled(plans, built)];
        const ran = { running: ranThere, builds: builtThere, capacity: of, readyOf };
        const expected = offline(plans, entriesOf(plans, settled(plans, records), ran));
        expect(live(plans, settled(plans, arrived), ran)).toEqual(expected);
      },
    ),
    propertyRuns(),
  );
});

it('every lane of the plans is looked at', () => {
  const records = recordsOf([{ at: 0, length: 61_000, cut: 0, reached: true, region: 0, wait: 0 }]);
  fc.assert(
    fc.property(schedule, (plans) => {
      const lanes = metersOf(plans[0]).meters.map(({ lane }) => `1 default ${lane}`);
      const [startMs, endMs] = [T0, T0 + 90_000];
      const running = [{ id: 'pod', begunMs: startMs, startMs, endMs, region: 'local' }];
      const ran = {
        ...{ running, builds: [{ startMs, endMs, region: 'local' }] },
        ...{ capacity: { concurrency: 1, maxInstances: 1 }, readyOf: () => undefined },
      };
      const counted = live(plans, records, ran);
      expect([...counted.keys()].sort()).toEqual(expect.arrayContaining(lanes.sort()));
    }),
    { ...propertyRuns(), numRuns: 50 },
  );
});

it.each<[string, string[]]>([
  ['azure-container-apps', []],
  ['cloud-functions-gen1', []],
  ['cloud-run-instances', []],
  ['cloud-run-jobs', []],
  ['cloud-run-requests', []],
  ['fly', ['items[1].times: disks', 'items[1].states: stopped instances']],
  [
    'lambda',
    [
      ...[0, 1, 2, 3].map((i) => `items[${i}].classes: usage by class`),
      ...['items[4].times: disks', 'items[5].states: stopped instances'],
      ...[6, 7, 8].map((i) => `items[${i}].measure: counter`),
    ],
  ],
  ['modal', ['multipliers[2].class: usage by class']],
])(
  'the published list %s can be given to an organization, but for what nobody counts: %j',
  (name, fields) => {
    const [plan] = parsePriceSchedule([planDocument(name)]);
    expect(uncountedIn(plan)).toEqual(fields.map((one) => `document.${one}`));
  },
);

/** What is refused of a plan: field and what it needs. */
function uncountedIn(plan: PricePlan): string[] {
  try {
    refuseUncounted(plan);
    return [];
  } catch (error) {
    const { code, violations = [], nextStep } = error as TowpathError;
    expect([code, nextStep]).toEqual(['NOT_SUPPORTED', expect.stringContaining('tow admin rate')]);
    return violations.map(({ field, message }) => `${field}: ${message.replace('is not counted: ', '')}`);
  }
}
