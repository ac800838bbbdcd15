import { foldRecords, monthSpan, shardOf, windowStart, WINDOW_MS, type UsageRecord } from '#libs/domain';
import { LeaseLost, underLease, usageByDay, type Lease } from '#libs/store';
import {
  SteppedClock,
  makeUsedRevision,
  seededRandom,
  testDatabase,
  usageOf,
  type TestDatabase,
  type UsedRevision,
} from '#libs/testing';
import fc from 'fast-check';
import { foldShard } from './fold/window.fold.js';
import { BillingRig } from './rig/billing.rig.js';

const T0 = Date.UTC(2026, 10, 21, 12);
const seed = Number(process.env['TOWPATH_PROPERTY_SEED'] ?? Date.now() % 2 ** 31);
const NUM_RUNS = 15;

let database: TestDatabase;
let lease: Lease;
const clock = new SteppedClock(T0 + 3_600_000);
const random = seededRandom(7);

beforeAll(async () => {
  database = await testDatabase();
  lease = (await new BillingRig(database.db, clock).lease('test', 'me')) as Lease;
});
afterAll(() => database.drop());

const rig = (): BillingRig => new BillingRig(database.db, clock);
const used = (concurrency = 1, maxInstances = 100): Promise<UsedRevision> =>
  makeUsedRevision((sql, values) => database.query(sql, values), random, {
    concurrency,
    maxInstances,
    timeoutSeconds: 300,
  });
const at = (from: number, to: number): { startMs: number; endMs: number } => ({
  startMs: T0 + from,
  endMs: T0 + to,
});

interface Row {
  start: number;
  blocks: number;
  units: number;
  requests: number;
  free: number;
  open: [number, number][];
}

const windowsOf = (of: UsedRevision): Promise<Row[]> =>
  database.query<Row>(
    `SELECT window_start_ms AS start, blocks, per_request_units AS units, requests, not_billable_requests AS free,
       open_blocks AS open
     FROM billing_windows WHERE organization_id = $1 ORDER BY revision_id, window_start_ms`,
    [of.organizationId],
  );

const expected = (records: readonly UsageRecord[], concurrency: number, maxInstances: number): Row[] =>
  [...foldRecords(records, { concurrency, maxInstances })].map(([start, window]) => ({
    start,
    blocks: Number(window.blocks),
    units: Number(window.perRequestUnits),
    requests: Number(window.requests),
    free: Number(window.notBillableRequests),
    open: window.open.map(({ endMs, count }) => [endMs, count]),
  }));

const count = async (table: string, of: UsedRevision): Promise<number> => {
  const [row] = await database.query<{ n: number }>(
    `SELECT count(*)::int AS n FROM ${table} WHERE ${table === 'usage_quarantine' ? `body->>'organizationId'` : 'organization_id'} = $1`,
    [of.organizationId],
  );
  return row?.n ?? -1;
};

describe('taking in', () => {
  it('stores each record once, however often and in whatever batches it comes', async () => {
    const of = await used();
    const records = Array.from({ length: 40 }, (_, i) => usageOf(of, i * 300, at(i * 700, i * 700 + 90)));
    const first = await rig().take(lease, of.gatewayId, records);
    expect(first).toMatchObject({ stored: 40, repeated: 0, quarantined: [] });
    expect(await rig().take(lease, of.gatewayId, records.toReversed())).toMatchObject({
      stored: 0,
      repeated: 40,
    });
    const again = await rig().take(lease, of.gatewayId, [...records.slice(5, 9), ...records.slice(5, 9)]);
    expect(again).toMatchObject({ stored: 0, repeated: 8, quarantined: [] });
    expect(await count('usage_records', of)).toBe(40);
    const watermarks = await database.query(
      'SELECT gateway_id, position FROM usage_watermarks WHERE producer = $1',
      [of.producer],
    );
    expect(watermarks).toEqual([{ gateway_id: of.gatewayId, position: 39 * 300 }]);
  });

  it('in transactions at once: each record once, and windows of all of them', async () => {
    const of = await used();
    const records = Array.from({ length: 60 }, (_, i) => usageOf(of, i * 300, at(i * 700, i * 700 + 90)));
    const one = rig();
    await one.take(lease, of.gatewayId, records.slice(0, 1));
    const parts = [records.slice(1, 40), records.slice(20, 50), records.slice(10, 60)];
    const results = await Promise.all(parts.map((part) => one.take(lease, of.gatewayId, part)));
    expect(results.flatMap(({ quarantined }) => quarantined)).toEqual([]);
    const sum = (of: 'stored' | 'repeated'): number => results.reduce((all, result) => all + result[of], 0);
    expect([sum('stored'), sum('repeated')]).toEqual([59, 60]);
    expect(await count('usage_records', of)).toBe(60);
    await one.fold(lease, records);
    expect(await windowsOf(of)).toEqual(expected(records, 1, 100));
  });

  it('quarantines the same identity with other content, also within one batch, and keeps the first', async () => {
    const of = await used();
    const record = usageOf(of, 0, at(0, 50));
    const other = { ...record, endMs: record.endMs + 1 };
    const first = await rig().take(lease, of.gatewayId, [record, other]);
    expect(first.stored).toBe(1);
    expect(first.quarantined).toEqual([
      { producer: of.producer, position: 0, reason: 'identity_conflict', body: other },
    ]);
    const third = { ...record, status: 500 };
    expect((await rig().take(lease, of.gatewayId, [third, other])).quarantined).toHaveLength(2);
    expect(await count('usage_records', of)).toBe(1);
    expect(await count('usage_quarantine', of)).toBe(2);
  });

  it.each([
    ['of those that were there before', 0, 1],
    ['also with one that comes twice', 1, 2],
  ])('finds other content among new records: %s', async (_name, twice, conflicts) => {
    const of = await used();
    const known = Array.from({ length: 10 }, (_one, i) => usageOf(of, i, at(i * 100, i * 100 + 50)));
    await rig().take(lease, of.gatewayId, known);
    const fresh = Array.from({ length: 40 }, (_one, i) => usageOf(of, 10 + i, at(i * 100, i * 100 + 50)));
    const wrong = [known[3], ...fresh.slice(0, twice)].map((one) => ({ ...one, status: 500 }));
    const result = await rig().take(lease, of.gatewayId, [...known.slice(5), ...fresh, ...wrong]);
    expect([result.stored, result.repeated]).toEqual([40, 5]);
    expect(result.quarantined.map(({ body }) => body)).toEqual(wrong);
    expect(wrong).toHaveLength(conflicts);
  });

  it('quarantines what is of nobody, from nobody or of another', async () => {
    const of = await used();
    const foreign = await used();
    const good = usageOf(of, 0, at(0, 50));
    const bad: UsageRecord[] = [
      { ...good, position: 1, revisionId: 'rev_zzzzzzzzzzzzzzzzzzzz' },
      { ...good, position: 2, revisionId: foreign.revisionId },
      { ...good, position: 3, organizationId: foreign.organizationId },
      { ...good, position: 4, gatewayId: foreign.gatewayId },
      { ...good, position: 5, endMs: clock.now() + 3_600_000, startMs: clock.now() + 3_599_000 },
      { ...good, position: 6, flags: 'tab\tnul\u0000' },
    ];
    const result = await rig().take(lease, of.gatewayId, [good, ...bad]);
    expect(result.stored).toBe(1);
    expect(result.quarantined.map(({ position, reason }) => [position, reason])).toEqual([
      [1, 'unknown_revision'],
      [2, 'unknown_revision'],
      [3, 'unknown_service'],
      [4, 'foreign_sender'],
      [5, 'from_the_future'],
      [6, 'malformed'],
    ]);
    // another gateway cannot send as this producer
    const thief = await rig().take(lease, foreign.gatewayId, [
      { ...good, position: 9, gatewayId: foreign.gatewayId },
    ]);
    expect(thief.quarantined.map(({ reason }) => reason)).toEqual(['foreign_producer']);
  });

  it.each<[string, unknown, number]>([
    ['no JSON', '{"schemaVersion":1,', 1],
    ['another envelope', { schemaVersion: 2, records: [] }, 1],
    ['NUL in a text', `"\\u0000 \ud800"`, 1],
    ['a record that is none', { schemaVersion: 1, records: [{ producer: 'x' }, null] }, 2],
  ])('keeps what it cannot read: %s', async (_name, body, kept) => {
    const of = await used();
    const one = rig();
    const message = one.message(of.gatewayId, body);
    const result = await one.intake.take([message], lease);
    expect(result.quarantined.map(({ reason }) => reason)).toEqual(
      Array.from({ length: kept }, () => 'malformed'),
    );
    await one.intake.take([message], lease);
    const rows = await database.query('SELECT 1 FROM usage_quarantine WHERE producer = $1', [
      `usage.${of.gatewayId}`,
    ]);
    expect(rows).toHaveLength(kept);
  });
});

it('several messages in one transaction are as good as each alone', async () => {
  const [of, other] = [await used(), await used()];
  const one = rig();
  const messages = [0, 1, 2].flatMap((k) =>
    [of, other].map((each) =>
      one.message(each.gatewayId, {
        schemaVersion: 1,
        records: [usageOf(each, k, at(k * 200, k * 200 + 150))],
      }),
    ),
  );
  // the second gateway sends as the first one's producer, in the same transaction
  const theft = usageOf({ ...of, gatewayId: other.gatewayId }, 7, at(0, 50));
  messages.push(one.message(other.gatewayId, { schemaVersion: 1, records: [theft] }));
  const result = await one.intake.take([...messages, ...messages], lease);
  expect(result).toMatchObject({ stored: 6, repeated: 6 });
  expect(result.quarantined.map(({ reason }) => reason)).toEqual(['foreign_producer', 'foreign_producer']);
});

describe('folding', () => {
  it('sets windows from the raw records, with what costs nothing beside', async () => {
    const of = await used();
    const { revisionId: _none, ...nowhere } = usageOf(of, 3, at(10, 20), { reached: false, status: 503 });
    const records = [
      usageOf(of, 0, at(0, 50)),
      usageOf(of, 1, at(59_980, 60_030)),
      usageOf(of, 2, at(70_000, 70_500), { reached: false, status: 429 }),
      nowhere,
    ];
    await rig().take(lease, of.gatewayId, records);
    await rig().fold(lease, records);
    const [none, ...rows] = await windowsOf(of);
    expect(none).toMatchObject({ start: T0, blocks: 0, requests: 0, free: 1 });
    expect(rows).toEqual(expected(records.slice(0, 3), 1, 100));
    expect(await count('billing_dirty_windows', of)).toBe(0);
  });

  it('a late record folds on from its window until the carried blocks are the stored ones', async () => {
    const of = await used();
    // busy without a gap over six windows: blocks follow each other at the phase of the first
    const records = Array.from({ length: 6 }, (_, i) =>
      usageOf(of, i, at(Math.max(1_000, i * WINDOW_MS), (i + 1) * WINDOW_MS)),
    );
    await rig().take(lease, of.gatewayId, records);
    await rig().fold(lease, records);
    const before = await windowsOf(of);
    expect(before).toEqual(expected(records, 1, 100));
    const late = usageOf(of, 99, at(970, 1_000));
    await rig().take(lease, of.gatewayId, [late]);
    expect(await count('billing_dirty_windows', of)).toBe(1);
    await rig().fold(lease, [late]);
    const after = await windowsOf(of);
    expect(after).toEqual(expected([...records, late], 1, 100));
    expect(before.map(({ open }) => open)).toEqual([[], [], [], [], [], []]);
    expect(after.map(({ open }) => open[0]?.[0])).toEqual(
      [1, 2, 3, 4, 5, 6].map((i) => T0 + i * WINDOW_MS + 70),
    );
  });

  it('the parts of a stream are one request in the window where it began, in whatever order they come', async () => {
    const of = await used();
    const parts = [0, 1, 2, 3].map((k) =>
      usageOf(of, k, at(30_000 + k * 60_000, 30_000 + (k + 1) * 60_000 - (k === 3 ? 12_345 : 0)), {
        streamId: 'ws',
        part: k,
        last: k === 3,
      }),
    );
    for (const part of [parts[2], parts[0], parts[3], parts[1]]) {
      await rig().take(lease, of.gatewayId, [part]);
      await rig().fold(lease, parts);
    }
    expect(await windowsOf(of)).toEqual(expected(parts, 1, 100));
  });

  it('a crash between taking in and folding, or in the middle of folding, changes nothing', async () => {
    const of = await used();
    const records = Array.from({ length: 30 }, (_, i) => usageOf(of, i, at(i * 9_000, i * 9_000 + 4_321)));
    await rig().take(lease, of.gatewayId, records.slice(0, 20));
    const dying = rig();
    const crash = underLease(dying.db, lease, async (tx) => {
      await foldShard(tx, shardOf(of.organizationId), dying.things, clock.now());
      throw new Error('killed before commit');
    });
    await expect(crash).rejects.toThrow('killed');
    expect(await windowsOf(of)).toEqual([]);
    await rig().take(lease, of.gatewayId, records.slice(10));
    await rig().fold(lease, records);
    expect(await windowsOf(of)).toEqual(expected(records, 1, 100));
  });

  it(`random traffic, shuffled, doubled, re-batched and folded in between, equals the definition (seed ${seed})`, async () => {
    const span = fc.record({
      from: fc.integer({ min: 0, max: 240_000 }),
      length: fc.oneof(fc.integer({ min: 1, max: 400 }), fc.integer({ min: 1, max: 130_000 })),
      reached: fc.boolean(),
    });
    const plan = fc.record({
      spans: fc.array(span, { minLength: 1, maxLength: 40 }),
      concurrency: fc.integer({ min: 1, max: 4 }),
      maxInstances: fc.integer({ min: 1, max: 5 }),
      order: fc.infiniteStream(fc.nat(1_000_000)),
      cuts: fc.infiniteStream(fc.integer({ min: 1, max: 9 })),
      folds: fc.infiniteStream(fc.boolean()),
    });
    await fc.assert(
      fc.asyncProperty(plan, async ({ spans, concurrency, maxInstances, order, cuts, folds }) => {
        const of = await used(concurrency, maxInstances);
        const records = spans.map(({ from, length, reached }, i) =>
          usageOf(of, i, at(from, from + length), { reached, status: reached ? 200 : 503 }),
        );
        const sent = [...records, ...records]
          .map((record) => ({ record, key: order.next().value }))
          .toSorted((a, b) => a.key - b.key);
        while (sent.length > 0) {
          const batch = sent.splice(0, cuts.next().value).map(({ record }) => record);
          await rig().take(lease, of.gatewayId, batch);
          if (folds.next().value) await rig().fold(lease, records);
        }
        await rig().fold(lease, records);
        expect(await windowsOf(of)).toEqual(expected(records, concurrency, maxInstances));
        expect(await count('usage_records', of)).toBe(records.length);
      }),
      { seed, numRuns: NUM_RUNS },
    );
  });

  it('taking in and folding at the same time end in the same rows', async () => {
    const of = await used(2, 3);
    const records = Array.from({ length: 400 }, (_, i) =>
      usageOf(of, i, at((i * 7_919) % 180_000, ((i * 7_919) % 180_000) + 1 + ((i * 31) % 900))),
    );
    let done = false;
    const folding = (async () => {
      while (!done) await rig().fold(lease, records);
    })();
    for (let i = 0; i < records.length; i += 20) {
      await Promise.all([
        rig().take(lease, of.gatewayId, records.slice(i, i + 20)),
        rig().take(lease, of.gatewayId, records.slice(Math.max(0, i - 10), i + 10)),
      ]);
    }
    done = true;
    await folding;
    await rig().fold(lease, records);
    expect(await windowsOf(of)).toEqual(expected(records, 2, 3));
  });
});

describe('two processes', () => {
  it('one whose lease was taken over writes nothing, neither records nor windows', async () => {
    const of = await used();
    const records = [usageOf(of, 0, at(0, 150))];
    const former = (await rig().lease('fenced', 'a', 1_000)) as Lease;
    expect(await rig().lease('fenced', 'b')).toBeUndefined();
    await rig().take(former, of.gatewayId, records);
    clock.step(1_001);
    const present = (await rig().lease('fenced', 'b')) as Lease;
    expect(present.epoch).toBeGreaterThan(former.epoch);
    await expect(rig().fold(former, records)).rejects.toThrow(LeaseLost);
    await expect(rig().take(former, of.gatewayId, [usageOf(of, 1, at(500, 600))])).rejects.toThrow(LeaseLost);
    expect(await windowsOf(of)).toEqual([]);
    expect(await count('usage_records', of)).toBe(1);
    await rig().fold(present, records);
    expect(await windowsOf(of)).toEqual(expected(records, 1, 100));
  });

  it('a take-over waits for the transaction that writes under the old epoch', async () => {
    const of = await used();
    const former = (await rig().lease('waiting', 'a', 1_000)) as Lease;
    const order: string[] = [];
    let reached: () => void = () => undefined;
    let goOn: () => void = () => undefined;
    const inside = new Promise<void>((resolve) => (reached = resolve));
    const open = new Promise<void>((resolve) => (goOn = resolve));
    const writing = underLease(database.db, former, async () => {
      reached();
      await open;
      order.push('written');
    });
    await inside;
    clock.step(1_001);
    expect(await rig().lease('waiting', 'b')).toBeUndefined();
    goOn();
    await writing;
    expect((await rig().lease('waiting', 'b'))?.epoch).toBe(former.epoch + 1);
    expect(order).toEqual(['written']);
    expect(await count('usage_records', of)).toBe(0);
  });
});

describe('usage by day', () => {
  it('sums windows by project, service, revision and UTC day, for the bound organization only', async () => {
    const of = await used();
    const other = await used();
    const day = Date.UTC(2026, 10, 21);
    const span = (ms: number): { startMs: number; endMs: number } => ({
      startMs: day + ms,
      endMs: day + ms + 150,
    });
    const records = [usageOf(of, 0, span(0)), usageOf(of, 1, span(500)), usageOf(of, 2, span(-60_000))];
    await rig().take(lease, of.gatewayId, records);
    await rig().fold(lease, records);
    const filter = {
      organizationId: of.organizationId,
      fromMs: monthSpan('2026-11').startMs,
      toMs: windowStart(clock.now()),
    };
    const days = await database.db.inTenant(of.organizationId, (tx) => usageByDay(tx, filter));
    expect(days.map((row) => [row.day, row.requests, row.blocks, row.perRequestUnits])).toEqual([
      ['2026-11-20', 1n, 2n, 2n],
      ['2026-11-21', 2n, 4n, 4n],
    ]);
    expect(days[0]).toMatchObject({
      projectId: of.projectId,
      service: 'hello',
      revision: 'hello-00001',
      cpuMillis: 1000,
      memoryMiB: 512,
      requestBytes: 10n,
    });
    const stranger = await database.db.inTenant(other.organizationId, (tx) => usageByDay(tx, filter));
    expect(stranger).toEqual([]);
    const elsewhere = { ...filter, projectId: other.projectId };
    expect(await database.db.inTenant(of.organizationId, (tx) => usageByDay(tx, elsewhere))).toEqual([]);
  });
});
