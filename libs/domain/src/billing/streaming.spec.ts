import fc from 'fast-check';
import { MEMORY_TICK_PLAN, BUILTIN_PLAN } from '../price/builtin.plans.js';
import type { PriceSchedule } from '../price/schedule.js';
import { propertyRuns } from '../property.rig.js';
import { sorted } from '../rating/price.rig.js';
import { parseUsageEntry, type UsageEntry } from '../rating/usage.entry.js';
import { UsageFold } from '../rating/usage.fold.js';
import type { UsageRecord } from '../usage/usage.types.js';
import { foldRecords } from './fold.js';

const runs = propertyRuns();
const plain: PriceSchedule = [BUILTIN_PLAN];
const perRequest: PriceSchedule = [MEMORY_TICK_PLAN];
const T0 = Date.UTC(2026, 10, 30, 23, 59, 50);
const REVISION = {
  kind: 'revision',
  id: 'rev',
  organizationId: 'org',
  serviceId: 'svc',
  cpuMillis: 1,
  memoryMiB: 1,
};
const length = fc.oneof(fc.integer({ min: 1, max: 400 }), fc.integer({ min: 1, max: 30_000 }));
const property = <T>(arbitrary: fc.Arbitrary<T>, check: (value: T) => void): void =>
  fc.assert(fc.property(arbitrary, check), runs);

describe(`invariant 6 of rating (seed ${runs.seed}, ${runs.numRuns} runs)`, () => {
  it('folding window by window, as the live bill does, and streaming are the same', () => {
    const part = fc.record({
      at: fc.integer({ min: 0, max: 150_000 }),
      length: fc.oneof(length, fc.integer({ min: 1, max: 90_000 })),
      cuts: fc.array(fc.integer({ min: 1, max: 89_999 }), { maxLength: 3 }),
    });
    const capacity = fc.record({
      concurrency: fc.integer({ min: 1, max: 4 }),
      maxInstances: fc.integer({ min: 1, max: 4 }),
    });
    property(fc.tuple(fc.array(part, { maxLength: 16 }), capacity), ([list, of]) => {
      const shape = { ...REVISION, ...of };
      const records = list.flatMap(({ at, length: ms, cuts }, i) => recordsOf(i, T0 + at, ms, cuts));
      const windows = [...foldRecords(records, of).values()];
      const live = [
        windows.reduce((sum, { blocks }) => sum + blocks * 100n, 0n),
        windows.reduce((sum, { perRequestUnits }) => sum + perRequestUnits * 100n, 0n),
        windows.reduce((sum, { requests }) => sum + requests, 0n),
      ];
      const asEntries = records.map((record) => entryOf(record));
      const lanes = (schedule: PriceSchedule, lane: string): bigint => {
        const fold = new UsageFold(schedule);
        for (const entry of sorted([parseUsageEntry(shape), ...asEntries])) fold.add(entry);
        return fold.finish().folded.reduce((sum, { usage }) => sum + (usage.quantities.get(lane) ?? 0n), 0n);
      };
      const streamed = [
        lanes(plain, 'request_time/concurrency#0'),
        lanes(perRequest, 'request_time/per_request#0'),
        lanes(plain, 'requests#0'),
      ];
      expect(streamed).toEqual(live);
    });
  });
});

/** A request as one record, or as reports cut at some ms. */
function recordsOf(i: number, startMs: number, lengthMs: number, cuts: readonly number[]): UsageRecord[] {
  const ends = [...new Set(cuts.filter((cut) => cut < lengthMs)), lengthMs].sort((a, b) => a - b);
  return ends.map((end, part) => ({
    schemaVersion: 1,
    producer: `spl_${'0'.repeat(20)}`,
    position: i * 10 + part,
    gatewayId: `gw_${'0'.repeat(20)}`,
    region: 'near',
    streamId: `stream-${i}`,
    part,
    last: part === ends.length - 1,
    startMs: startMs + (ends[part - 1] ?? 0),
    endMs: startMs + end,
    requestBytes: 0,
    responseBytes: 0,
    status: 200,
    flags: '-',
    reached: true,
    attempts: 1,
    organizationId: `org_${'0'.repeat(20)}`,
    projectId: `prj_${'0'.repeat(20)}`,
    serviceId: `svc_${'0'.repeat(20)}`,
    revisionId: `rev_${'0'.repeat(20)}`,
  }));
}

function entryOf({ region: of, startMs, endMs, streamId, part, last }: UsageRecord): UsageEntry {
  return parseUsageEntry({
    kind: 'request',
    revisionId: 'rev',
    region: of,
    startMs,
    endMs,
    streamId,
    part,
    last,
  });
}
