import { newId, type Id } from '#libs/domain';
import { findInstanceTime, lookAtInstances, saveClusterPrice, underLease, type Lease } from '#libs/store';
import { parseDecimal } from '#libs/domain';
import {
  SteppedClock,
  makeUsedRevision,
  seededRandom,
  testDatabase,
  type TestDatabase,
  type UsedRevision,
} from '#libs/testing';
import { BillingRig } from '../rig/billing.rig.js';

const T0 = Date.UTC(2026, 10, 16, 12);
const clock = new SteppedClock(T0);
const random = seededRandom(75);
const shape = { concurrency: 1, maxInstances: 10, timeoutSeconds: 300 };

let database: TestDatabase;
let lease: Lease;
let cluster: Id<'cls'>;
let of: UsedRevision;

beforeAll(async () => {
  database = await testDatabase();
  lease = (await new BillingRig(database.db, clock).lease('margin', 'me', 10_000_000_000)) as Lease;
  of = await makeUsedRevision((sql, values) => database.query(sql, values), random, shape);
  cluster = newId('cls', T0, random);
  await database.query(
    `INSERT INTO clusters (id, name, provider, region, zone, runtime, created_at) VALUES ($1, 'north', 'p', 'r', 'z', 'local', now())`,
    [cluster],
  );
  await database.query(`INSERT INTO targets VALUES ($1, $2, $3, 1, 1, '{}', NULL, now())`, [
    of.organizationId,
    of.serviceId,
    cluster,
  ]);
});
afterAll(() => database.drop());

/** The agent says that so many instances run; the revision is of 1 vCPU and 512 MiB. */
async function report(instances: number, name = 'hello-00001'): Promise<void> {
  const observed = { revisions: [{ name, instances }] };
  await database.query('UPDATE targets SET observed = $1 WHERE cluster_id = $2', [observed, cluster]);
}

async function look(atMs: number, heardMs = atMs): Promise<void> {
  await database.query('UPDATE clusters SET last_seen_at = $1 WHERE id = $2', [new Date(heardMs), cluster]);
  await underLease(database.db, lease, (tx) => lookAtInstances(tx, atMs));
}

const found = (month = '2026-11'): Promise<unknown[]> =>
  database.db.inTenant(of.organizationId, async (tx) =>
    (await findInstanceTime(tx, of.organizationId, month)).map(({ instanceMs, cpuMs, memoryMs, price }) => [
      ...[instanceMs, cpuMs, memoryMs].map(String),
      price?.currency,
    ]),
  );
const price = (currency: string, atMs: number): Promise<void> =>
  database.db.inTenant(of.organizationId, (tx) => {
    const rates = { vcpuSecond: parseDecimal('0.00001'), gibSecond: parseDecimal('0') };
    return saveClusterPrice(tx, cluster, { currency, ...rates }, atMs);
  });

it('adds up what clusters that answer say they run, from look to look', async () => {
  await report(2);
  await look(T0);
  expect(await found()).toEqual([]);
  await look(T0 + 10_000);
  expect(await found()).toEqual([['20000', '20000000', '10240000', undefined]]);
  await report(0);
  await look(T0 + 20_000);
  expect(await found()).toEqual([['20000', '20000000', '10240000', undefined]]);
  await report(1);
  // a silent cluster says nothing, and nobody looked for an hour
  await look(T0 + 30_000, T0);
  await look(T0 + 3_630_000);
  expect(await found()).toEqual([['80000', '80000000', '40960000', undefined]]);
  await report(1, 'unknown-00001');
  await look(T0 + 3_640_000);
  expect(await found()).toEqual([['80000', '80000000', '40960000', undefined]]);
});

it('has the price of its day: the last one until then, days before the first one the first one', async () => {
  const DAY = 86_400_000;
  await price('EUR', T0 + DAY);
  expect(await found()).toEqual([['80000', '80000000', '40960000', 'EUR']]);
  await price('USD', T0 + DAY);
  await price('GBP', T0 + 3 * DAY);
  await report(1);
  for (const day of [2, 3]) {
    await look(T0 + day * DAY);
    await look(T0 + day * DAY + 1_000);
  }
  // each first look of a day counts its minute
  expect(await found()).toEqual([
    ['61000', '61000000', '31232000', 'GBP'],
    ['141000', '141000000', '72192000', 'USD'],
  ]);
  expect(await found('2026-12')).toEqual([]);
});
