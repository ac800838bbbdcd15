import {
  MAX_OVER_TIMEOUT_MS,
  MAX_RECORD_MS,
  QUARANTINE_REASONS,
  RELEASABLE,
  type UsageRecord,
} from '#libs/domain';
import {
  dismissQuarantine,
  listQuarantine,
  releaseQuarantine,
  underLease,
  type Lease,
  type ReleaseOutcome,
  type UsageCorrection,
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
import { BillingRig } from '../rig/billing.rig.js';
import { takeReleased } from './released.intake.js';

const T0 = Date.UTC(2026, 10, 21, 12);
const HOUR_MS = 3_600_000;
const clock = new SteppedClock(T0 + 4 * HOUR_MS);
const random = seededRandom(11);

let database: TestDatabase;
let lease: Lease;
let rig: BillingRig;

beforeAll(async () => {
  database = await testDatabase();
  rig = new BillingRig(database.db, clock);
  lease = (await rig.lease('test', 'me', 1_000 * HOUR_MS)) as Lease;
});
afterAll(() => database.drop());

const used = (): Promise<UsedRevision> =>
  makeUsedRevision((sql, values) => database.query(sql, values), random, {
    concurrency: 1,
    maxInstances: 1,
    timeoutSeconds: 60,
  });
const span = { startMs: T0, endMs: T0 + 50 };

/** As an operator does, through the role of the API. */
const release = ({ organizationId }: UsedRevision, numbers?: number[]): Promise<number[]> =>
  database.db.inTenant(organizationId, (tx) =>
    releaseQuarantine(
      tx,
      { organizationId, reasons: RELEASABLE, numbers, limit: 100 },
      { actorId: 'key_operator', now: clock.now() },
    ),
  );
/** The same with other values in place of what came. */
const correct = (
  { organizationId }: UsedRevision,
  number: number,
  word: { correction: UsageCorrection; because?: string },
): Promise<number[]> =>
  database.db.inTenant(organizationId, (tx) =>
    releaseQuarantine(
      tx,
      { organizationId, reasons: QUARANTINE_REASONS, numbers: [number], limit: 1 },
      { actorId: 'key_operator', now: clock.now() },
      word,
    ),
  );
const lookAgain = (): Promise<ReadonlyMap<number, ReleaseOutcome>> =>
  underLease(database.db, lease, (tx) => takeReleased(tx, rig.things, clock.now()));

const quarantined = ({
  organizationId,
}: UsedRevision): Promise<{ position: number; outcome: string | null }[]> =>
  database.query(
    `SELECT position, outcome FROM usage_quarantine WHERE body->>'organizationId' = $1 ORDER BY position, number`,
    [organizationId],
  );
const stored = ({ organizationId }: UsedRevision): Promise<{ position: number; taken: number }[]> =>
  database.query('SELECT position, taken FROM usage_records WHERE organization_id = $1 ORDER BY position', [
    organizationId,
  ]);
const blocksOf = async ({ organizationId }: UsedRevision): Promise<number> => {
  const [row] = await database.query<{ blocks: number }>(
    'SELECT coalesce(sum(blocks), 0)::int AS blocks FROM billing_windows WHERE organization_id = $1',
    [organizationId],
  );
  return row?.blocks ?? -1;
};

it('what is good once an operator released it is billed once, as late usage', async () => {
  const of = await used();
  const long = usageOf(of, 1, { startMs: T0, endMs: T0 + MAX_RECORD_MS });
  const foreign = usageOf(of, 2, span, { gatewayId: 'gw_zzzzzzzzzzzzzzzzzzzz' });
  const good = usageOf(of, 0, { startMs: T0 - 200, endMs: T0 - 100 });
  await rig.take(lease, of.gatewayId, [good, long, foreign]);
  expect((await stored(of)).map(({ position }) => position)).toEqual([0]);
  expect(await lookAgain()).toEqual(new Map());

  expect(await release(of)).toHaveLength(2);
  expect(await release(of)).toEqual([]);
  expect([...(await lookAgain()).values()]).toEqual(['stored', 'stored']);
  expect(await lookAgain()).toEqual(new Map());
  const rows = await stored(of);
  expect(rows.map(({ position }) => position)).toEqual([0, 1, 2]);
  // later in the order in which usage was taken in, so that what is closed gets corrections
  expect(rows[1]?.taken).toBeGreaterThan(rows[0]?.taken as number);
  expect(rows[2]?.taken).toBe(rows[1]?.taken);
  await rig.fold(lease, [good]);
  expect(await blocksOf(of)).toBe(1 + MAX_RECORD_MS / 100);
  expect(await release(of)).toEqual([]);
  expect(await quarantined(of)).toEqual([
    { position: 1, outcome: 'stored' },
    { position: 2, outcome: 'stored' },
  ]);
});

describe('each reason', () => {
  type Change = Partial<Record<keyof UsageRecord, unknown>>;
  const overMs = 60_000 + MAX_OVER_TIMEOUT_MS;
  it.each<[string, Change, string, ReleaseOutcome | 'not released']>([
    ['negative', { endMs: T0 - 1 }, 'not_positive', 'not released'],
    ['empty', { endMs: T0 }, 'not_positive', 'not released'],
    ['without an end', { endMs: undefined }, 'malformed', 'not released'],
    ['60 min beyond its timeout and 1 ms', { endMs: T0 + overMs + 1 }, 'too_long', 'stored'],
    ['longer than any request', { endMs: T0 + MAX_RECORD_MS + 1 }, 'too_long', 'too_long'],
    [
      'from the future',
      { startMs: T0 + 9 * HOUR_MS, endMs: T0 + 9 * HOUR_MS + 1 },
      'from_the_future',
      'from_the_future',
    ],
    ['of no service', { serviceId: 'svc_00000000000000000000' }, 'unknown_service', 'unknown_service'],
    ['of no revision', { revisionId: 'rev_00000000000000000000' }, 'unknown_revision', 'unknown_revision'],
    ['that names no revision', { revisionId: undefined }, 'missing_revision', 'not released'],
    ['sent by another', { gatewayId: 'gw_00000000000000000000' }, 'foreign_sender', 'stored'],
    ['with an identity that is taken', { position: 0 }, 'identity_conflict', 'not released'],
  ])(
    'a record %s is kept, not billed; by an operator\u2019s word',
    async (_what, change, reason, outcome) => {
      const of = await used();
      const first = usageOf(of, 0, span);
      const bad = { ...usageOf(of, 1, { startMs: T0, endMs: T0 + 90 }), ...change };
      await rig.take(lease, of.gatewayId, [first]);
      const { quarantined: refused } = await rig.take(lease, of.gatewayId, [bad]);
      expect(refused.map((one) => one.reason)).toEqual([reason]);
      const { organizationId } = of;
      const listed = (waiting: boolean) =>
        database.db.asSystem((tx) => listQuarantine(tx, { organizationId, waiting }, { limit: 10 }));
      expect(await listed(true)).toMatchObject([
        { reason, record: expect.stringContaining(of.producer) as string },
      ]);
      expect(await stored(of)).toHaveLength(1);
      const isReleased = outcome !== 'not released';
      expect(await release(of)).toHaveLength(isReleased ? 1 : 0);
      expect([...(await lookAgain()).values()]).toEqual(isReleased ? [outcome] : []);
      const isStored = outcome === 'stored';
      expect(await stored(of)).toHaveLength(isStored ? 2 : 1);
      expect([(await listed(false)).length, (await listed(true)).length]).toEqual([1, isStored ? 0 : 1]);
    },
  );
});

describe('what only a correction releases', () => {
  const newIdentity: UsageCorrection = { producer: 'spl_corrected00000000000', position: 0 };
  const toEnd: UsageCorrection = { endMs: T0 + 90 };
  const ofItself = { revisionId: 'of the record' as const };
  const elsewhere: UsageCorrection = { revisionId: 'rev_00000000000000000000' };
  type Said = UsageCorrection | typeof ofItself;
  it.each<[string, Partial<Record<keyof UsageRecord, unknown>>, Said, ReleaseOutcome]>([
    ['negative', { endMs: T0 - 1 }, toEnd, 'stored'],
    ['without an end', { endMs: undefined }, toEnd, 'stored'],
    ['longer than any request', { endMs: T0 + MAX_RECORD_MS + 1 }, toEnd, 'stored'],
    ['with an identity that is taken', { position: 0 }, newIdentity, 'stored'],
    ['that names no revision', { revisionId: undefined }, ofItself, 'stored'],
    ['of no revision', { revisionId: 'rev_11111111111111111111' }, ofItself, 'stored'],
    ['that names no revision, by none there is', { revisionId: undefined }, elsewhere, 'unknown_revision'],
    ['that names no revision, by another end', { revisionId: undefined }, toEnd, 'missing_revision'],
    ['negative, by an end no better', { endMs: T0 - 1 }, { endMs: T0 - 5 }, 'not_positive'],
    ['negative, under another identity', { endMs: T0 - 1 }, newIdentity, 'not_positive'],
    ['without an end, under another identity', { endMs: undefined }, newIdentity, 'malformed'],
  ])('a record %s: billed as corrected, kept as it came', async (_what, change, said, outcome) => {
    const of = await used();
    const correction = said === ofItself ? { revisionId: of.revisionId } : (said as UsageCorrection);
    const good = usageOf(of, 0, { startMs: T0 - 300, endMs: T0 - 200 });
    await rig.take(lease, of.gatewayId, [good]);
    const bad = { ...usageOf(of, 1, { startMs: T0, endMs: T0 + 90 }), ...change };
    await rig.take(lease, of.gatewayId, [bad]);
    const { organizationId } = of;
    const entry = () =>
      database.db.asSystem((tx) => listQuarantine(tx, { organizationId, waiting: false }, { limit: 10 }));
    const [before] = await entry();
    const number = before?.number as number;
    const word = { correction, because: 'seen in the log' };
    expect(await correct(of, number, word)).toEqual([number]);
    expect([...(await lookAgain()).values()]).toEqual([outcome]);
    expect(await entry()).toEqual([expect.objectContaining({ record: before?.record, outcome, ...word })]);
    await rig.fold(lease, [good]);
    expect(await blocksOf(of)).toBe(outcome === 'stored' ? 2 : 1);
    // once: neither a second word nor the same bad record sent again is billed
    expect(await correct(of, number, word)).toEqual(outcome === 'stored' ? [] : [number]);
    await lookAgain();
    await rig.take(lease, of.gatewayId, [bad]);
    await rig.fold(lease, [good]);
    expect(await stored(of)).toHaveLength(outcome === 'stored' ? 2 : 1);
    await database.query('DELETE FROM usage_records WHERE producer = $1', [newIdentity.producer]);
  });
});

it('what is dismissed waits no more, stays listed, and is released by nobody', async () => {
  const of = await used();
  const { organizationId } = of;
  await rig.take(lease, of.gatewayId, [
    usageOf(of, 1, { startMs: T0, endMs: T0 }),
    usageOf(of, 2, span, { gatewayId: 'gw_zzzzzzzzzzzzzzzzzzzz' }),
  ]);
  const listed = (waiting: boolean) =>
    database.db.asSystem((tx) => listQuarantine(tx, { organizationId, waiting }, { limit: 10 }));
  const numbers = (await listed(true)).map(({ number }) => number);
  expect(numbers).toHaveLength(2);
  const dismiss = () =>
    database.db.inTenant(organizationId, (tx) =>
      dismissQuarantine(
        tx,
        { numbers, limit: 10 },
        { actorId: 'key_operator', now: clock.now(), because: 'a test of a gateway' },
      ),
    );
  expect((await dismiss()).sort()).toEqual([...numbers].sort());
  expect(await dismiss()).toEqual([]);
  expect(await listed(true)).toEqual([]);
  const dismissed = { because: 'a test of a gateway', dismissedAt: clock.now(), dismissedBy: 'key_operator' };
  expect(await listed(false)).toMatchObject([dismissed, dismissed]);
  expect(await release(of)).toEqual([]);
  expect(await correct(of, numbers[0] as number, { correction: { endMs: T0 + 5 } })).toEqual([]);
  expect(await lookAgain()).toEqual(new Map());
  expect(await stored(of)).toEqual([]);
});

it('what is missing is looked for anew at each release, and time passes', async () => {
  const of = await used();
  const ahead = { startMs: clock.now() + HOUR_MS, endMs: clock.now() + HOUR_MS + 50 };
  const serviceId = 'svc_zzzzzzzzzzzzzzzzzzzz' as const;
  await rig.take(lease, of.gatewayId, [usageOf(of, 1, ahead), usageOf(of, 2, span, { serviceId })]);
  expect(await release(of)).toHaveLength(2);
  expect([...(await lookAgain()).values()].sort()).toEqual(['from_the_future', 'unknown_service']);
  expect(await stored(of)).toEqual([]);

  clock.step(2 * HOUR_MS);
  await database.query(
    `INSERT INTO services (organization_id, id, project_id, name, access, min_instances, template, traffic, status,
       created_at, updated_at) SELECT organization_id, $2, project_id, 'adopted', access, min_instances, template, traffic,
       status, now(), now() FROM services WHERE organization_id = $1`,
    [of.organizationId, serviceId],
  );
  expect(await release(of)).toHaveLength(2);
  // the revision is another service's
  expect([...(await lookAgain()).values()].sort()).toEqual(['stored', 'unknown_revision']);
  expect((await stored(of)).map(({ position }) => position)).toEqual([1]);
});

it('an identity that is taken stays so: what came later with it is not billed', async () => {
  const of = await used();
  const gatewayId = 'gw_zzzzzzzzzzzzzzzzzzzz';
  const one = usageOf(of, 1, span, { gatewayId });
  const other = { ...one, endMs: one.endMs + 10 };
  const third = usageOf(of, 2, span);
  await rig.take(lease, of.gatewayId, [third, one, other, { ...third, gatewayId }]);
  expect(await release(of)).toHaveLength(3);
  expect([...(await lookAgain()).values()].sort()).toEqual([
    'identity_conflict',
    'identity_conflict',
    'stored',
  ]);
  expect(await stored(of)).toHaveLength(2);
});

it('only what names the organization, waits and can be billed is released', async () => {
  const [of, other] = [await used(), await used()];
  const bad: UsageRecord[] = [
    usageOf(of, 1, { startMs: T0, endMs: T0 }),
    { ...usageOf(of, 2, span), flags: 'tab\t' },
    usageOf(of, 3, span, { gatewayId: other.gatewayId }),
  ];
  await rig.take(lease, of.gatewayId, [...bad, usageOf(other, 4, span)]);
  const rows = await database.query<{ number: number; position: number }>(
    `SELECT number, position FROM usage_quarantine WHERE body->>'organizationId' = ANY ($1) ORDER BY position`,
    [[of.organizationId, other.organizationId]],
  );
  expect(rows.map(({ position }) => position)).toEqual([1, 2, 3, 4]);
  const numbers = rows.map(({ number }) => number);
  expect(await release(of, numbers)).toEqual([numbers[2]]);
  expect([...(await lookAgain()).entries()]).toEqual([[numbers[2], 'stored']]);
  expect(await stored(other)).toEqual([]);
});

it('looks again only where that can change something', () => {
  const never = QUARANTINE_REASONS.filter((reason) => !RELEASABLE.some((one) => one === reason));
  expect(never).toEqual(['malformed', 'not_positive', 'missing_revision', 'identity_conflict']);
});
