import fc from 'fast-check';
import type { Id } from '../id.js';
import type { PricePlan } from '../price/plan.types.js';
import { parsePriceSchedule, planAt, type PriceSchedule } from '../price/schedule.js';
import { propertyRuns } from '../property.rig.js';
import type { Capacity } from '../rating/block.sweep.js';
import { changesOf } from '../rating/blocks.js';
import { metersOf } from '../rating/meters.js';
import { planDocument, sorted } from '../rating/price.rig.js';
import type { UsageEntry } from '../rating/usage.entry.js';
import { UsageFold } from '../rating/usage.fold.js';
import { unionOf } from '../usage/interval.js';
import type { UsageRecord } from '../usage/usage.types.js';
import { extraMeters, quantitiesOf, refuseUncounted } from './counted.usage.js';
import { foldRecords } from './fold.js';
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
}

/** Whole requests, and such as came in two parts. */
function recordsOf(list: readonly Told[]): UsageRecord[] {
  return list.flatMap(({ at, length, cut, reached }, i) => {
    const parts = cut > 0 && cut < length ? [0, cut, length] : [0, length];
    return parts.slice(1).map((to, part): UsageRecord => ({
      ...{ schemaVersion: 1, producer: id('spl'), position: 2 * i + part, gatewayId: id('gw') },
      ...{ region: 'local', streamId: `s${i}`, part, last: part === parts.length - 2 },
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

const SIZE = { cpuMillis: 500, memoryMiB: 256 };

/** All of time in which anything is told. */
const ALWAYS = { startMs: T0, endMs: T0 + 20 * WINDOW_MS };

/** What instances did, looked at as a whole. */
function instanceEntries(
  records: readonly UsageRecord[],
  running: readonly Running[],
  capacity: Capacity,
): UsageEntry[] {
  const billable = records.filter(({ reached }) => reached);
  const streams = [...Map.groupBy(billable, ({ streamId }) => streamId).values()].flatMap(unionOf);
  return stretchesOf(running, changesOf(streams, ALWAYS), capacity, ALWAYS).map((stretch) => ({
    ...{ ...stretch, kind: 'instance', revisionId: id('rev'), region: 'local', repeat: 1 },
  }));
}

/** The same as lines of a usage file. */
function entriesOf(
  records: readonly UsageRecord[],
  running: readonly Running[],
  capacity: Capacity,
): UsageEntry[] {
  const { concurrency, maxInstances } = capacity;
  const devices = { class: undefined, diskMiB: 0, gpus: 0, gpuClass: undefined };
  const of = { id: id('rev'), organizationId: id('org'), serviceId: id('svc') };
  const revision = { kind: 'revision', ...of, ...SIZE, ...devices, concurrency, maxInstances } as const;
  const requests = records.map(
    ({ position, ...record }) =>
      ({ ...record, kind: 'request', id: String(position), revisionId: id('rev'), repeat: 1 }) as const,
  );
  return [revision, ...sorted([...requests, ...instanceEntries(records, running, capacity)])];
}

/** Whole quantities by version and lane, without those that are nothing. */
type Counted = Map<string, bigint>;

function add(to: Counted, plan: PricePlan, quantities: ReadonlyMap<string, bigint>): void {
  for (const [lane, quantity] of quantities) {
    const key = `${plan.version} ${lane}`;
    if (quantity > 0n) to.set(key, (to.get(key) ?? 0n) + quantity);
  }
}

function offline(schedule: PriceSchedule, entries: readonly UsageEntry[]): Counted {
  const fold = new UsageFold(schedule);
  for (const entry of entries) fold.add(entry);
  const counted: Counted = new Map();
  for (const { period, usage } of fold.finish().folded) add(counted, period.plan, usage.quantities);
  return counted;
}

function live(
  schedule: PriceSchedule,
  records: readonly UsageRecord[],
  running: readonly Running[],
  capacity: Capacity,
): Counted {
  const inForce = (atMs: number): PricePlan => planAt(schedule, atMs) ?? schedule[0];
  const counted: Counted = new Map();
  const windows = foldRecords(records, capacity, (startMs) => extraMeters(inForce(startMs)), running);
  for (const [startMs, window] of windows) {
    const plan = inForce(startMs);
    refuseUncounted(plan);
    add(counted, plan, quantitiesOf(plan, { ...window, ...SIZE, priceZone: 'default' }).quantities);
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
const timeItem = fc.constantFrom<Record<string, unknown>>(
  { measure: 'request_time', model: 'concurrency' },
  { measure: 'request_time', model: 'per_request' },
  { measure: 'instance_time' },
  { measure: 'instance_time', states: ['active'] },
  { measure: 'instance_time', states: ['idle'] },
);
/** Two versions of a plan whose items measure alike, but for their quanta and minimums. */
const schedule = fc
  .array(timeItem, { minLength: 1, maxLength: 3 })
  .chain((items) =>
    fc.tuple(
      fc.constant(items),
      ...[1, 2].map(() =>
        fc.array(fc.tuple(quantum, minimum), { minLength: items.length, maxLength: items.length }),
      ),
    ),
  )
  .map(([items, ...versions]) => {
    const counts = [
      item('requests', { measure: 'requests', per: '1' }),
      item('bytes', { measure: 'egress_bytes', per: '1 GiB' }),
    ];
    return parsePriceSchedule(
      versions.map((times, i) => ({
        ...{ id: 'plan', version: i + 1, name: 'Plan', currency: 'USD', decimals: 2 },
        effectiveFrom: new Date(i === 0 ? 0 : CHANGE).toISOString(),
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
  ...['azure-container-apps', 'cloud-functions-gen1', 'cloud-run-instances', 'cloud-run-requests'],
  ...['fly', 'lambda', 'modal'],
];
const COUNTED: readonly unknown[] = ['request_time', 'instance_time', 'requests', 'egress_bytes'];
const isCounted = ({ measure, states }: Record<string, unknown>): boolean =>
  COUNTED.includes(measure) && !(states as string[] | undefined)?.includes('stopped');

/** Some lists have no time of requests. */
const more = item('more', { model: 'concurrency', quantum: '100 ms' });

/** What of a published price list windows can count: without zones and classes, in force from the beginning. */
const published = fc.constantFrom(...EXAMPLES).map((name) => {
  const document = planDocument(name, { effectiveFrom: '1970-01-01T00:00:00Z', grants: [], fees: [] });
  const items = (document['items'] as Record<string, unknown>[])
    .filter(isCounted)
    .map((one) => ({ ...one, classes: undefined, zones: undefined, multipliers: undefined, times: 'one' }));
  const plain = { zones: undefined, multipliers: undefined, counters: undefined };
  return parsePriceSchedule([{ ...document, ...plain, items: [...items, more] }]);
});

const traffic = fc.array(
  fc.record({
    at: fc.integer({ min: 0, max: 5 * WINDOW_MS }),
    length: fc.oneof(fc.integer({ min: 1, max: 300 }), fc.integer({ min: 1, max: 70_000 })),
    cut: fc.integer({ min: 0, max: 70_000 }),
    reached: fc.boolean(),
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
    }),
    { maxLength: 5 },
  )
  .map((list) =>
    list.map(({ at, length }, i): Running => {
      const startMs = T0 + at;
      return { id: `pod-${i}`, begunMs: startMs, startMs, endMs: startMs + length };
    }),
  );

it('windows count for any plan what the same usage is rated by offline, in any order, also over a change of price', () => {
  const arrival = traffic
    .map(recordsOf)
    .chain((records) =>
      fc.tuple(fc.constant(records), fc.shuffledSubarray(records, { minLength: records.length })),
    );
  fc.assert(
    fc.property(
      ...([fc.oneof(schedule, published), arrival, instances, capacity] as const),
      (plans, [records, arrived], running, of) => {
        const expected = offline(plans, entriesOf(records, running, of));
        expect(live(plans, arrived, running, of)).toEqual(expected);
      },
    ),
    propertyRuns(),
  );
});

it('every lane of the plans is looked at', () => {
  const records = recordsOf([{ at: 0, length: 61_000, cut: 0, reached: true }]);
  fc.assert(
    fc.property(schedule, (plans) => {
      const lanes = metersOf(plans[0]).meters.map(({ lane }) => `1 ${lane}`);
      const [startMs, endMs] = [T0, T0 + 90_000];
      const running = [{ id: 'pod', begunMs: startMs, startMs, endMs }];
      const counted = live(plans, records, running, { concurrency: 1, maxInstances: 1 });
      expect([...counted.keys()].sort()).toEqual(expect.arrayContaining(lanes.sort()));
    }),
    { ...propertyRuns(), numRuns: 50 },
  );
});
