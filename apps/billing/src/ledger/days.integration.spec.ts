import { createPublicKey, verify } from 'node:crypto';
import { dayHash, type SignedDay } from '#libs/domain';
import {
  daysToClose,
  lastSeal,
  listDays,
  listSeals,
  publicSigningKeys,
  underLease,
  type Lease,
} from '#libs/store';
import {
  SteppedClock,
  makeUsedRevision,
  seededRandom,
  testDatabase,
  type TestDatabase,
  type UsedRevision,
} from '#libs/testing';
import { BillingRig } from '../rig/billing.rig.js';
import { EndedDays } from './ended.days.js';
import { ledgerSigner, sha256 } from './ledger.signer.js';
import { SealChain } from './seal.chain.js';
import { settleOrganization } from './settlement.js';

const HOUR = 3_600_000;
const NOON = Date.UTC(2026, 10, 21, 12);
const random = seededRandom(12);
const clock = new SteppedClock(NOON);

let database: TestDatabase;
let lease: Lease;
let of: UsedRevision;

beforeAll(async () => {
  database = await testDatabase();
  lease = (await new BillingRig(database.db, clock).lease('test', 'me', 1e12)) as Lease;
});
afterAll(() => database.drop());
beforeEach(async () => {
  const shape = { concurrency: 1, maxInstances: 1, timeoutSeconds: 300 };
  of = await makeUsedRevision((sql, values) => database.query(sql, values), random, shape);
  clock.set(NOON);
});

const signing = () => ledgerSigner(database.db, clock, Buffer.alloc(32, 7));
const sealed = async (atMs: number): Promise<void> => {
  const signer = await signing();
  await underLease(database.db, lease, async (tx) => {
    const at = { position: 0, streamSequence: 0, nowMs: atMs };
    const chain = await SealChain.open(tx, of.organizationId, signer, at);
    await chain.seal({ kind: 'entries', lines: [], entries: [] });
  });
};
const settled = async (atMs: number): Promise<void> => {
  const parts = { signer: await signing(), random };
  const at = { nowMs: atMs, graceMs: HOUR, patienceMs: 24 * HOUR, takenInToMs: atMs, producers: [] };
  await underLease(database.db, lease, (tx) => settleOrganization(tx, of.organizationId, 0, at, parts));
};
const days = (): Promise<SignedDay[]> =>
  database.db.asSystem((tx) => listDays(tx, of.organizationId, { first: 1, last: 1_000 }));
const spans = async (): Promise<unknown[]> =>
  (await days()).map(({ day, first, last }) => [day, first, last]);
const waiting = async (today: string): Promise<boolean> =>
  (await database.db.asSystem((tx) => daysToClose(tx, today, 1_000))).includes(of.organizationId);

it('a day ends with its last seal, once it is over, signed and chained', async () => {
  await sealed(NOON);
  await sealed(NOON + HOUR);
  expect([await spans(), await waiting('2026-11-21'), await waiting('2026-11-22')]).toEqual([
    [],
    false,
    true,
  ]);
  await settled(NOON + 11 * HOUR);
  expect(await spans()).toEqual([]);
  await settled(NOON + 12 * HOUR);
  await settled(NOON + 13 * HOUR);
  expect([await spans(), await waiting('2026-11-22')]).toEqual([[['2026-11-21', 1, 2]], false]);
  // the next seal of a later day ends the day of the one before it
  await sealed(NOON + 30 * HOUR);
  await sealed(NOON + 60 * HOUR);
  expect(await spans()).toEqual([
    ['2026-11-21', 1, 2],
    ['2026-11-22', 3, 3],
  ]);
  const found = await days();
  const [keys, seals] = await database.db.asSystem(async (tx) => [
    await publicSigningKeys(tx, 'ledger', 0),
    await listSeals(tx, of.organizationId, { after: 0, limit: 10 }),
  ]);
  for (const [i, day] of found.entries()) {
    const { hash, signature, ...said } = day;
    const jwk = keys.find(({ kid }) => kid === day.kid)?.jwk ?? {};
    const key = createPublicKey({ key: jwk, format: 'jwk' });
    expect(hash).toBe(dayHash(said, sha256));
    expect(verify(null, Buffer.from(hash, 'hex'), key, Buffer.from(signature, 'base64url'))).toBe(true);
    expect(day.previous).toBe(found[i - 1]?.hash ?? '');
    expect(day.head).toBe(seals[day.last - 1]?.hash);
  }
});

it('seals of a clock that went back are the next day that ends', async () => {
  await sealed(NOON);
  await sealed(NOON + 24 * HOUR);
  await sealed(NOON + HOUR);
  await settled(NOON + 2 * HOUR);
  await sealed(NOON + 25 * HOUR);
  expect(await spans()).toEqual([['2026-11-21', 1, 1]]);
  await settled(NOON + 48 * HOUR);
  expect(await spans()).toEqual([
    ['2026-11-21', 1, 1],
    ['2026-11-22', 2, 4],
  ]);
});

it('two at once end it once', async () => {
  await sealed(NOON);
  await Promise.all([settled(NOON + 24 * HOUR), settled(NOON + 24 * HOUR)]);
  expect(await spans()).toEqual([['2026-11-21', 1, 1]]);
  const last = await database.db.asSystem((tx) => lastSeal(tx, of.organizationId));
  expect(last?.number).toBe(1);
});

it('a seal of yesterday that is committed after midnight ends its day too, and then nobody is asked for', async () => {
  // before all that the other tests seal, so that nobody else waits
  const midnight = Date.UTC(2026, 0, 22);
  const ended = new EndedDays();
  const due = (atMs: number): Promise<string[]> => database.db.asSystem((tx) => ended.due(tx, atMs));
  expect(await due(midnight + 1)).toEqual([]);
  await sealed(midnight - 1);
  expect(await due(midnight + 5_000)).toEqual([of.organizationId]);
  await settled(midnight + 5_000);
  expect([await spans(), await due(midnight + HOUR)]).toEqual([[['2026-01-21', 1, 1]], []]);
  await sealed(midnight - 1);
  expect(await due(midnight + HOUR)).toEqual([]);
});
