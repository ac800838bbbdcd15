import { MAX_INSTANCE_MS, RELEASABLE, parseDecimal, type Id, type InstanceInterval } from '#libs/domain';
import {
  findInstanceTime,
  releaseQuarantine,
  saveClusterPrice,
  storeIntervals,
  underLease,
  type Lease,
} from '#libs/store';
import {
  SteppedClock,
  makeUsedRevision,
  seededRandom,
  testDatabase,
  until,
  type RevisionShape,
  type TestDatabase,
  type UsedRevision,
} from '#libs/testing';
import { BillingRig } from '../rig/billing.rig.js';
import { hold, makeHolder } from '../rig/holder.rig.js';
import { takeReleased } from './released.intake.js';

const T0 = Date.UTC(2026, 10, 16, 12);
const DAY = 86_400_000;
const clock = new SteppedClock(T0 + 10 * DAY);
const random = seededRandom(80);

let database: TestDatabase;
let rig: BillingRig;
let lease: Lease;

beforeAll(async () => {
  database = await testDatabase();
  rig = new BillingRig(database.db, clock);
  lease = (await rig.lease('intake', 'me', 100 * DAY)) as Lease;
});
afterAll(() => database.drop());

/** A revision of 1 vCPU and 512 MiB, and a cluster that it runs in. */
interface Place extends UsedRevision {
  clusterId: Id<'cls'>;
}

async function place(devices: Partial<RevisionShape> = {}): Promise<Place> {
  const shape = { concurrency: 1, maxInstances: 10, timeoutSeconds: 300, ...devices };
  const of = await makeUsedRevision((sql, values) => database.query(sql, values), random, shape);
  return { ...of, clusterId: await makeHolder(database, random, of) };
}

const ran = (of: Place, instanceId: string, fromMs: number, untilMs: number): InstanceInterval => ({
  clusterId: of.clusterId,
  organizationId: of.organizationId,
  serviceId: of.serviceId,
  revisionId: of.revisionId,
  instanceId,
  startMs: T0 + fromMs,
  untilMs: T0 + untilMs,
  ended: false,
});
const checked = (interval: InstanceInterval) => {
  const { startMs, untilMs: endMs } = interval;
  return { interval, zones: [{ zone: 'default', startMs, endMs }] };
};
const take = (of: Place, intervals: readonly unknown[], sender: string = of.clusterId) =>
  rig.takeInstances(lease, sender, intervals);

const found = (of: Place, month = '2026-11'): Promise<unknown[]> =>
  database.db.inTenant(of.organizationId, async (tx) =>
    (await findInstanceTime(tx, of.organizationId, month)).map(({ instanceMs, cpuMs, memoryMs, price }) => [
      ...[instanceMs, cpuMs, memoryMs].map(String),
      price?.currency,
    ]),
  );
/** Milliseconds, and the currency they are priced in. */
const inMoney = async (of: Place): Promise<unknown[]> =>
  ((await found(of)) as unknown[][]).map(([ms, , , currency]) => [ms, currency]);
const price = (of: Place, currency: string, atMs: number): Promise<void> =>
  database.db.inTenant(of.organizationId, (tx) => {
    const rates = {
      vcpuSecond: parseDecimal('0.00001'),
      gibSecond: parseDecimal('0'),
      gpuSeconds: new Map(),
    };
    return saveClusterPrice(tx, of.clusterId, { currency, ...rates }, atMs);
  });
const waiting = (of: Place): Promise<{ number: number; reason: string; outcome: string | null }[]> =>
  database.query(
    `SELECT number, reason, outcome FROM usage_quarantine WHERE body->>'organizationId' = $1 ORDER BY number`,
    [of.organizationId],
  );

it('counts each instance as long as it ran, in whatever order and however often it is told', async () => {
  const of = await place();
  const told = [
    ...[0, 1_000, 2_000, 4_000, 9_000].map((until) => ran(of, 'a', 0, until)),
    { ...ran(of, 'a', 0, 11_000), ended: true },
    ...[500, 30_000].map((until) => ran(of, 'b', 500, until)),
    // the same name again, later
    { ...ran(of, 'a', 50_000, 50_040), ended: true },
  ];
  expect(await take(of, told.slice(2, 4))).toMatchObject({ stored: 1, quarantined: [] });
  await take(of, told.toReversed());
  await take(of, told.slice(0, 3));
  expect(await take(of, told)).toMatchObject({ stored: 0, quarantined: [] });
  const ms = 11_000 + 29_500 + 40;
  expect(await found(of)).toEqual([[String(ms), String(ms * 1_000), String(ms * 512), undefined]]);
  const rows = await database.query(
    'SELECT instance_id, (until_ms - start_ms)::int AS ms, ended FROM instance_intervals WHERE organization_id = $1 ORDER BY 1, start_ms',
    [of.organizationId],
  );
  expect(rows).toEqual([
    { instance_id: 'a', ms: 11_000, ended: true },
    { instance_id: 'a', ms: 40, ended: true },
    { instance_id: 'b', ms: 29_500, ended: false },
  ]);
});

it('parts it by UTC day, each at the price of its day', async () => {
  const of = await place();
  const midnight = DAY / 2;
  await take(of, [ran(of, 'a', midnight - 7, midnight - 2)]);
  await take(of, [ran(of, 'a', midnight - 7, midnight + DAY + 5)]);
  const whole = String(7 + DAY + 5);
  expect(await inMoney(of)).toEqual([[whole, undefined]]);
  await price(of, 'EUR', T0 + DAY);
  expect(await inMoney(of)).toEqual([[whole, 'EUR']]);
  await price(of, 'USD', T0 + 2 * DAY);
  expect(await inMoney(of)).toEqual([
    [String(7 + DAY), 'EUR'],
    ['5', 'USD'],
  ]);
  expect(await found(of, '2026-12')).toEqual([]);
});

it('counts the time of GPUs by class and UTC day, each GPU, once', async () => {
  const of = await place({ gpus: 2, gpuClass: 'nvidia-l4' });
  const midnight = DAY / 2;
  const told = [
    ran(of, 'a', midnight - 7, midnight - 2),
    ran(of, 'a', midnight - 7, midnight + 20 * 60_000),
    ran(of, 'b', 0, 100),
  ];
  for (let times = 0; times < 2; times += 1) await take(of, told);
  await price(of, 'USD', T0 + DAY);
  expect(
    await database.query(
      `SELECT day::text, gpu_class, gpu_ms::int FROM instance_gpu_time WHERE organization_id = $1 ORDER BY 1`,
      [of.organizationId],
    ),
  ).toEqual([
    { day: '2026-11-16', gpu_class: 'nvidia-l4', gpu_ms: 2 * 107 },
    { day: '2026-11-17', gpu_class: 'nvidia-l4', gpu_ms: 2 * 20 * 60_000 },
  ]);
  const [all, ...more] = await database.db.inTenant(of.organizationId, (tx) =>
    findInstanceTime(tx, of.organizationId, '2026-11'),
  );
  expect([all?.instanceMs, all?.gpuMs, more]).toEqual([
    BigInt(107 + 20 * 60_000),
    new Map([['nvidia-l4', BigInt(2 * (107 + 20 * 60_000))]]),
    [],
  ]);
  expect(all?.price?.gpuSeconds).toEqual(new Map());
});

it('refuses what is not so, once, however often it is told as it grows', async () => {
  const of = await place();
  const other = await place();
  const ahead = clock.now() - T0 + DAY;
  const bad = [
    ran({ ...of, clusterId: other.clusterId }, 'theirs', 0, 5),
    ran({ ...of, serviceId: other.serviceId }, 'no service of it', 0, 5),
    ran({ ...of, revisionId: other.revisionId }, 'no revision of it', 0, 5),
    ran(of, 'ahead', 0, ahead),
    ran(of, 'backwards', 5, 4),
    ran(of, 'unprint\u0000able', 0, 5),
  ];
  const reasons = [
    ...['foreign_sender', 'unknown_service', 'unknown_revision'],
    ...['from_the_future', 'not_positive', 'malformed'],
  ];
  const first = await take(of, [...bad, 'no interval', ran(of, 'good', 0, 5)]);
  expect(first.stored).toBe(1);
  expect(first.quarantined.map(({ reason }) => reason)).toEqual(['malformed', ...reasons]);
  await take(of, [ran(of, 'ahead', 0, ahead + 60_000)]);
  // the unprintable one is kept as base64, and names nobody
  expect((await waiting(of)).map(({ reason }) => reason)).toEqual(reasons.slice(0, -1));
  expect(await inMoney(of)).toEqual([['5', undefined]]);
});

it('refuses what a cluster says of a service that it was never asked to hold, or that is gone from it', async () => {
  const [of, other] = [await place(), await place()];
  const elsewhere = { ...of, clusterId: other.clusterId };
  expect((await take(elsewhere, [ran(elsewhere, 'never', 0, 5)])).quarantined).toMatchObject([
    { reason: 'foreign_sender' },
  ]);
  await hold(database, of, T0 + 10_000);
  const told = [ran(of, 'before', 0, 11_000), ran(of, 'after', 10_000 + 5 * 60_000 + 1, 10 * 60_000)];
  expect(await take(of, told)).toMatchObject({
    stored: 1,
    quarantined: [{ reason: 'foreign_sender', body: { instanceId: 'after' } }],
  });
  await hold(database, of);
  expect(await take(of, told)).toMatchObject({ stored: 1, quarantined: [] });
});

it('takes the last words of a cluster that was removed, of services that it had told of', async () => {
  const of = await place();
  const silent = await place();
  await take(of, [ran(of, 'a', 0, 5)]);
  for (const { clusterId } of [of, silent]) {
    await database.query('DELETE FROM targets WHERE cluster_id = $1', [clusterId]);
    await database.query('UPDATE clusters SET removed_at = $2 WHERE id = $1', [
      clusterId,
      new Date(T0 + 10_000),
    ]);
  }
  const told = [ran(of, 'a', 0, 9_000), ran(of, 'after', 10_000 + 5 * 60_000 + 1, 10 * 60_000)];
  expect(await take(of, told)).toMatchObject({
    stored: 1,
    quarantined: [{ reason: 'foreign_sender', body: { instanceId: 'after' } }],
  });
  expect(await inMoney(of)).toEqual([['9000', undefined]]);
  expect(await take(silent, [ran(silent, 'b', 0, 5)])).toMatchObject({
    quarantined: [{ reason: 'foreign_sender' }],
  });
});

it('keeps the first of an identity that two revisions claim', async () => {
  const of = await place();
  const other = { ...(await place()), clusterId: of.clusterId };
  await hold(database, other);
  const claim = ran(other, 'a', 0, 9);
  expect((await take(of, [ran(of, 'a', 0, 5), claim])).quarantined).toMatchObject([
    { reason: 'identity_conflict', body: claim },
  ]);
  expect(await take(of, [claim])).toMatchObject({
    stored: 0,
    quarantined: [{ reason: 'identity_conflict' }],
  });
  expect([await inMoney(of), await inMoney(other)]).toEqual([[['5', undefined]], []]);
  expect(await waiting(other)).toHaveLength(1);
});

/** As an operator does; gives how many. */
const release = async (of: Place): Promise<number> => {
  const { organizationId } = of;
  const by = { actorId: 'key_operator', now: clock.now() };
  const which = { organizationId, reasons: RELEASABLE, limit: 10 };
  return (await database.db.inTenant(organizationId, (tx) => releaseQuarantine(tx, which, by))).length;
};
const lookAgain = async (): Promise<unknown[]> => [
  ...(await underLease(database.db, lease, (tx) => takeReleased(tx, rig.things, clock.now()))).values(),
];

it('keeps of what is refused the longest that was told, and counts that when it is released', async () => {
  const of = await place();
  const ahead = clock.now() - T0 + DAY;
  const told = (ms: number): InstanceInterval => ran(of, 'a', ahead, ahead + ms);
  await take(of, [told(5), told(9), told(7)]);
  await take(of, [told(8)]);
  clock.step(2 * DAY);
  expect([await release(of), await lookAgain(), await inMoney(of)]).toEqual([
    1,
    ['stored'],
    [['9', undefined]],
  ]);
  clock.step(-2 * DAY);
  // it has grown since: another word is asked for
  await take(of, [told(4), told(20)]);
  expect(await waiting(of)).toMatchObject([{ reason: 'from_the_future', outcome: null }]);
  clock.step(2 * DAY);
  expect([await release(of), await lookAgain(), await inMoney(of)]).toEqual([
    1,
    ['stored'],
    [['20', undefined]],
  ]);
  clock.step(-2 * DAY);
});

it('takes an operator\u2019s word for how long an instance ran', async () => {
  const of = await place();
  const long = ran(of, 'a', -MAX_INSTANCE_MS - 1, 0);
  expect((await take(of, [long])).quarantined).toMatchObject([{ reason: 'too_long' }]);
  expect([await release(of), await lookAgain()]).toEqual([1, ['stored']]);
  const [row] = await database.query<{ ms: string }>(
    'SELECT sum(instance_ms)::text AS ms FROM instance_time WHERE organization_id = $1',
    [of.organizationId],
  );
  expect(row?.ms).toBe(String(MAX_INSTANCE_MS + 1));
});

it('counts once what two transactions are told at once', async () => {
  const of = await place();
  const one = ran(of, 'a', 0, 10);
  const both = [Promise.withResolvers<void>(), Promise.withResolvers<void>()] as const;
  const first = underLease(database.db, lease, async (tx) => {
    await storeIntervals(tx, [checked(one)], 1);
    both[0].resolve();
    await both[1].promise;
  });
  await both[0].promise;
  const second = underLease(database.db, lease, (tx) =>
    storeIntervals(tx, [checked({ ...one, untilMs: one.untilMs + 2 })], 2),
  );
  const waits = `SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`;
  await until(async () => (await database.query(waits)).length > 0, { what: 'that one waits' });
  both[1].resolve();
  await Promise.all([first, second]);
  expect(await inMoney(of)).toEqual([['12', undefined]]);
});

it('stores what an operator released, where that can be', async () => {
  const of = await place();
  const other = await place();
  await take(of, [ran({ ...of, clusterId: other.clusterId }, 'a', 0, 7), ran(of, 'b', 5, 4)]);
  const numbers = (await waiting(of)).map(({ number }) => number);
  await database.db.inTenant(of.organizationId, (tx) =>
    releaseQuarantine(
      tx,
      { organizationId: of.organizationId, reasons: ['foreign_sender'], numbers, limit: 10 },
      { actorId: 'key_operator', now: clock.now() },
    ),
  );
  const outcomes = await underLease(database.db, lease, (tx) => takeReleased(tx, rig.things, clock.now()));
  expect([...outcomes.values()]).toEqual(['stored']);
  expect(await inMoney(of)).toEqual([['7', undefined]]);
});
