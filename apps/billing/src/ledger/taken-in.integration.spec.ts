import { STREAMS, ensureHubTopology, usageSubject } from '#libs/bus';
import { SteppedClock, testDatabase, testNats, until, type TestDatabase, type TestNats } from '#libs/testing';
import { TakenInWatch } from './taken-in.watch.js';

let nats: TestNats;
let database: TestDatabase;
const clock = new SteppedClock(1_000);

beforeAll(async () => {
  [nats, database] = [await testNats(), await testDatabase()];
  await ensureHubTopology(nats.bus);
});
afterAll(() => Promise.all([nats.release(), database.drop()]));

it('knows nothing while usage is to be read again, and else up to when nothing waited', async () => {
  const watch = new TakenInWatch(database.db, nats.bus, clock);
  expect(await watch.look()).toBe(1_000);
  clock.step(5);
  await database.query('UPDATE hub SET usage_reread = true');
  expect(await watch.look()).toBe(0);
  const { streams } = await nats.bus.jsm();
  nats.bus.nc.publish(usageSubject('gw_1'), 'x');
  await until(async () => (await streams.info(STREAMS.usage)).state.messages === 1, { what: 'a message' });
  await database.query('UPDATE hub SET usage_reread = false');
  expect(await watch.look()).toBe(0);
  await streams.purge(STREAMS.usage);
  expect(await watch.look()).toBe(1_005);
});
