import fc from 'fast-check';
import { canonical } from '../canonical.js';
import { TowpathError } from '../error.js';
import { compareRatios, fraction, NOTHING, parseRatio, ratioOf, total } from '../price/ratio.js';
import { parseDecimal } from '../price/decimal.js';
import { parsePriceSchedule, type PriceSchedule } from '../price/schedule.js';
import { propertyRuns } from '../property.rig.js';
import { unionOf, lengthOf } from '../usage/interval.js';
import { unitsOfRequest } from './blocks.js';
import { rateSorted, sorted } from './price.rig.js';
import { correctionsOf } from './corrections.js';
import type { RatedMonth, Rating } from './rating.js';
import { parseUsageEntry, type UsageEntry } from './usage.entry.js';
import { UsageFold } from './usage.fold.js';

const runs = propertyRuns();
/** The middle of a price change and, with it, of a month's end. */
const T0 = Date.UTC(2026, 10, 30, 23, 59, 50);
const MONTH_END = Date.UTC(2026, 11, 1);

const RATES = { cpu: '0.000024', memory: '0.0000025', idle: '0.000001', requests: '0.4' };

function planOf(change: Record<string, unknown> = {}, rates = RATES): Record<string, unknown> {
  const time = { quantum: '100 ms', per: '1 s' };
  return {
    id: 'plan',
    version: 1,
    name: 'Plan',
    currency: 'USD',
    decimals: 2,
    effectiveFrom: '2026-01-01T00:00:00Z',
    zones: [{ name: 'far', regions: ['far'] }],
    multipliers: [{ zone: 'far', by: '1.4' }],
    items: [
      {
        ...time,
        id: 'cpu',
        name: 'CPU',
        measure: 'request_time',
        times: 'vcpu',
        rate: rates.cpu,
        unit: 'vCPU-s',
      },
      {
        ...time,
        id: 'memory',
        name: 'Memory',
        measure: 'request_time',
        times: 'gib',
        rate: rates.memory,
        unit: 'GiB-s',
      },
      {
        ...time,
        id: 'idle',
        name: 'Idle',
        measure: 'instance_time',
        states: ['idle'],
        times: 'vcpu',
        minimum: '5 s',
        rate: rates.idle,
        unit: 'vCPU-s',
      },
      {
        id: 'requests',
        name: 'Requests',
        measure: 'requests',
        rate: rates.requests,
        per: '1000000',
        unit: 'million',
      },
    ],
    ...change,
  };
}
const GRANTS = [
  { id: 'free-cpu', name: 'Free', items: ['cpu', 'idle'], quantity: '1.5' },
  { id: 'free', name: 'Free', money: '0.00001' },
];
const plain = parsePriceSchedule([planOf()]);
const granted = parsePriceSchedule([planOf({ grants: GRANTS })]);
const perRequest = parsePriceSchedule([planOf({ model: 'per_request' })]);

const REVISIONS = [
  { id: 'rev_a', organizationId: 'org_a', cpuMillis: 1_000, memoryMiB: 512, concurrency: 1, maxInstances: 3 },
  { id: 'rev_b', organizationId: 'org_a', cpuMillis: 250, memoryMiB: 128, concurrency: 3, maxInstances: 2 },
  {
    id: 'rev_c',
    organizationId: 'org_b',
    cpuMillis: 2_000,
    memoryMiB: 2_048,
    concurrency: 80,
    maxInstances: 100,
  },
].map((one) => parseUsageEntry({ kind: 'revision', serviceId: `svc_${one.id}`, ...one }));
const revisionId = fc.constantFrom('rev_a', 'rev_b', 'rev_c');
const region = fc.constantFrom('near', 'far');
const length = fc.oneof(fc.integer({ min: 1, max: 400 }), fc.integer({ min: 1, max: 30_000 }));
const offset = fc.integer({ min: 0, max: 20_000 });
const request = fc
  .record({
    revisionId,
    region,
    at: offset,
    length,
    repeat: fc.constantFrom(1, 1, 1, 1, 7),
    reached: fc.boolean(),
  })
  .map(({ at, length: ms, ...rest }) => ({
    kind: 'request',
    startMs: T0 + at,
    endMs: T0 + at + ms,
    ...rest,
  }));
const instance = fc
  .record({
    revisionId,
    region,
    at: offset,
    length,
    who: fc.constantFrom('one', 'two'),
    begun: fc.integer({ min: 0, max: 3_000 }),
  })
  .map(({ at, length: ms, who, begun, ...rest }) => ({
    kind: 'instance',
    // it runs in one place
    instanceId: `${who}-${rest.revisionId}-${rest.region}`,
    startMs: T0 + at,
    endMs: T0 + at + ms,
    begunMs: T0 + at - begun,
    state: 'idle',
    ...rest,
  }));
const entries = fc
  .array(fc.oneof({ weight: 4, arbitrary: request }, { weight: 1, arbitrary: instance }), { maxLength: 24 })
  .map((list) =>
    list.map((one, i) => parseUsageEntry(one.kind === 'request' ? { ...one, id: `r${i}` } : one)),
  );

const rated = (schedule: PriceSchedule, list: readonly UsageEntry[]): Rating =>
  rateSorted(schedule, sorted([...REVISIONS, ...list]));
const sumOf = (rating: Rating, of?: string): ReturnType<typeof parseRatio> =>
  total(
    rating.months
      .filter(({ organizationId }) => of === undefined || organizationId === of)
      .map((month) => parseRatio(month.total)),
  );
/** What was measured, by item, in units. */
function quantities(rating: Rating): Map<string, ReturnType<typeof parseRatio>> {
  const byItem = Map.groupBy(rating.lines, ({ item, organizationId }) => `${organizationId} ${item}`);
  return new Map(
    [...byItem].sort().map(([key, list]) => [key, total(list.map((one) => parseRatio(one.quantity)))]),
  );
}
const property = <T>(arbitrary: fc.Arbitrary<T>, check: (value: T) => void): void =>
  fc.assert(fc.property(arbitrary, check), runs);

describe(`invariants of rating (seed ${runs.seed}, ${runs.numRuns} runs)`, () => {
  it('1. any order, any duplicates, any batches: the same bytes', () => {
    const disturbed = entries.chain((list) =>
      fc.tuple(fc.constant(list), fc.shuffledSubarray(list, { minLength: list.length }), fc.subarray(list)),
    );
    property(disturbed, ([list, shuffled, again]) => {
      expect(canonical(rated(granted, [...again, ...shuffled]))).toBe(canonical(rated(granted, list)));
    });
  });

  it('2. more usage never costs less; with grants and tiers within a month, which a block belongs to whole', () => {
    const tiers = [{ upTo: '3', rate: '0.00002' }, { upTo: '9', rate: '0' }, { rate: '0.00001' }];
    const document = planOf({ grants: GRANTS });
    const items = (document['items'] as Record<string, unknown>[]).map((item) =>
      item['id'] === 'cpu' ? { ...item, rate: undefined, tiers } : item,
    );
    const tiered = parsePriceSchedule([{ ...document, items }]);
    property(fc.tuple(entries, entries), ([some, more]) => {
      const others = more.map((one, i) => (one.kind === 'request' ? { ...one, id: `m${i}` } : one));
      const costs = (schedule: PriceSchedule, list: readonly UsageEntry[]) => sumOf(rated(schedule, list));
      const all = [...some, ...others];
      expect(compareRatios(costs(plain, all), costs(plain, some))).toBeGreaterThanOrEqual(0);
      const [most, least] = [all, some].map((list) => costs(tiered, list.map(anHourEarlier)));
      expect(compareRatios(most ?? NOTHING, least ?? NOTHING)).toBeGreaterThanOrEqual(0);
    });
  });

  it('3. union ≤ billed ≤ each request rounded up; and on one instance ≤ the wall span rounded up', () => {
    const single = fc.array(fc.record({ at: offset, length }), { minLength: 1, maxLength: 24 });
    property(
      fc.tuple(single, fc.constantFrom(1, 3, 1_000), fc.constantFrom(1, 4)),
      ([list, concurrency, maxInstances]) => {
        const spans = list.map(({ at, length: ms }) => ({ startMs: T0 + at, endMs: T0 + at + ms }));
        const billed = blocksOf(spans, { concurrency, maxInstances });
        const each = spans.reduce((sum, { startMs, endMs }) => sum + unitsOfRequest(endMs - startMs), 0);
        expect(billed).toBeLessThanOrEqual(each);
        expect(billed * 100).toBeGreaterThanOrEqual(lengthOf(unionOf(spans)));
        const wall =
          Math.max(...spans.map(({ endMs }) => endMs)) - Math.min(...spans.map(({ startMs }) => startMs));
        expect(billed).toBeLessThanOrEqual(Math.ceil(wall / 100) * maxInstances);
      },
    );
  });

  it('4. concurrency 1 and gaps of 100 ms: what each request alone costs', () => {
    const apart = fc.array(fc.record({ gap: fc.integer({ min: 100, max: 900 }), length }), { maxLength: 20 });
    property(apart, (list) => {
      let at = T0;
      const requests = list.map(({ gap, length: ms }) => {
        const startMs = at + gap;
        at = startMs + ms;
        return parseUsageEntry({ kind: 'request', revisionId: 'rev_a', startMs, endMs: at });
      });
      expect(quantities(rated(plain, requests))).toEqual(quantities(rated(perRequest, requests)));
    });
  });

  it('5. no request that reached an instance, no start, no minimum: exactly nothing', () => {
    property(fc.array(request), (list) => {
      const free = list.map((one) => parseUsageEntry({ ...one, reached: false, status: 503 }));
      const rating = rated(plain, free);
      expect([rating.lines, rating.months.flatMap(({ charges }) => charges)]).toEqual([[], []]);
    });
  });

  it('7. lines and named adjustments sum to the charges, charges to the total, rounded charges to what is due', () => {
    property(entries, (list) => {
      const { lines, months } = rated(granted, list);
      for (const { organizationId, month, charges, total: all, due } of months) {
        for (const charge of charges) {
          const own = lines.filter(
            (one) => one.organizationId === organizationId && one.month === month && one.item === charge.item,
          );
          const named = charge.adjustments.filter(({ kind }) => kind !== 'rounding');
          const rounding = charge.adjustments.filter(({ kind }) => kind === 'rounding');
          expect(total(own.map(({ amount }) => parseRatio(amount)))).toEqual(parseRatio(charge.list));
          expect(total([charge.list, ...named.map(({ amount }) => amount)].map(parseRatio))).toEqual(
            parseRatio(charge.amount),
          );
          expect(total([charge.amount, ...rounding.map(({ amount }) => amount)].map(parseRatio))).toEqual(
            ratioOf(parseDecimal(charge.rounded)),
          );
        }
        expect(total(charges.map(({ amount }) => parseRatio(amount)))).toEqual(parseRatio(all));
        expect(total(charges.map(({ rounded }) => parseRatio(rounded)))).toEqual(parseRatio(due));
      }
    });
  });

  it('8. a stop anywhere and everything delivered again from anywhere before: the same', () => {
    const stopped = fc.tuple(entries, fc.nat(24), fc.nat(24));
    property(stopped, ([list, stop, again]) => {
      const delivered = [...list.slice(0, stop), ...list.slice(Math.min(stop, again))];
      expect(canonical(rated(granted, delivered))).toBe(canonical(rated(granted, list)));
    });
  });

  it('9. what comes late changes no invoice that is out: invoiced and corrections are what rating again gives', () => {
    property(fc.tuple(entries, request, request), ([list, late, later]) => {
      const [one, two] = [late, later].map((raw, i) =>
        parseUsageEntry({ ...raw, repeat: 9_000_000, id: `late${i}` }),
      );
      const invoiced = rated(granted, list);
      const first = rated(granted, [...list, one as UsageEntry]);
      const second = rated(granted, [...list, one as UsageEntry, two as UsageEntry]);
      for (const again of second.months) {
        const of = ({ months }: Rating): RatedMonth =>
          months.find(
            ({ organizationId, month }) => organizationId === again.organizationId && month === again.month,
          ) ?? { ...again, charges: [], due: '0' };
        const before = correctionsOf(of(invoiced), of(first));
        const after = correctionsOf(of(invoiced), again, before);
        const corrected = [...before, ...after].map(({ amount }) => amount);
        expect(total([parseRatio(of(invoiced).due), ...corrected])).toEqual(parseRatio(again.due));
        expect(correctionsOf(of(invoiced), again, [...before, ...after])).toEqual([]);
      }
      const other = 'revisionId' in late && late.revisionId === 'rev_c' ? 'org_a' : 'org_b';
      expect(ofOrganization(first, other)).toBe(ofOrganization(invoiced, other));
    });
  });

  it('10. a change of price anywhere conserves usage; with the same prices also money', () => {
    property(fc.tuple(entries, fc.integer({ min: -1_000, max: 60_000 })), ([list, at]) => {
      const effectiveFrom = new Date(T0 + at).toISOString();
      const same = parsePriceSchedule([
        planOf({ grants: GRANTS }),
        planOf({ grants: GRANTS, version: 2, effectiveFrom }),
      ]);
      const dearer = parsePriceSchedule([
        planOf(),
        planOf({ version: 2, effectiveFrom }, { ...RATES, cpu: '0.00003', idle: '0.000002' }),
      ]);
      const whole = quantities(rated(plain, list));
      expect(quantities(rated(same, list))).toEqual(whole);
      expect(quantities(rated(dearer, list))).toEqual(whole);
      expect(
        sumOf(rated(parsePriceSchedule([planOf(), planOf({ version: 2, effectiveFrom })]), list)),
      ).toEqual(sumOf(rated(plain, list)));
    });
  });

  it('11. a grant makes no charge negative and is used at most once a month by an organization', () => {
    property(fc.tuple(entries, fc.integer({ min: 0, max: 20_000 })), ([list, at]) => {
      const effectiveFrom = new Date(T0 + at).toISOString();
      const schedule = parsePriceSchedule([
        planOf({ grants: GRANTS }),
        planOf({ grants: GRANTS, version: 2, effectiveFrom }),
      ]);
      for (const { charges } of rated(schedule, list).months) {
        expect(charges.every(({ amount }) => parseRatio(amount).top >= 0n)).toBe(true);
        const given = (id: string) =>
          total(
            charges.flatMap(({ adjustments }) =>
              adjustments.filter((one) => one.id === id).map(({ amount }) => parseRatio(amount)),
            ),
          );
        expect(compareRatios(given('free'), ratioOf(parseDecimal('-0.00001')))).toBeGreaterThanOrEqual(0);
        // 1.5 vCPU-s at the dearest price there is
        expect(compareRatios(given('free-cpu'), ratioOf(parseDecimal('-0.0000504')))).toBeGreaterThanOrEqual(
          0,
        );
      }
    });
  });

  it('12. one organization never moves the bill of another', () => {
    property(entries, (list) => {
      const own = list.filter((one) => 'revisionId' in one && one.revisionId !== 'rev_c');
      expect(ofOrganization(rated(granted, list), 'org_a')).toBe(
        ofOrganization(rated(granted, own), 'org_a'),
      );
    });
  });

  it('13. within any delay nothing costs more than everything that could run in it', () => {
    property(
      fc.tuple(fc.array(request, { maxLength: 40 }), fc.integer({ min: 1, max: 30_000 })),
      ([list, delay]) => {
        const inside = list.map((one) => ({
          ...one,
          revisionId: 'rev_b',
          region: 'near',
          repeat: 1,
          reached: true,
        }));
        const cut = inside
          .map((one) => ({ ...one, endMs: Math.min(one.endMs, T0 + delay) }))
          .filter(({ startMs, endMs }) => startMs < endMs);
        const billed = blocksOf(cut, { concurrency: 3, maxInstances: 2 });
        expect(billed).toBeLessThanOrEqual(2 * Math.ceil(delay / 100));
      },
    );
  });

  it('14. what is skewed, empty, too long or without an end is refused with its field, never dropped', () => {
    const wrong = fc.constantFrom<[Record<string, unknown>, string]>(
      [{ endMs: undefined }, 'endMs'],
      [{ endMs: T0 - 1, startMs: T0 }, 'endMs'],
      [{ endMs: T0, startMs: T0 }, 'endMs'],
      [{ startMs: -1 }, 'startMs'],
      [{ startMs: T0 + 0.5 }, 'startMs'],
      [{ startMs: T0, endMs: T0 + 7_200_001 }, 'endMs'],
      [{ revisionId: undefined }, 'revisionId'],
      [{ repeat: 0 }, 'repeat'],
      [{ status: '200' }, 'status'],
      [{ kind: 'guess' }, 'kind'],
      [{ cost: '1' }, 'cost'],
    );
    property(fc.tuple(request, wrong), ([one, [change, field]]) => {
      expect(fieldOf(() => parseUsageEntry({ ...one, ...change }))).toBe(field);
    });
    property(entries, (list) => {
      const fold = new UsageFold(plain);
      for (const entry of sorted([...REVISIONS, ...list])) fold.add(entry);
      const free = list.filter((one) => one.kind === 'request' && !one.reached).length;
      expect(fold.counts).toEqual({
        records: list.length + 3,
        duplicates: 0,
        notBillable: free,
        coldStarts: 0,
      });
    });
  });
});

describe('what a fold refuses', () => {
  const at = (startMs: number, change: Record<string, unknown> = {}): UsageEntry =>
    parseUsageEntry({ kind: 'request', revisionId: 'rev_a', startMs, endMs: startMs + 1, ...change });
  const february = parsePriceSchedule([planOf({ effectiveFrom: '2026-02-01T00:00:00Z' })]);

  it.each<[string, PriceSchedule, UsageEntry[], string]>([
    ['going back in time', plain, [at(T0), at(T0 - 1)], 'startMs'],
    ['an unknown revision', plain, [at(T0, { revisionId: 'rev_x' })], 'revisionId'],
    ['one identity with two contents', plain, [at(T0, { id: 'a' }), at(T0, { id: 'a', status: 500 })], 'id'],
    ['usage from before the plan', february, [at(Date.UTC(2026, 0, 31))], 'startMs'],
    [
      'a revision of two shapes',
      plain,
      [parseUsageEntry({ ...REVISIONS[0], cpuMillis: 1, class: undefined, gpuClass: undefined })],
      'id',
    ],
  ])('%s', (_name, schedule, list, field) => {
    const fold = new UsageFold(schedule);
    for (const entry of REVISIONS) fold.add(entry);
    expect(fieldOf(() => list.forEach((entry) => fold.add(entry)))).toBe(field);
  });
});

it('rates only what opens in the time asked for, and blocks opened before go on covering', () => {
  const entry = parseUsageEntry({
    kind: 'request',
    revisionId: 'rev_a',
    startMs: MONTH_END - 50,
    endMs: MONTH_END + 120,
  });
  const ms = (asked: { fromMs?: number; toMs?: number }): bigint => {
    const fold = new UsageFold(plain, asked);
    for (const one of [...REVISIONS, entry]) fold.add(one);
    const { folded } = fold.finish();
    return folded.reduce(
      (sum, { usage }) => sum + (usage.quantities.get('request_time/concurrency#0') ?? 0n),
      0n,
    );
  };
  expect([ms({}), ms({ fromMs: MONTH_END }), ms({ toMs: MONTH_END })]).toEqual([200n, 100n, 100n]);
});

it('a new quantum counts for the blocks that open under it', () => {
  const second = planOf({ version: 2, effectiveFrom: new Date(T0 + 150).toISOString() });
  const items = (second['items'] as Record<string, unknown>[]).map((item) =>
    item['measure'] === 'request_time' ? { ...item, quantum: '10 ms' } : item,
  );
  const schedule = parsePriceSchedule([planOf(), { ...second, items }]);
  const long = parseUsageEntry({ kind: 'request', revisionId: 'rev_a', startMs: T0, endMs: T0 + 233 });
  const cpu = rated(schedule, [long]).lines.filter(({ item }) => item === 'cpu');
  expect(cpu.map(({ version, quantity }) => [version, quantity])).toEqual([
    [1, '0.2'],
    [2, '0.04'],
  ]);
});

function anHourEarlier(entry: UsageEntry): UsageEntry {
  const HOUR = 3_600_000;
  if (entry.kind !== 'request' && entry.kind !== 'instance') return entry;
  const { startMs, endMs } = entry;
  const begun = entry.kind === 'instance' ? { begunMs: (entry.begunMs ?? startMs) - HOUR } : {};
  return { ...entry, ...begun, startMs: startMs - HOUR, endMs: endMs - HOUR };
}

function blocksOf(
  spans: readonly { startMs: number; endMs: number }[],
  capacity: { concurrency: number; maxInstances: number },
): number {
  const fold = new UsageFold(plain);
  const revision = { ...REVISIONS[0], ...capacity } as UsageEntry;
  fold.add(revision);
  const list = spans.map(({ startMs, endMs }) =>
    parseUsageEntry({ kind: 'request', revisionId: 'rev_a', startMs, endMs }),
  );
  for (const entry of sorted(list)) fold.add(entry);
  const ms = fold
    .finish()
    .folded.reduce((sum, { usage }) => sum + (usage.quantities.get('request_time/concurrency#0') ?? 0n), 0n);
  return Number(ms / 100n);
}

function ofOrganization({ lines, months }: Rating, organizationId: string): string {
  const own = <T extends { organizationId: string }>(list: readonly T[]): T[] =>
    list.filter((one) => one.organizationId === organizationId);
  return canonical([own(lines), own(months)]);
}

function fieldOf(work: () => unknown): string | undefined {
  try {
    work();
    return undefined;
  } catch (error) {
    if (!(error instanceof TowpathError)) throw error;
    return error.violations?.[0]?.field;
  }
}

it('a fraction is written as one where no decimal ends', () => {
  expect(parseRatio('29/31')).toEqual(fraction(29n, 31n));
});
