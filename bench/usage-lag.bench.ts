/**
 * From the end of a request to its place in the bill: Envoy's log line, the gateway's spool, JetStream, billing's intake and
 * fold, as a process of its own. First as fast as it goes, then open loop at half of that. Goal: issue 6 section 7.
 * `npm run bench usage-lag`.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { ensureHubTopology } from '#libs/bus';
import {
  makeUsedRevision,
  seededRandom,
  temporaryFolder,
  testDatabase,
  testNats,
  until,
  type UsedRevision,
} from '#libs/testing';
import { hubEnvironment } from './hub.bed.js';
import { startApp } from './load/processes.js';
import { cpuOf, judged, pin, quantile } from './protocol.js';
import { SpoolGateway } from './spool.gateway.js';

const SECONDS = Number(process.env['BENCH_LAG_SECONDS'] ?? 30);
const BURST = Number(process.env['BENCH_LAG_BURST'] ?? 50_000);
const ORGANIZATIONS = 8;
const GOAL_MS = 2_000;
/** As often as Envoy writes its log. */
const FLUSH_MS = 20;
/** How often the bill is asked: so much a lag may be shown too long. */
const LOOK_MS = 50;
const DEADLINE_MS = 120_000;
const LEAST_SAMPLES = 10_000;

const [database, nats] = await Promise.all([testDatabase(), testNats()]);
const folder = temporaryFolder();
const stops: (() => Promise<unknown> | void)[] = [];

/** When requests of each organization ended, in their order; counted ones are before `counted`. */
class Ended {
  private readonly at: number[] = [];
  private counted = 0;
  readonly lags: number[] = [];

  add(endMs: number): void {
    this.at.push(endMs);
  }

  /** The bill has so many of them at `now`. */
  see(count: number, now: number): void {
    for (; this.counted < count; this.counted += 1) this.lags.push(now - (this.at[this.counted] ?? now));
  }
}

try {
  await ensureHubTopology(nats.bus);
  const of: UsedRevision[] = [];
  const shape = { concurrency: 80, maxInstances: 100, timeoutSeconds: 300 };
  for (let i = 1; i <= ORGANIZATIONS; i++)
    of.push(await makeUsedRevision((sql, values) => database.query(sql, values), seededRandom(i), shape));
  const billing = await startApp('billing', await hubEnvironment(database, nats, folder.path));
  stops.push(() => billing.stop());
  pin(billing.pid, 0);
  pin(process.pid, 1);
  const gateway = await SpoolGateway.start(folder.path, nats.bus, (of[0] as UsedRevision).gatewayId);
  stops.push(() => gateway.stop());

  const counts = async (): Promise<Map<string, number>> => {
    const rows = await database.query<{ id: string; requests: number }>(
      `SELECT organization_id AS id, sum(requests)::float8 AS requests FROM billing_windows GROUP BY 1`,
    );
    return new Map(rows.map(({ id, requests }) => [id, requests]));
  };
  const all = async (): Promise<number> =>
    [...(await counts()).values()].reduce((sum, each) => sum + each, 0);
  const counted = (count: number): Promise<unknown> =>
    until(async () => (await all()) >= count, {
      what: `${count} requests in the bill`,
      deadlineMs: DEADLINE_MS,
    });
  const many = (count: number): UsedRevision[] =>
    Array.from({ length: count }, (_one, i) => of[i % of.length] as UsedRevision);

  gateway.end(many(ORGANIZATIONS));
  await counted(ORGANIZATIONS);
  const began = performance.now();
  gateway.end(many(BURST));
  await counted(BURST + ORGANIZATIONS);
  const most = (BURST * 1_000) / (performance.now() - began);
  const rate = most / 2;

  const before = await counts();
  const ended = new Map(of.map(({ organizationId }) => [organizationId as string, new Ended()]));
  const look = async (): Promise<void> => {
    const now = await counts();
    const at = Date.now();
    for (const [id, count] of now) ended.get(id)?.see(count - (before.get(id) ?? 0), at);
  };
  let running = true;
  const looking = (async () => {
    while (running) await Promise.all([look(), pause(LOOK_MS)]);
  })();
  const cpu = cpuOf(billing.pid);
  const start = performance.now();
  let sent = 0;
  for (let turn = 1; turn * FLUSH_MS <= SECONDS * 1_000; turn += 1) {
    await pause(Math.max(0, start + turn * FLUSH_MS - performance.now()));
    const due = Math.floor((rate * turn * FLUSH_MS) / 1_000) - sent;
    const batch = Array.from({ length: due }, (_one, i) => of[(sent + i) % of.length] as UsedRevision);
    const at = gateway.end(batch);
    for (const { organizationId } of batch) ended.get(organizationId)?.add(at);
    sent += due;
  }
  await counted(sent + BURST + ORGANIZATIONS);
  await look();
  running = false;
  await looking;
  const micros = (cpuOf(billing.pid) - cpu) / sent;
  const lags = [...ended.values()].flatMap((one) => one.lags).toSorted((a, b) => a - b);
  if (lags.length !== sent) throw new Error(`${lags.length} of ${sent} requests were counted`);
  const p = (share: number): string => `${Math.round(quantile(lags, share))} ms`;
  const isEnough = lags.length >= LEAST_SAMPLES;
  const said = isEnough
    ? judged(quantile(lags, 0.99) < GOAL_MS)
    : `void: fewer than ${LEAST_SAMPLES} requests`;
  console.log(
    `usage lag, request end -> counted, at half of ${Math.round(most)} requests/s (a burst of ${BURST})`,
  );
  console.log(`  p50 ${p(0.5)}, p99 ${p(0.99)}, max ${p(1)}  ${said} (goal p99 < ${GOAL_MS} ms)`);
  console.log(
    `  ${sent} requests of ${ORGANIZATIONS} organizations in ${SECONDS} s, looked at every ${LOOK_MS} ms; billing's CPU ${micros.toFixed(1)} us a request`,
  );
} finally {
  for (const stop of stops.reverse()) await stop();
  await Promise.all([database.drop(), nats.release()]);
  folder.remove();
}
process.exit();
