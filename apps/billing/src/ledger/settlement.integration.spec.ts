import { createPublicKey, verify } from 'node:crypto';
import {
  LEDGER_WINDOW_MS,
  formatRatio,
  lineRow,
  entryRow,
  linesOf,
  BUILTIN_PLAN,
  merkleRoot,
  sealHash,
  differenceOf,
  type ClosingTime,
  type UsageRecord,
} from '#libs/domain';
import {
  LeaseLost,
  entriesOfSeals,
  eraseRows,
  ledgerBalances,
  linesOfSeals,
  listLedgerWindows,
  listSeals,
  postedLines,
  publicSigningKeys,
  startErasure,
  underLease,
  usedInWindows,
  type Lease,
} from '#libs/store';
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
import { BillingRig } from '../rig/billing.rig.js';
import { ledgerSigner, sha256 } from './ledger.signer.js';
import { closableBefore } from './closing.watch.js';
import { settleOrganization, type Settled } from './settlement.js';

const HOUR = LEDGER_WINDOW_MS;
const T0 = Date.UTC(2026, 10, 21, 12);
/** Ten times as many in a release run. */
const RUNS = Math.max(1, Number(process.env['TOWPATH_RUNS'] ?? 1));
const GRACE = HOUR;
const PLANS = [{ fromMs: 0, plan: BUILTIN_PLAN }] as const;
const random = seededRandom(11);
const clock = new SteppedClock(T0);

let database: TestDatabase;
let rig: BillingRig;
let lease: Lease;

beforeAll(async () => {
  database = await testDatabase();
  rig = new BillingRig(database.db, clock);
  lease = (await rig.lease('test', 'me', 1e12)) as Lease;
});
afterAll(() => database.drop());
beforeEach(() => clock.set(T0));

const used = (): Promise<UsedRevision> =>
  makeUsedRevision((sql, values) => database.query(sql, values), random, {
    concurrency: 2,
    maxInstances: 100,
    timeoutSeconds: 300,
  });
const request = (
  of: UsedRevision,
  position: number,
  fromMs: number,
  ms: number,
  change: Partial<UsageRecord> = {},
) => usageOf(of, position, { startMs: T0 + fromMs, endMs: T0 + fromMs + ms }, change);
const closing = (): ClosingTime => {
  const nowMs = clock.now();
  return { nowMs, graceMs: GRACE, patienceMs: 24 * HOUR, takenInToMs: nowMs, producers: [] };
};
/** Takes in, folds, settles; as the worker would. */
const take = async (of: UsedRevision, records: readonly UsageRecord[]): Promise<void> => {
  await rig.take(lease, of.gatewayId, records);
  await rig.fold(lease, records);
};
const settle = async (of: UsedRevision, under = lease): Promise<Settled> => {
  const parts = { signer: await ledgerSigner(database.db, clock, Buffer.alloc(32, 7)), random };
  const at = closing();
  return underLease(database.db, under, (tx) =>
    settleOrganization(tx, of.organizationId, closableBefore(at), at, parts),
  );
};
const ledgerOf = (of: UsedRevision) =>
  database.db.inTenant(of.organizationId, async (tx) => {
    const id = of.organizationId;
    const windows = await listLedgerWindows(
      tx,
      { organizationId: id, fromMs: 0, toMs: T0 * 2, nowMs: clock.now() },
      { limit: 1000 },
    );
    const seals = await listSeals(tx, id, { after: 0, limit: 1000 });
    const numbers = seals.map(({ number }) => number);
    return {
      windows,
      seals,
      lines: await linesOfSeals(tx, id, numbers),
      entries: await entriesOfSeals(tx, id, numbers),
      balances: [...((await ledgerBalances(tx, id)).get('USD') ?? [])],
      keys: await publicSigningKeys(tx, 'ledger', 0),
    };
  });
/** What the ledger says minus what the folded usage says, of closed windows. */
const missing = (of: UsedRevision) =>
  database.db.asSystem(async (tx) => {
    const rows = await database.query<{ start: number }>(
      'SELECT start_ms AS start FROM ledger_windows WHERE organization_id = $1 AND closed_at IS NOT NULL',
      [of.organizationId],
    );
    const starts = rows.map(({ start }) => Number(start));
    const should = linesOf([...PLANS], await usedInWindows(tx, of.organizationId, starts, [...PLANS]));
    return differenceOf(should, await postedLines(tx, of.organizationId, starts));
  });
/** The numbers of the seals whose root is over what is there, in order, whose hash is theirs and whose signature is the hub's. */
const soundSeals = ({ seals, lines, entries, keys }: Awaited<ReturnType<typeof ledgerOf>>): number[] =>
  seals
    .filter((seal) => {
      const own = lines.filter(({ sealNumber }) => sealNumber === seal.number);
      const rows = [
        ...own.map(({ line }, i) => lineRow(seal.number, i, line)),
        ...entries
          .filter(({ sealNumber }) => sealNumber === seal.number)
          .map((entry, i) => entryRow(seal.number, own.length + i, entry)),
      ];
      const jwk = keys.find(({ kid }) => kid === seal.kid)?.jwk ?? {};
      const signature = Buffer.from(seal.signature, 'base64url');
      return (
        seal.root === merkleRoot(rows, sha256) &&
        seal.hash === sealHash(seal, sha256) &&
        verify(null, Buffer.from(seal.hash, 'hex'), createPublicKey({ key: jwk, format: 'jwk' }), signature)
      );
    })
    .map(({ number }) => number);
const nothing: Settled = { closed: 0, corrected: 0, sealed: 0, posted: 0, postponed: false };

describe('closing', () => {
  it("comes after the grace, by the hub's time; then the window is in the ledger, sealed and signed", async () => {
    const of = await used();
    await take(of, [request(of, 0, 0, 150), request(of, 9, 10, 40)]);
    clock.set(T0 + HOUR + GRACE - 1);
    expect(await settle(of)).toEqual(nothing);
    expect((await ledgerOf(of)).windows).toMatchObject([{ startMs: T0, state: 'grace', unsettled: true }]);
    clock.step(1);
    expect(await settle(of)).toEqual({ ...nothing, closed: 1 });
    const ledger = await ledgerOf(of);
    expect(ledger.windows).toMatchObject([
      { startMs: T0, state: 'closed', unsettled: false, closedAt: clock.now(), without: [], sealNumber: 1 },
    ]);
    expect(ledger.lines.map(({ line }) => [line.item, formatRatio(line.amount)])).toEqual([
      ['cpu', '0.0000048'],
      ['memory', '0.00000025'],
      ['requests', '0.0000008'],
    ]);
    expect(ledger.entries).toMatchObject([
      { kind: 'usage', windowStartMs: T0, actorId: 'towpath', sealNumber: 1 },
    ]);
    expect(ledger.balances.map(([name, amount]) => [name, formatRatio(amount)])).toEqual([
      ['balance', '0.00000585'],
      ['charges', '-0.00000585'],
    ]);
    expect(soundSeals(ledger)).toEqual([1]);
    expect(await settle(of)).toEqual(nothing);
  });

  it('waits for minutes that are not folded yet', async () => {
    const of = await used();
    await rig.take(lease, of.gatewayId, [request(of, 0, 0, 150)]);
    await take(of, [request(of, 1, 60_000, 5)]);
    await rig.take(lease, of.gatewayId, [request(of, 2, 120_000, 5)]);
    clock.set(T0 + HOUR + GRACE);
    expect(await settle(of)).toEqual({ ...nothing, postponed: true });
    await rig.fold(lease, [request(of, 0, 0, 1)]);
    expect(await settle(of)).toEqual({ ...nothing, closed: 1 });
  });

  it("is nobody's who lost the lease", async () => {
    const of = await used();
    await take(of, [request(of, 0, 0, 150)]);
    clock.set(T0 + HOUR + GRACE);
    await expect(settle(of, { name: 'test', epoch: lease.epoch - 1 })).rejects.toBeInstanceOf(LeaseLost);
    expect(await settle(of)).toEqual({ ...nothing, closed: 1 });
  });

  it('keeps the window of nothing billable too, without lines', async () => {
    const of = await used();
    await take(of, [request(of, 0, 0, 5, { reached: false, status: 429 })]);
    clock.set(T0 + HOUR + GRACE);
    expect(await settle(of)).toEqual({ ...nothing, closed: 1 });
    expect(await ledgerOf(of)).toMatchObject({ lines: [], entries: [], seals: [{ lines: 0, entries: 0 }] });
  });
});

it('an organization that is erased leaves its ledger as it was, and as sound', async () => {
  const of = await used();
  clock.set(T0 + 2 * HOUR);
  await take(of, [request(of, 0, 0, 150), request(of, 1, HOUR, 70)]);
  clock.set(T0 + 3 * HOUR);
  await settle(of);
  await take(of, [request(of, 2, 500, 100)]);
  await settle(of);
  const before = await ledgerOf(of);
  const { organizationId } = of;
  await database.db.asSystem((tx) =>
    startErasure(tx, { organizationId, requestedBy: 'key_0', reason: 'the end', startedAt: clock.now() }),
  );
  await underLease(database.db, lease, (tx) => eraseRows(tx, organizationId));
  const after = await ledgerOf(of);
  expect(after).toEqual(before);
  expect(soundSeals(after)).toEqual([1, 2, 3]);
  expect(soundSeals({ ...after, lines: after.lines.slice(1) })).toEqual([2, 3]);
});

describe('what comes late', () => {
  it('changes no closed window: a correction names it, and both together are what it costs', async () => {
    const of = await used();
    await take(of, [request(of, 0, 0, 150), request(of, 1, 2 * HOUR, 50)]);
    clock.set(T0 + HOUR + GRACE);
    await settle(of);
    const before = await ledgerOf(of);
    await take(of, [request(of, 2, 500, 100)]);
    expect(await settle(of)).toEqual({ ...nothing, corrected: 1 });
    const after = await ledgerOf(of);
    expect(after.lines.slice(0, before.lines.length)).toEqual(before.lines);
    expect(after.seals.slice(0, 1)).toEqual(before.seals);
    expect(after.windows[0]).toMatchObject({ position: before.windows[0]?.position, sealNumber: 1 });
    expect(after.entries.at(-1)).toMatchObject({ kind: 'correction', windowStartMs: T0 });
    expect(after.lines.slice(3).map(({ line }) => [line.item, formatRatio(line.amount)])).toEqual([
      ['cpu', '0.0000024'],
      ['memory', '0.000000125'],
      ['requests', '0.0000004'],
    ]);
    expect(after.seals[1]).toMatchObject({
      kind: 'correction',
      windowStartMs: T0,
      previous: before.seals[0]?.hash,
    });
    expect(await missing(of)).toEqual([]);
  });

  it('and costs nothing leaves no trace in the ledger', async () => {
    const of = await used();
    await take(of, [request(of, 0, 0, 150)]);
    clock.set(T0 + HOUR + GRACE);
    await settle(of);
    await take(of, [request(of, 1, 0, 9, { reached: false, status: 429 })]);
    expect(await settle(of)).toEqual(nothing);
    expect((await ledgerOf(of)).windows).toMatchObject([{ unsettled: false }]);
  });

  it(
    'in any order, batches and copies, before or after closing, ends in what a ledger without it says',
    async () => {
      const shape = fc.record({
        at: fc.integer({ min: 0, max: 4 * HOUR }),
        ms: fc.integer({ min: 1, max: 200_000 }),
        round: fc.integer({ min: 0, max: 5 }),
      });
      await fc.assert(
        fc.asyncProperty(fc.array(shape, { minLength: 1, maxLength: 12 }), async (shapes) => {
          const [of, calm] = [await used(), await used()];
          for (let round = 0; round <= 6; round++) {
            clock.set(T0 + round * HOUR + 300_000);
            const now = shapes.flatMap((one, i) =>
              one.round === round ? [request(of, i, one.at, one.ms)] : [],
            );
            const known = now.filter(({ endMs }) => endMs <= clock.now());
            const later = now.filter(({ endMs }) => endMs > clock.now());
            for (const { position } of later) Object.assign(shapes[position] ?? {}, { round: round + 1 });
            if (known.length > 0) await take(of, [...known, ...known.slice(0, 2)]);
            await settle(of);
            expect(await missing(of)).toEqual([]);
          }
          clock.set(T0 + 8 * HOUR);
          const all = shapes.map((one, i) => request(calm, i, one.at, one.ms));
          await take(calm, all);
          await take(
            of,
            all.map(({ position }) =>
              request(of, position, shapes[position]?.at ?? 0, shapes[position]?.ms ?? 0),
            ),
          );
          await Promise.all([settle(of), settle(calm)]);
          const sums = async (one: UsedRevision) =>
            (await ledgerOf(one)).balances.map(([name, amount]) => [name, formatRatio(amount)]);
          expect(await sums(of)).toEqual(await sums(calm));
          expect(await missing(of)).toEqual([]);
        }),
        { numRuns: 8 * RUNS, seed: Number(process.env['TOWPATH_PROPERTY_SEED'] ?? Date.now() % 2 ** 31) },
      );
    },
    60_000 * RUNS,
  );
});
