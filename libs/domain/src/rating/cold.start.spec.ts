import fc from 'fast-check';
import { compareRatios, parseRatio } from '../price/ratio.js';
import { parsePriceSchedule, type PriceSchedule } from '../price/schedule.js';
import { propertyRuns } from '../property.rig.js';
import { rateLines, rateSorted, sorted, theMonth } from './price.rig.js';
import { parseUsageEntry, type UsageEntry } from './usage.entry.js';
import { UsageFold } from './usage.fold.js';

const T0 = Date.UTC(2026, 10, 15, 12);
type Model = 'concurrency' | 'per_request';

const documentOf = (coldStart: string, model: Model) => ({
  ...{ id: 'plan', version: 1, name: 'Plan', currency: 'USD', decimals: 2, coldStart, model },
  effectiveFrom: '2026-01-01T00:00:00Z',
  items: [
    { id: 'time', name: 'Time', measure: 'request_time', rate: '1', per: '1 s', unit: 's' },
    { id: 'requests', name: 'Requests', measure: 'requests', rate: '0.001', per: '1', unit: 'request' },
  ],
});
const planOf = (coldStart: string, model: Model): PriceSchedule =>
  parsePriceSchedule([documentOf(coldStart, model)]);

const revision = (concurrency: number) => ({
  ...{ kind: 'revision', id: 'rev', organizationId: 'org', serviceId: 'svc', cpuMillis: 1_000 },
  ...{ memoryMiB: 512, concurrency, maxInstances: 3 },
});
const request = (at: number, ms: number, ready?: { at: number; offset: number }) => ({
  ...{ kind: 'request', revisionId: 'rev', startMs: T0 + at, endMs: T0 + at + ms },
  ...(ready && { readyMs: T0 + ready.at, readyOffsetMs: ready.offset }),
});

/** Three callers wait for the first instance, a fourth finds it. */
const MORNING = [
  revision(1),
  request(0, 2_300, { at: 2_000, offset: 0 }),
  request(500, 1_700, { at: 2_000, offset: 0 }),
  request(1_950, 60, { at: 2_000, offset: 0 }),
  request(2_500, 100),
];

describe('a plan that leaves cold starts to the operator', () => {
  it.each<[string, Model, string]>([
    ['billed', 'concurrency', '4.2'],
    ['free', 'concurrency', '0.7'],
    ['billed', 'per_request', '4.2'],
    ['free', 'per_request', '0.7'],
  ])('coldStart %s, model %s', (coldStart, model, quantity) => {
    const { lines } = rateLines(documentOf(coldStart, model), MORNING);
    const quantities = lines.map((line) => [line.item, line.quantity]);
    // requests are counted and paid for all the same
    expect(quantities).toEqual([
      ['requests', '4'],
      ['time', quantity],
    ]);
  });

  it.each([
    ['under a second apart: clipped', 999, '1.4', 1],
    ['a second apart: not', 1_000, '2.4', 0],
    ['a second behind: not', -1_000, '2.4', 0],
  ])('clocks %s', (_name, offset, quantity, coldStarts) => {
    const fold = new UsageFold(planOf('free', 'per_request'));
    const lines = [revision(1), request(0, 2_400, { at: 2_000, offset })];
    for (const line of lines) fold.add(parseUsageEntry(line));
    expect(fold.counts).toEqual({ records: 2, duplicates: 0, notBillable: 0, coldStarts });
    const rated = rateLines(documentOf('free', 'per_request'), lines).lines;
    expect(rated.find(({ item }) => item === 'time')?.quantity).toBe(quantity);
  });

  it('a stream of several reports is billed from when an instance was ready', () => {
    const part = (at: number, ms: number, more: object) => ({ ...request(at, ms), streamId: 's', ...more });
    const { lines } = rateLines(documentOf('free', 'concurrency'), [
      revision(1),
      part(0, 60_000, { last: false, readyMs: T0 + 59_000, readyOffsetMs: 0 }),
      part(60_000, 1_000, { part: 1 }),
    ]);
    expect(lines.map(({ item, quantity }) => [item, quantity])).toEqual([
      ['requests', '1'],
      ['time', '2'],
    ]);
  });

  it('the moment and the offset come together', () => {
    for (const one of [{ readyMs: T0 }, { readyOffsetMs: 0 }])
      expect(() => parseUsageEntry({ ...request(0, 10), ...one })).toThrow('readyOffsetMs');
  });

  it('an unknown word is refused', () => {
    expect(() => planOf('half', 'concurrency')).toThrow('coldStart');
  });

  const waiting = fc.record({
    at: fc.integer({ min: 0, max: 20_000 }),
    ms: fc.integer({ min: 1, max: 5_000 }),
    ready: fc.option(
      fc.record({
        at: fc.integer({ min: 0, max: 25_000 }),
        offset: fc.constantFrom(-5_000, -900, 0, 37, 999, 1_000),
      }),
      { nil: undefined },
    ),
  });

  it('costs what the same requests cost that begin when an instance is ready, and never more than with cold starts', () => {
    const billable = ({
      at,
      ms,
      ready,
    }: {
      at: number;
      ms: number;
      ready?: { at: number; offset: number } | undefined;
    }) => {
      const from =
        ready && Math.abs(ready.offset) < 1_000 ? Math.min(ready.at - ready.offset, at + ms - 1) : at;
      return request(Math.max(at, from), at + ms - Math.max(at, from));
    };
    const rated = (plan: PriceSchedule, lines: readonly object[]) =>
      rateSorted(plan, sorted(lines.map((line): UsageEntry => parseUsageEntry(line))));
    fc.assert(
      fc.property(
        fc.array(waiting, { minLength: 1, maxLength: 15 }),
        fc.integer({ min: 1, max: 3 }),
        fc.constantFrom<Model>('concurrency', 'per_request'),
        (list, concurrency, model) => {
          const all = [revision(concurrency), ...list.map(({ at, ms, ready }) => request(at, ms, ready))];
          const free = rated(planOf('free', model), all);
          const begun = rated(planOf('billed', model), [revision(concurrency), ...list.map(billable)]);
          expect(free.lines).toEqual(begun.lines);
          const most = theMonth(rated(planOf('billed', model), all)).total;
          expect(compareRatios(parseRatio(theMonth(free).total), parseRatio(most))).toBeLessThanOrEqual(0);
        },
      ),
      propertyRuns(),
    );
  });
});
