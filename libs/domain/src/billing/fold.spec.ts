import fc from 'fast-check';
import { propertyRuns } from '../property.rig.js';
import type { Id } from '../id.js';
import { lengthOf, unionOf } from '../usage/interval.js';
import type { UsageRecord } from '../usage/usage.types.js';
import { changesOf, sweepBlocks, unitsOfRequest } from '../rating/blocks.js';
import { foldRecords, NOTHING_OPEN, sameEnds } from './fold.js';
import { WINDOW_MS, shardOf, SHARDS, windowStart, windowsOf } from './window.js';

const runs = propertyRuns();
const T0 = 1_795_219_200_000;

const id = <P extends 'spl' | 'gw' | 'org' | 'prj' | 'svc' | 'rev'>(prefix: P): Id<P> =>
  `${prefix}_${'0'.repeat(20)}`;

function record(
  position: number,
  startMs: number,
  endMs: number,
  change: Partial<UsageRecord> = {},
): UsageRecord {
  return {
    schemaVersion: 1,
    producer: id('spl'),
    position,
    gatewayId: id('gw'),
    region: 'local',
    streamId: `stream-${position}`,
    part: 0,
    last: true,
    startMs,
    endMs,
    requestBytes: 10,
    responseBytes: 100,
    status: 200,
    flags: '-',
    reached: true,
    attempts: 1,
    organizationId: id('org'),
    projectId: id('prj'),
    serviceId: id('svc'),
    revisionId: id('rev'),
    ...change,
  };
}

const total = (records: readonly UsageRecord[], concurrency = 1, maxInstances = 100) => {
  const windows = [...foldRecords(records, { concurrency, maxInstances }).values()];
  return {
    blocks: windows.reduce((sum, { blocks }) => sum + blocks, 0n),
    units: windows.reduce((sum, { perRequestUnits }) => sum + perRequestUnits, 0n),
    requests: windows.reduce((sum, { requests }) => sum + requests, 0n),
    free: windows.reduce((sum, { notBillableRequests }) => sum + notBillableRequests, 0n),
    responseBytes: windows.reduce((sum, { responseBytes }) => sum + responseBytes, 0n),
  };
};

describe('windows', () => {
  it('a block belongs to the window in which it opens, and carries into the next', () => {
    const border = T0 + WINDOW_MS;
    const windows = foldRecords([record(0, border - 30, border - 20), record(1, border + 10, border + 60)], {
      concurrency: 1,
      maxInstances: 1,
    });
    expect([...windows].map(([start, { blocks, open }]) => [start, blocks, open])).toEqual([
      [T0, 1n, [{ endMs: border + 70, count: 1 }]],
      [border, 0n, []],
    ]);
  });

  it('open blocks do not jump over a quiet window', () => {
    const late = T0 + 2 * WINDOW_MS;
    const windows = foldRecords([record(0, T0 + WINDOW_MS - 1, T0 + WINDOW_MS), record(1, late, late + 1)], {
      concurrency: 1,
      maxInstances: 1,
    });
    expect([...windows.values()].map(({ blocks }) => blocks)).toEqual([1n, 1n]);
  });

  it('a request counts where it begins and costs in every window it reaches', () => {
    const windows = foldRecords([record(0, T0 + 59_900, T0 + 120_100)], { concurrency: 1, maxInstances: 1 });
    expect(
      [...windows.values()].map(({ requests, blocks, perRequestUnits }) => [
        requests,
        blocks,
        perRequestUnits,
      ]),
    ).toEqual([
      [1n, 1n, 602n],
      [0n, 600n, 0n],
      [0n, 1n, 0n],
    ]);
  });

  it.each([
    [T0, T0 + 1, [T0]],
    [T0 + 59_999, T0 + 60_000, [T0]],
    [T0 + 59_999, T0 + 60_001, [T0, T0 + 60_000]],
  ])('windowsOf [%i, %i)', (startMs, endMs, starts) => expect(windowsOf({ startMs, endMs })).toEqual(starts));

  it('spreads organizations over all shards, always the same way', () => {
    const shards = new Set(Array.from({ length: 200 }, (_, i) => shardOf(`org_${i}`)));
    expect([...shards].sort()).toEqual(Array.from({ length: SHARDS }, (_, i) => i));
    expect(shardOf('org_00000000000000000001')).toBe(shardOf('org_00000000000000000001'));
  });

  it('compares what windows hand over by content', () => {
    const open = [{ endMs: 5, count: 1 }];
    const ends = { open, lanes: new Map([['a', open]]) };
    expect(sameEnds(ends, { open: [{ endMs: 5, count: 1 }], lanes: new Map([['a', [...open]]]) })).toBe(true);
    expect(sameEnds(ends, { ...ends, open: [{ endMs: 5, count: 2 }] })).toBe(false);
    expect(sameEnds(ends, { ...ends, lanes: new Map([['a', [{ endMs: 6, count: 1 }]]]) })).toBe(false);
    expect(sameEnds(ends, { open, lanes: new Map() })).toBe(false);
    expect(sameEnds(NOTHING_OPEN, { open: [], lanes: new Map([['a', []]]) })).toBe(true);
  });
});

describe('what is counted', () => {
  it('costs nothing and is shown when no instance was reached', () => {
    const refused = record(1, T0, T0 + 500, { reached: false, status: 429, flags: 'RL' });
    const got = total([record(0, T0, T0 + 50), refused]);
    expect(got).toEqual({ blocks: 1n, units: 1n, requests: 1n, free: 1n, responseBytes: 100n });
  });

  it('the parts of a stream are one request, one interval and one rounding', () => {
    const part = (position: number, k: number, from: number, to: number, last = false): UsageRecord =>
      record(position, T0 + from, T0 + to, { streamId: 'ws', part: k, last });
    const parts = [part(0, 0, 0, 60_030), part(1, 1, 60_030, 120_030), part(2, 2, 120_030, 120_110, true)];
    const expected = { blocks: 1_202n, units: 1_202n, requests: 1n, free: 0n, responseBytes: 300n };
    expect(total(parts)).toEqual(expected);
    expect(total(parts.toReversed())).toEqual(expected);
    // a missing last part is closed at the last report
    expect(total(parts.slice(0, 2)).units).toBe(1_201n);
  });
});

describe(`properties of folding (seed ${runs.seed}, ${runs.numRuns} runs)`, () => {
  const span = fc.record({
    at: fc.integer({ min: 0, max: 3 * WINDOW_MS }),
    length: fc.oneof(fc.integer({ min: 1, max: 300 }), fc.integer({ min: 1, max: 70_000 })),
    reached: fc.boolean(),
  });
  const traffic = fc
    .array(span, { maxLength: 20 })
    .map((list) =>
      list.map(({ at, length, reached }, i) =>
        record(i, T0 + at, T0 + at + length, { reached, status: reached ? 200 : 503 }),
      ),
    );
  const capacity = fc.record({
    concurrency: fc.integer({ min: 1, max: 4 }),
    maxInstances: fc.integer({ min: 1, max: 4 }),
  });

  it('does not depend on order or duplicates', () => {
    const disturbed = traffic.chain((list) =>
      fc.tuple(fc.constant(list), fc.shuffledSubarray(list, { minLength: list.length }), fc.subarray(list)),
    );
    fc.assert(
      fc.property(disturbed, capacity, ([list, shuffled, again], of) => {
        expect(foldRecords([...again, ...shuffled], of)).toEqual(foldRecords(list, of));
      }),
      runs,
    );
  });

  it('equals one sweep over all of time: window borders conserve', () => {
    fc.assert(
      fc.property(traffic, capacity, (list, of) => {
        const billable = list.filter(({ reached }) => reached);
        const all = { startMs: T0, endMs: T0 + 5 * WINDOW_MS };
        const whole = sweepBlocks(changesOf(billable, all), of, all).opened;
        const got = total(list, of.concurrency, of.maxInstances);
        expect(got.blocks).toBe(BigInt(whole));
        const units = billable.reduce((sum, { startMs, endMs }) => sum + unitsOfRequest(endMs - startMs), 0);
        expect(got.units).toBe(BigInt(units));
        expect(got.blocks).toBeLessThanOrEqual(got.units);
      }),
      runs,
    );
  });

  it('cutting a request into parts changes nothing but where the report came from', () => {
    const cuts = fc.uniqueArray(fc.integer({ min: 1, max: 149_999 }), { maxLength: 5 });
    fc.assert(
      fc.property(cuts, capacity, fc.integer({ min: 0, max: WINDOW_MS }), (list, of, offset) => {
        const start = T0 + offset;
        const borders = [0, ...list.toSorted((a, b) => a - b), 150_000];
        const parts = borders.slice(1).map((to, k) =>
          record(k, start + (borders[k] ?? 0), start + to, {
            streamId: 's',
            part: k,
            last: to === 150_000,
            responseBytes: 0,
          }),
        );
        const whole = [record(0, start, start + 150_000, { responseBytes: 0 })];
        expect(lengthOf(unionOf(parts))).toBe(150_000);
        expect(total(parts, of.concurrency, of.maxInstances)).toEqual(
          total(whole, of.concurrency, of.maxInstances),
        );
      }),
      runs,
    );
  });

  it('windowStart is a border not after the instant', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 4_000_000_000_000 }), (at) => {
        expect(windowStart(at) % WINDOW_MS).toBe(0);
        expect(at - windowStart(at)).toBeLessThan(WINDOW_MS);
      }),
      runs,
    );
  });
});
