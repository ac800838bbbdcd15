/**
 * A changed route until Envoy has acknowledged it, with 10,000 hosts in it: the whole way from the write into the bucket over
 * the gateway's process and Envoy to its word that it serves the route. Goal: p50 at most 25 ms, and nothing rebuilt (issue 4
 * section 7). Beside it: one write into the bucket until a watcher of it hears. `npm run bench routes`.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import {
  GATEWAYS_BUCKET,
  ROUTES_BUCKET,
  decode,
  ensureGatewayTopology,
  ensureHubTopology,
  gatewayPermissions,
  gatewayStatusSchema,
  routeKey,
  routeSchema,
} from '#libs/bus';
import { freePorts, startEnvoy, temporaryFolder, testNats, until } from '#libs/testing';
import { gatewayEnvironment, startJoining } from '../apps/gateway/src/testing/lab.js';
import { testBackend, testRoute } from '../apps/gateway/src/testing/routes.js';
import { hostsOf } from './envoys.js';
import { startApp } from './load/processes.js';
import { retainedMiB } from './load/retained.js';
import { judged, quantile } from './protocol.js';

const HOSTS = Number(process.env['BENCH_HOSTS'] ?? 10_000);
const CHANGES = Number(process.env['BENCH_CHANGES'] ?? 200);
const GOAL_MS = 25;
const GATEWAY = 'gw_00000000000000000001';
const DEADLINE_MS = 180_000;
const AT_ONCE = 200;

const folder = temporaryFolder();
const nats = await testNats();
const [listen, xds, admin, inspect] = (await freePorts(4)) as [number, number, number, number];
const stops: (() => Promise<unknown> | void)[] = [];
try {
  await ensureHubTopology(nats.bus);
  await ensureGatewayTopology(nats.bus, GATEWAY);
  const creds = await nats.credentials(GATEWAY, gatewayPermissions(GATEWAY));
  const joining = await startJoining(creds, GATEWAY, nats.url);
  stops.push(() => joining.close());
  writeFileSync(path.join(folder.path, 'token'), 'once');
  const environment = gatewayEnvironment(folder.path, { listen, xds, admin }, joining.url);
  const gateway = await startApp('gateway', environment, inspect);
  stops.push(() => gateway.stop());
  const envoy = startEnvoy({ bootstrap: path.join(folder.path, 'envoy.json'), adminPort: admin });
  stops.push(() => envoy.stop());
  const memory = async (): Promise<[number, number]> => [await retainedMiB(inspect), residentMiB(envoy.pid)];

  let heard = 0;
  let acknowledged = 0;
  // Not asked for in a loop: that would take the processor from what is measured.
  let news: () => void = () => undefined;
  const once = async (is: () => boolean): Promise<void> => {
    while (!is()) await new Promise<void>((resolve) => (news = resolve));
  };
  const ownKey = 'bench-echo';
  const stopStatus = await nats.bus.watchKeys(GATEWAYS_BUCKET, GATEWAY, ({ value }) => {
    if (value) acknowledged = Math.max(acknowledged, decode(gatewayStatusSchema, value).acknowledged);
    news();
  });
  const stopEcho = await nats.bus.watchKeys(GATEWAYS_BUCKET, ownKey, ({ sequence }) => {
    heard = sequence;
    news();
  });
  stops.push(stopStatus, stopEcho);

  let version = 0;
  const put = (host: string): Promise<number> => {
    version += 1;
    const share = 1 + (version % 98);
    const route = testRoute(host, version, [testBackend(1, share), testBackend(2, 100 - share)]);
    return nats.bus.putKey(ROUTES_BUCKET, routeKey(host), routeSchema, route);
  };
  const current = (sequence: number): Promise<unknown> =>
    until(() => acknowledged >= sequence, { what: `route ${sequence} in Envoy`, deadlineMs: DEADLINE_MS });
  const fill = async (hosts: string[]): Promise<void> => {
    let last = 0;
    for (let at = 0; at < hosts.length; at += AT_ONCE)
      last = Math.max(last, ...(await Promise.all(hosts.slice(at, at + AT_ONCE).map(put))));
    await current(last);
  };

  const hosts = hostsOf(HOSTS);
  await fill(hosts.slice(0, 1_000));
  const [gatewayFew, envoyFew] = await memory();
  await fill(hosts.slice(1_000));
  const [gatewayAll, envoyAll] = await memory();

  const before = await pushed(gateway.port);
  const [changes, echoes]: [number[], number[]] = [[], []];
  for (let change = 0; change < CHANGES; change += 1) {
    const host = hosts[(change * 7_919) % HOSTS] ?? '';
    const began = performance.now();
    const sequence = await put(host);
    await once(() => acknowledged >= sequence);
    changes.push(performance.now() - began);
    echoes.push(await echo());
  }
  const after = await pushed(gateway.port);

  const told = (times: number[]): string => {
    const sorted = times.toSorted((a, b) => a - b);
    const at = (share: number): string => quantile(sorted, share).toFixed(1);
    return `p50 ${at(0.5)} ms, p90 ${at(0.9)} ms, p99 ${at(0.99)} ms`;
  };
  const p50 = quantile(
    changes.toSorted((a, b) => a - b),
    0.5,
  );
  const slope = (few: number, all: number): string => (((all - few) * 1_000) / (HOSTS - 1_000)).toFixed(2);
  console.log(`routes: ${HOSTS} hosts, N ${CHANGES}`);
  console.log(
    `  change to acknowledged: ${told(changes)}  ${judged(p50 <= GOAL_MS)} (goal p50 ${GOAL_MS} ms)`,
  );
  console.log(`  bucket to watcher alone: ${told(echoes)}`);
  console.log(
    `  resources Envoy took for a change: ${((after - before) / CHANGES).toFixed(2)} (of ${HOSTS} hosts)`,
  );
  console.log(
    `  memory for 1,000 hosts: gateway's process ${slope(gatewayFew, gatewayAll)} MiB retained, Envoy ${slope(envoyFew, envoyAll)} MiB resident`,
  );

  async function echo(): Promise<number> {
    const status = { schemaVersion: 1 as const, gatewayId: GATEWAY, region: 'lab', sentAt: Date.now() };
    const began = performance.now();
    const value = { ...status, acknowledged: 0, rejected: [] };
    const sequence = await nats.bus.putKey(GATEWAYS_BUCKET, ownKey, gatewayStatusSchema, value as never);
    await once(() => heard >= sequence);
    return performance.now() - began;
  }
} finally {
  for (const stop of stops.reverse()) await stop();
  await nats.release();
  folder.remove();
}

/** Resources that Envoy has taken so far. */
async function pushed(port: number): Promise<number> {
  const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
  return [...text.matchAll(/^towpath_gateway_xds_resources_total\{[^}]*\} (\d+)/gm)].reduce(
    (sum, match) => sum + Number(match[1]),
    0,
  );
}

function residentMiB(pid: number): number {
  const kib = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return Number(kib ?? 0) / 1_024;
}
