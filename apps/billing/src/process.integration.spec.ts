import { rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { usageBatchSchema, usageSubject } from '#libs/bus';
import {
  billOf,
  BUILTIN_PLAN,
  RELEASABLE,
  foldRecords,
  monthOf,
  monthSpan,
  type UsageRecord,
} from '#libs/domain';
import {
  Health,
  Metrics,
  createApplication,
  createLogger,
  loadConfig,
  systemClock,
  systemRandom,
} from '#libs/process';
import { releaseQuarantine, usageByDay } from '#libs/store';
import {
  makeUsedRevision,
  seededRandom,
  temporaryFolder,
  testDatabase,
  testNats,
  until,
  usageOf,
  type TestDatabase,
  type TestNats,
  type UsedRevision,
} from '#libs/testing';
import { billingConfigSchema } from './billing.config.js';
import { billingModule } from './billing.module.js';

let database: TestDatabase;
let nats: TestNats;
const folder = temporaryFolder();
const credsFile = path.join(folder.path, 'hub.creds');
const masterKeyFile = path.join(folder.path, 'master.key');

beforeAll(async () => {
  [database, nats] = await Promise.all([testDatabase(), testNats()]);
  writeFileSync(credsFile, await nats.credentials('billing'));
  writeFileSync(masterKeyFile, '7'.repeat(64));
});
afterAll(async () => {
  await Promise.all([database.drop(), nats.release()]);
  rmSync(credsFile);
  rmSync(masterKeyFile);
  folder.remove();
});

interface Running {
  app: NestFastifyApplication;
  health: Health;
  metrics: Metrics;
}

/** The whole process, without its port. */
async function start(): Promise<Running> {
  const config = loadConfig(billingConfigSchema, {
    TOWPATH_SYSTEM_DATABASE_URL: database.systemUrl,
    NATS_URL: nats.url,
    TOWPATH_NATS_CREDS: credsFile,
    TOWPATH_MASTER_KEY_FILE: masterKeyFile,
  });
  const [health, metrics] = [new Health(), new Metrics()];
  const logger = createLogger('billing', 'silent');
  const parts = { logger, clock: systemClock, random: systemRandom, health, metrics };
  const options = { name: 'billing', schema: billingConfigSchema, module: billingModule };
  const app = await createApplication(options, config, parts);
  await app.init();
  return { app, health, metrics };
}

const send = (of: UsedRevision, records: UsageRecord[]): Promise<unknown> =>
  nats.bus.publish(usageSubject(of.gatewayId), usageBatchSchema, { schemaVersion: 1, records });

/** Blocks billed so far; waits until everything sent is folded. */
async function billed(of: UsedRevision, requests: number): Promise<{ blocks: bigint; total: string }> {
  const month = monthOf(Date.now());
  const { startMs: fromMs, endMs: toMs } = monthSpan(month);
  return until(
    async () => {
      const days = await database.db.inTenant(of.organizationId, (tx) =>
        usageByDay(tx, { organizationId: of.organizationId, fromMs: fromMs - 86_400_000, toMs }),
      );
      const counted = days.reduce((sum, day) => sum + day.requests, 0n);
      if (counted !== BigInt(requests)) return undefined;
      const blocks = days.reduce((sum, day) => sum + day.blocks, 0n);
      return { blocks, total: billOf(month, [{ plan: BUILTIN_PLAN, days }]).total };
    },
    { what: `${requests} requests on the bill`, deadlineMs: 30_000 },
  );
}

it('takes usage in from the stream, folds it, and goes on where it stopped', async () => {
  const of = await makeUsedRevision((sql, values) => database.query(sql, values), seededRandom(3), {
    concurrency: 1,
    maxInstances: 10,
    timeoutSeconds: 300,
  });
  const now = Date.now() - 30_000;
  const records = Array.from({ length: 300 }, (_, i) =>
    usageOf(of, i, { startMs: now + i * 61, endMs: now + i * 61 + 40 + (i % 7) * 50 }),
  );
  const blocks = (list: UsageRecord[]): bigint =>
    [...foldRecords(list, { concurrency: 1, maxInstances: 10 }).values()].reduce(
      (sum, w) => sum + w.blocks,
      0n,
    );

  let running = await start();
  await send(of, records.slice(0, 100));
  expect((await billed(of, 100)).blocks).toBe(blocks(records.slice(0, 100)));
  expect(running.health.report().parts).toMatchObject({ intake: { ok: true }, fold: { ok: true } });
  expect(await running.metrics.registry.metrics()).toContain(
    'towpath_billing_records_total{result="stored"} 100',
  );
  await running.app.close();

  await send(of, records.slice(50, 200));
  await send(of, records.slice(100, 300));
  running = await start();
  const second = await start();
  const { blocks: got, total } = await billed(of, 300);
  expect(got).toBe(blocks(records));
  expect(total).toMatch(/^0\.0\d+$/);
  const [{ n } = { n: -1 }] = await database.query<{ n: number }>(
    'SELECT count(*)::int AS n FROM usage_records',
  );
  expect(n).toBe(300);
  await Promise.all([running.app.close(), second.app.close()]);
  const leases = await database.query<{ owners: number }>(
    'SELECT count(DISTINCT owner)::int AS owners FROM leases',
  );
  expect(leases[0]?.owners).toBeGreaterThan(0);
}, 60_000);

it('takes in what an operator released from quarantine', async () => {
  const of = await makeUsedRevision((sql, values) => database.query(sql, values), seededRandom(4), {
    concurrency: 1,
    maxInstances: 10,
    timeoutSeconds: 300,
  });
  const startMs = Date.now() - 30_000;
  const record = usageOf(of, 0, { startMs, endMs: startMs + 40 }, { gatewayId: 'gw_zzzzzzzzzzzzzzzzzzzz' });
  const { app, metrics } = await start();
  await send(of, [record]);
  const which = { organizationId: of.organizationId, reasons: RELEASABLE, limit: 10 };
  const by = { actorId: 'key_operator', now: Date.now() };
  await until(
    async () =>
      (await database.db.inTenant(of.organizationId, (tx) => releaseQuarantine(tx, which, by))).length === 1,
    { what: 'the record in quarantine, and released', deadlineMs: 30_000 },
  );
  expect((await billed(of, 1)).blocks).toBe(1n);
  await until(
    async () =>
      (await metrics.registry.metrics()).includes('towpath_billing_released_total{outcome="stored"} 1'),
    { what: 'the release counted', deadlineMs: 30_000 },
  );
  await app.close();
}, 120_000);
