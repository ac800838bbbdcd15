import { newId } from '#libs/domain';
import { makeUsedRevision, seededRandom, testDatabase, testDigest, type TestDatabase } from '#libs/testing';
import { endBuild, lockAskedBuild, saveBuild } from './build.store.js';
import { lockGeneration } from './service-status.store.js';

const T0 = Date.UTC(2026, 10, 23, 9);
const random = seededRandom(270);

let database: TestDatabase;
beforeAll(async () => {
  database = await testDatabase();
});
afterAll(() => database.drop());

it('is ended by who holds it while a pass holds its service and waits for it', async () => {
  const shape = { concurrency: 1, maxInstances: 1, timeoutSeconds: 300 };
  const of = await makeUsedRevision((sql, values) => database.query(sql, values), random, shape);
  const { organizationId, projectId, serviceId } = of;
  const [id, uploadId, clusterId] = [
    newId('bld', T0, random),
    newId('upl', T0, random),
    newId('cls', T0, random),
  ];
  const uploadDigest = testDigest('a');
  await database.query(
    'INSERT INTO uploads (organization_id, id, project_id, digest, size, created_at) VALUES ($1, $2, $3, $4, 1, now())',
    [organizationId, uploadId, projectId, uploadDigest],
  );
  const build = {
    id,
    organizationId,
    projectId,
    serviceId,
    uploadId,
    uploadDigest,
    clusterId,
    createdAt: T0,
  };
  await database.db.asSystem((tx) => saveBuild(tx, { ...build, status: 'running' }));

  let pass: Promise<void> | undefined;
  await database.db.asSystem(async (tx) => {
    await lockAskedBuild(tx, id, clusterId);
    await saveBuild(tx, { ...build, status: 'succeeded', finishedAt: T0 + 1 });
    await new Promise<void>((holds, fails) => {
      pass = database.db.asSystem(async (other) => {
        await lockGeneration(other, { organizationId, id: serviceId });
        holds();
        await saveBuild(other, { ...build, status: 'running' });
      });
      pass.catch(fails);
    });
    await endBuild(tx, build);
  });
  await pass;
  const [row] = await database.query('SELECT status, may_cost FROM builds WHERE id = $1', [id]);
  expect(row).toEqual({ status: 'succeeded', may_cost: false });
});
