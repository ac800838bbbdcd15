import {
  capAmount,
  capLeft,
  capMoney,
  monthSpan,
  parseRatio,
  type Id,
  type InstanceInterval,
} from '#libs/domain';
import { findCap, findCapUse, saveCap } from '#libs/store';
import { seededRandom, type UsedRevision } from '#libs/testing';
import { MINUTE_MS, PricedRig, T0 } from '../rig/priced.rig.js';
import { allow } from './cap.allowance.js';
import { evaluateCap } from './cap.evaluation.js';

const random = seededRandom(230);
let priced: PricedRig;
let of: UsedRevision;
let clusterId: Id<'cls'>;
beforeAll(async () => {
  priced = await PricedRig.start(230, [PLAN]);
});
afterAll(() => priced.stop());
beforeEach(async () => {
  of = await priced.customer('by-instance', { concurrency: 1, maxInstances: 10 });
  clusterId = await priced.holder(of);
});

/** A second costs 0.001. */
const PLAN = {
  ...{ id: 'by-instance', version: 1, name: 'By instance', currency: 'USD', decimals: 6 },
  effectiveFrom: '1970-01-01T00:00:00Z',
  items: [
    {
      ...{ id: 'any', name: 'Any', measure: 'instance_time', quantum: '1 ms' },
      ...{ rate: '0.001', per: '1 s', unit: 's' },
    },
  ],
};

const setCap = (amount: string): Promise<unknown> =>
  priced.database.db.inTenant(of.organizationId, (tx) =>
    saveCap(tx, { organizationId: of.organizationId, amount, currency: 'USD' }, priced.clock.now()),
  );

const ran = (instanceId: string, fromMs: number, untilMs: number, ended = false): InstanceInterval => ({
  ...{ clusterId, organizationId: of.organizationId, serviceId: of.serviceId, revisionId: of.revisionId },
  ...{ instanceId, startMs: T0 + fromMs, untilMs: T0 + untilMs, ended },
});

/** Takes in and folds what an agent says. */
async function tell(...intervals: InstanceInterval[]): Promise<void> {
  const rig = priced.billing();
  const { quarantined } = await rig.takeInstances(priced.lease, clusterId, intervals);
  expect(quarantined).toEqual([]);
  await rig.fold(priced.lease, [of]);
}

/** As the api says it, whose role sees less. */
const use = () =>
  priced.database.db.inTenant(of.organizationId, (tx) =>
    findCapUse(tx, of.organizationId, priced.clock.now()),
  );
const spentAndUnpaid = async (): Promise<[spent: string, unpaidMs: number]> => {
  const { spent, unpaidMs } = await use();
  return [spent, unpaidMs];
};

it('time of instances is billed as far as the cap pays for it; what ran beyond is kept, shown and never billed', async () => {
  await setCap('0.1');
  await tell(ran('a', 0, 40_000), ran('b', 0, 40_000));
  expect(await spentAndUnpaid()).toEqual(['0.08', 0]);
  // twenty seconds are left: of two that ran so long one is paid
  await tell(ran('a', 0, 59_000), ran('b', 0, 59_000));
  expect(await spentAndUnpaid()).toEqual(['0.099', 19_000]);
  await tell(ran('a', 0, 3 * MINUTE_MS), ran('b', 0, 3 * MINUTE_MS));
  const beyond = 19_000 + 2 * 121_000;
  expect(await spentAndUnpaid()).toEqual(['0.099', beyond]);
  // in the middle of a minute: what ran until then stays unpaid
  await setCap('1');
  await tell(ran('a', 0, 3 * MINUTE_MS + 30_000), ran('b', 0, 3 * MINUTE_MS + 500, true));
  await tell(ran('a', 0, 4 * MINUTE_MS, true));
  expect(await spentAndUnpaid()).toEqual(['0.1595', beyond]);
  const rows = await priced.database.query(
    'SELECT sum(until_ms - start_ms)::int AS ms FROM instance_intervals WHERE organization_id = $1',
    [of.organizationId],
  );
  expect(rows).toEqual([{ ms: 7 * MINUTE_MS + 500 }]);
  expect((await priced.bill(of)).total).toBe('0.1595');
});

it('what was told and waits to be folded is reserved, so that two that are told at once are not both paid', async () => {
  await setCap('0.05');
  const rig = priced.billing();
  const take = (...intervals: InstanceInterval[]) => rig.takeInstances(priced.lease, clusterId, intervals);
  await take(ran('a', 0, 30_000));
  const { reserved, spent } = await use();
  expect([capAmount(reserved), spent]).toEqual(['0.030001', '0']);
  await take(ran('b', 0, 30_000));
  await rig.fold(priced.lease, [of]);
  expect(await spentAndUnpaid()).toEqual(['0.03', 30_000]);
});

it('of hours that are told at once the minutes are billed that the cap pays for', async () => {
  await setCap('0.2');
  await tell(ran('a', 0, 50 * MINUTE_MS, true));
  expect(await spentAndUnpaid()).toEqual(['0.18', 47 * MINUTE_MS]);
});

it('what an agent tells of the month before is paid by the cap of that month', async () => {
  await setCap('0.11');
  const { startMs } = monthSpan('2026-11');
  const before = startMs - T0;
  await tell(ran('a', 0, 90_000, true));
  await tell(ran('old', before - 80_000, before + 5_000, true));
  expect(await spentAndUnpaid()).toEqual(['0.095', 0]);
  await tell(ran('older', before - 80_000, before, true));
  const october = await priced.database.db.asSystem((tx) => findCapUse(tx, of.organizationId, startMs - 1));
  // of the second one only what is before the next minute: it began in the middle of one
  expect([october.spent, october.unpaidMs]).toEqual(['0.1', 60_000]);
});

describe('near the end', () => {
  const look = () =>
    priced.underLease((tx) =>
      evaluateCap(tx, of.organizationId, { now: priced.clock.now(), random, takenInToMs: 0 }),
    );
  const reached = async (): Promise<boolean | undefined> => {
    const { organizationId } = of;
    return (await priced.database.db.inTenant(organizationId, (tx) => findCap(tx, organizationId)))?.reached;
  };
  let asked = 0;
  /** What a gateway is allowed for a request that costs nothing of itself, and whether there is more for others. */
  const allowed = (): Promise<[allowance: string, isMore: boolean]> => {
    const { organizationId, gatewayId, revisionId } = of;
    const who = { gatewayId, incarnation: 'first', asked: (asked += 1), organizationId };
    const wish = { keep: '0', need: '1', slack: '0', revisions: [revisionId], records: [] };
    return priced.database.db.asSystem(async (tx) => {
      const answer = await allow(tx, { schemaVersion: 1, ...who, ...wish }, priced.clock.now());
      const { cap = '0', spent = '0', reserved = '0' } = answer.standing ?? {};
      return [answer.allowance, capLeft(cap, parseRatio(spent), capMoney(parseRatio(reserved))) > 0n];
    });
  };
  beforeEach(async () => {
    const body = { backends: [{ revisionId: of.revisionId, percent: 100 }] };
    await priced.database.query(
      `INSERT INTO routes (organization_id, service_id, host, version, body, updated_at)
       VALUES ($1, $2, $3, 1, $4, now())`,
      [of.organizationId, of.serviceId, `${of.serviceId}.example`, JSON.stringify(body)],
    );
  });

  it('it is reached while what runs can still be paid until it is gone, and stays so until it is raised', async () => {
    await setCap('0.5');
    await look();
    expect([await reached(), await allowed()]).toEqual([false, ['1', true]]);
    const atNow = priced.clock.now() - T0;
    // two run: they may cost 0.24 more
    await tell(ran('a', atNow - 100_000, atNow), ran('b', atNow - 100_000, atNow));
    await look();
    expect([await reached(), await allowed(), (await use()).spent]).toEqual([false, ['1', true], '0.2']);
    await tell(ran('a', atNow - 100_000, atNow + 40_000));
    await look();
    expect([await reached(), await allowed()]).toEqual([false, ['1', true]]);
    await tell(ran('b', atNow - 100_000, atNow + 40_000));
    await look();
    expect([await reached(), await allowed(), (await use()).spent]).toEqual([true, ['0', false], '0.28']);
    // both are gone, and what was reserved for them is free
    await tell(
      ran('a', atNow - 100_000, atNow + 41_000, true),
      ran('b', atNow - 100_000, atNow + 41_000, true),
    );
    expect((await use()).reserved).toBe(0n);
    await look();
    expect([await reached(), await allowed()]).toEqual([true, ['0', false]]);
    await setCap('0.6');
    expect(await allowed()).toEqual(['1', true]);
    await look();
    expect(await reached()).toBe(false);
  });
});
