import { BILLING_CONSUMER, STREAMS, ensureHubTopology, instancesSubject, usageSubject } from '#libs/bus';
import { Health, Metrics, createLogger } from '#libs/process';
import { testNats, until, type TestNats } from '#libs/testing';
import { BillingMetrics } from './billing.metrics.js';
import { LagWatch } from './lag.watch.js';

let nats: TestNats;
const health = new Health();
const metrics = new Metrics();

beforeAll(async () => {
  nats = await testNats();
  await ensureHubTopology(nats.bus);
});
afterAll(() => nats.release());

const said = (): { ok: boolean; message: string } | undefined => health.report().parts['lag'];
const waits = async (name: string, count: number): Promise<boolean> =>
  new RegExp(`^towpath_billing_pending_${name}(?:\\{[^}]*\\})? ${count}$`, 'm').test(
    await metrics.registry.metrics(),
  );

it('says how many messages of both streams wait, and when a full one may drop what waits', async () => {
  const jsm = await nats.bus.jsm();
  const logger = createLogger('test', 'silent');
  const watch = new LagWatch(nats.bus, new BillingMetrics(metrics), health, logger);
  watch.start();
  try {
    await until(() => said()?.ok, { what: 'that it is well' });
    nats.bus.nc.publish(usageSubject('gw_1'), 'x');
    for (let n = 0; n < 9; n += 1) nats.bus.nc.publish(instancesSubject('cls_1'), 'x'.repeat(10_000));
    await until(async () => (await waits('messages', 1)) && waits('instance_messages', 9), {
      what: 'that it counts what waits',
      deadlineMs: 30_000,
    });
    expect(said()).toEqual({ ok: true, message: '' });
    await jsm.streams.update(STREAMS.instances, { max_bytes: 100_000 });
    await until(() => said()?.ok === false, { what: 'that it says so', deadlineMs: 30_000 });
    expect(said()?.message).toMatch(/^stream INSTANCES is 9\d % full of messages that wait$/);
    const taking = nats.bus.follow(STREAMS.instances, BILLING_CONSUMER, () => Promise.resolve());
    await until(() => said()?.ok, { what: 'that it is well again', deadlineMs: 30_000 });
    await taking.stop();
    nats.bus.nc.publish(instancesSubject('cls_1'), 'x');
    await until(() => waits('instance_messages', 1), { what: 'that one waits', deadlineMs: 30_000 });
    await until(() => said()?.ok, { what: 'that it is well again', deadlineMs: 30_000 });
  } finally {
    await watch.stop();
  }
}, 120_000);
