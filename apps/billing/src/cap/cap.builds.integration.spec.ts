import { capAmount, newId, type Build, type CappedBuild, type Id } from '#libs/domain';
import { endBuild, findCapUse, refuseBuild, saveBuild, saveCap, storeBuildTime } from '#libs/store';
import { seededRandom, testDigest, type UsedRevision } from '#libs/testing';
import { takeBuilds } from '../intake/build.intake.js';
import { MINUTE_MS, PricedRig, T0 } from '../rig/priced.rig.js';
import { allow } from './cap.allowance.js';

const random = seededRandom(220);
let priced: PricedRig;
let of: UsedRevision;
let clusterId: Id<'cls'>;
beforeAll(async () => {
  priced = await PricedRig.start(220, [PLAN]);
});
afterAll(() => priced.stop());
beforeEach(async () => {
  of = await priced.customer('builds', { concurrency: 1, maxInstances: 1 });
  clusterId = await priced.holder(of);
});

/** Half an hour of a build is 0.18; two minutes of a month are free. */
const PLAN = {
  ...{ id: 'builds', version: 1, name: 'Builds', currency: 'USD', decimals: 6 },
  effectiveFrom: '1970-01-01T00:00:00Z',
  items: [
    {
      ...{ id: 'builds', name: 'Builds', measure: 'build_time', quantum: '1 s' },
      ...{ rate: '0.006', per: '1 min', unit: 'min' },
    },
  ],
  grants: [{ id: 'free', name: 'Free', items: ['builds'], quantity: '2' }],
};

const setCap = (amount: string): Promise<unknown> =>
  priced.database.db.inTenant(of.organizationId, (tx) =>
    saveCap(tx, { organizationId: of.organizationId, amount, currency: 'USD' }, priced.clock.now()),
  );

/** Asks the cluster for another build, as a pass of the deployer does. */
async function begin(): Promise<Build | CappedBuild> {
  const { organizationId, projectId, serviceId } = of;
  const now = priced.clock.now();
  const [id, uploadId, uploadDigest] = [
    newId('bld', now, random),
    newId('upl', now, random),
    testDigest('a'),
  ];
  await priced.database.query(
    'INSERT INTO uploads (organization_id, id, project_id, digest, size, created_at) VALUES ($1, $2, $3, $4, 1, $5)',
    [organizationId, uploadId, projectId, uploadDigest, new Date(now)],
  );
  const build = { id, organizationId, projectId, serviceId, uploadId, uploadDigest, createdAt: now };
  // it is there before a cluster is asked
  await priced.database.db.asSystem((tx) => saveBuild(tx, { ...build, status: 'pending' }));
  return priced.database.db.asSystem(async (tx) => {
    const refused = await refuseBuild(tx, organizationId, now);
    if (refused) return refused;
    const asked: Build = { ...build, status: 'pending', clusterId };
    await saveBuild(tx, asked);
    return asked;
  });
}
const hasBegun = async (): Promise<boolean> => 'id' in (await begin());

/** What the hub does as it hears of a build's end; without a time it failed on our side. */
const hear = ({ id: buildId, organizationId, projectId, serviceId }: Build, tookMs?: number): Promise<void> =>
  priced.database.db.asSystem(async (tx) => {
    const time = { startMs: T0, endMs: T0 + (tookMs ?? 0) };
    const whose = { buildId, organizationId, projectId, serviceId, clusterId };
    if (tookMs !== undefined) await storeBuildTime(tx, { ...whose, ...time });
    await endBuild(tx, { organizationId, id: buildId });
  });

/** As the api says it, whose role sees less. */
const standing = async (): Promise<[spent: string, reserved: string]> => {
  const { organizationId } = of;
  const use = await priced.database.db.inTenant(organizationId, (tx) =>
    findCapUse(tx, organizationId, priced.clock.now()),
  );
  return [use.spent, capAmount(use.reserved)];
};

it('of builds that begin at once no more than the cap can pay for; what each costs is reserved until it is in the bill', async () => {
  const rig = priced.billing();
  await setCap('0.5');
  const begun = await Promise.all(Array.from({ length: 6 }, begin));
  const [first, second, ...more] = begun.filter((one) => 'id' in one);
  if (!first || !second) throw new Error('not even two have begun');
  expect(more).toEqual([]);
  expect(begun.find((one) => 'cost' in one)).toMatchObject({
    ...{ cost: '0.18', isReserved: true },
    standing: { cap: '0.5', spent: '0', reserved: '0.36', currency: 'USD', resetsAt: Date.UTC(2026, 11) },
  });
  expect(await standing()).toEqual(['0', '0.36']);
  await hear(second);
  expect(await standing()).toEqual(['0', '0.18']);
  await hear(first, 22 * MINUTE_MS);
  expect(await standing()).toEqual(['0', '0.18']);
  await priced.underLease((tx) => takeBuilds(tx, rig.things, priced.clock.now()));
  expect(await standing()).toEqual(['0', '0.18']);
  await rig.fold(priced.lease, [of]);
  expect(await standing()).toEqual(['0.12', '0']);
  // what is heard again changes nothing
  await hear(first, 25 * MINUTE_MS);
  expect(await standing()).toEqual(['0.12', '0']);
  expect([await hasBegun(), await hasBegun(), await hasBegun()]).toEqual([true, true, false]);
  await setCap('0.659999');
  expect(await hasBegun()).toBe(false);
  await setCap('0.66');
  expect([await hasBegun(), await hasBegun()]).toEqual([true, false]);
});

it('what builds may cost is not allowed to a gateway, and what a gateway may spend not to a build', async () => {
  await setCap('0.5');
  expect(await hasBegun()).toBe(true);
  const { organizationId, gatewayId } = of;
  const ask = (need: string, asked: number): Promise<string> => {
    const who = { gatewayId, incarnation: 'first', asked, organizationId };
    const wish = { keep: '0', need, slack: '0', revisions: [], records: [] };
    return priced.database.db.asSystem(
      async (tx) => (await allow(tx, { schemaVersion: 1, ...who, ...wish }, priced.clock.now())).allowance,
    );
  };
  expect(await ask('400000000000', 1)).toBe('320000000000');
  expect(await begin()).toMatchObject({ isReserved: true, standing: { reserved: '0.5' } });
  expect(await ask('140000000001', 2)).toBe('140000000001');
  expect(await hasBegun()).toBe(false);
  expect(await ask('140000000000', 3)).toBe('140000000000');
  expect(await hasBegun()).toBe(true);
});

it('where the cap cannot be kept no build begins, nor where it is less than one; without a cap each does', async () => {
  expect(await hasBegun()).toBe(true);
  // one that ran when the cap was set is reserved too
  await setCap('0.35');
  expect(await begin()).toMatchObject({ isReserved: true, standing: { reserved: '0.18' } });
  await setCap('0.17');
  expect(await begin()).toMatchObject({ isReserved: false });
  await priced.database.query(`UPDATE caps SET currency = 'EUR', amount = 9 WHERE organization_id = $1`, [
    of.organizationId,
  ]);
  expect(await begin()).toMatchObject({ isReserved: true, standing: { cap: '9' } });
});
