/**
 * What sleeping services cost the hub: what each of its processes holds after a full collection of garbage, with few services
 * and with many. They are made through the api, brought to rest by the deployer, served by Envoy, read once and used once.
 * Goal: at most 2 MiB for 1,000 in the hub together (issue 4 section 7); a gateway's process is told beside it. `npm run bench
 * memory`.
 */
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { ensureGatewayTopology, gatewayPermissions, usageBatchSchema, usageSubject } from '#libs/bus';
import { newId, type Id, type UsageRecord } from '#libs/domain';
import { systemRandom } from '#libs/process';
import { freePorts, startEnvoy, until, usageOf } from '#libs/testing';
import { gatewayEnvironment, startJoining } from '../apps/gateway/src/testing/lab.js';
import { UNCAPPED, makeService, makeTenant, type BenchTenant } from './api.bed.js';
import { startHubBed } from './hub.bed.js';
import { startApp } from './load/processes.js';
import { retainedMiB } from './load/retained.js';
import { judged } from './protocol.js';

const FEW = Number(process.env['BENCH_FEW_SERVICES'] ?? 500);
const MANY = Number(process.env['BENCH_SERVICES'] ?? 2_500);
const GOAL_MIB = 2;
const GATEWAY = 'gateway process';
const TENANTS = 10;
const AT_ONCE = 8;
const DEADLINE_MS = 600_000;
const RECORDS_A_MESSAGE = 100;

const bed = await startHubBed(UNCAPPED, { gateway: false, inspected: true });
const stops: (() => Promise<unknown>)[] = [];
try {
  const ports = new Map<string, number>(
    Object.entries(bed.apps).map(([app, { inspectPort }]) => [app, inspectPort]),
  );
  ports.set('identity', await startIdentity());
  ports.set(GATEWAY, await startGateway());
  const tenants = await Promise.all(
    Array.from({ length: TENANTS }, (_one, index) => makeTenant(bed.database, `tenant${index}`)),
  );
  await grow(tenants, 0, FEW);
  const few = await held(ports);
  await grow(tenants, FEW, MANY);
  const many = await held(ports);
  const slope = (name: string): number =>
    (((many.get(name) ?? 0) - (few.get(name) ?? 0)) * 1_000) / (MANY - FEW);
  const sum = (names: string[]): number => names.reduce((total, name) => total + slope(name), 0);
  console.log(`memory: ${FEW} to ${MANY} sleeping services, retained after collection`);
  for (const name of ports.keys())
    console.log(
      `  ${name.padEnd(16)} ${(few.get(name) ?? 0).toFixed(1)} to ${(many.get(name) ?? 0).toFixed(1)} MiB, for 1,000 services ${slope(name).toFixed(2)} MiB`,
    );
  const hub = sum([...ports.keys()].filter((name) => name !== GATEWAY));
  for (const [what, mib] of [
    ['the hub', hub],
    [`the hub and the ${GATEWAY}`, hub + slope(GATEWAY)],
  ] as const)
    console.log(
      `  ${what}, for 1,000 services ${mib.toFixed(2)} MiB  ${judged(mib <= GOAL_MIB)} (goal ${GOAL_MIB} MiB)`,
    );
} finally {
  for (const stop of stops.reverse()) await stop();
  await bed.stop();
}

async function held(ports: Map<string, number>): Promise<Map<string, number>> {
  const found = new Map<string, number>();
  for (const [name, port] of ports) found.set(name, await retainedMiB(port));
  return found;
}

/** Makes services until there are so many, and waits until all rest. */
async function grow(tenants: BenchTenant[], from: number, to: number): Promise<void> {
  const names = Array.from({ length: to - from }, (_one, index) => from + index);
  const tenantOf = (index: number): BenchTenant => tenants[index % TENANTS] as BenchTenant;
  await eachOf(names, (index) => makeService(bed.apps.api, tenantOf(index), `service${index}`));
  await until(async () => (await count('operations WHERE finished_at IS NULL')) === 0, {
    what: 'the ends of all deploys',
    deadlineMs: DEADLINE_MS,
  });
  const failed = await count(`operations WHERE status <> 'succeeded'`);
  if (failed > 0) throw new Error(`${failed} deploys failed`);
  await eachOf(names, (index) => read(tenantOf(index), `service${index}`));
  await use(to);
}

async function read({ project, key }: BenchTenant, name: string): Promise<void> {
  const url = `http://127.0.0.1:${bed.apps.api.port}/v1/projects/${project}/services/${name}`;
  const answer = await fetch(url, { headers: { authorization: `Bearer ${key}` } });
  await answer.arrayBuffer();
  if (!answer.ok) throw new Error(`a service was answered with ${answer.status}`);
}

/** One request of each service, taken in and folded. */
async function use(services: number): Promise<void> {
  const rows = await bed.database.query<{ org: Id<'org'>; prj: Id<'prj'>; svc: Id<'svc'>; rev: Id<'rev'> }>(
    'SELECT organization_id AS org, project_id AS prj, service_id AS svc, id AS rev FROM revisions ORDER BY id',
  );
  const startMs = Date.now();
  const place = { gatewayId: bed.standIns.gatewayId, producer: newId('spl', startMs, systemRandom) };
  const records = rows.map(({ org, prj, svc, rev }, index): UsageRecord => {
    const of = { ...place, organizationId: org, projectId: prj, serviceId: svc, revisionId: rev };
    return usageOf(of, index * 400, { startMs, endMs: startMs + 50 });
  });
  for (let at = 0; at < records.length; at += RECORDS_A_MESSAGE) {
    const batch = { schemaVersion: 1 as const, records: records.slice(at, at + RECORDS_A_MESSAGE) };
    await bed.nats.bus.publish(usageSubject(place.gatewayId), usageBatchSchema, batch);
  }
  const folded = async (): Promise<boolean> =>
    (await count('(SELECT DISTINCT service_id FROM billing_windows) AS used')) === services &&
    (await count('billing_dirty_windows')) === 0;
  await until(folded, { what: 'the folding of all usage', deadlineMs: DEADLINE_MS });
}

async function count(of: string): Promise<number> {
  const [row] = await bed.database.query<{ n: number }>(`SELECT count(*)::int AS n FROM ${of}`);
  return row?.n ?? 0;
}

async function eachOf(items: readonly number[], work: (item: number) => Promise<void>): Promise<void> {
  const left = [...items];
  const lane = async (): Promise<void> => {
    for (let item = left.shift(); item !== undefined; item = left.shift()) await work(item);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, lane));
}

async function startIdentity(): Promise<number> {
  const [inspectPort = 0] = await freePorts(1);
  const seed = path.join(bed.folder, 'account.seed');
  writeFileSync(seed, bed.nats.accountSeed);
  const env = {
    ...bed.env,
    TOWPATH_NATS_ACCOUNT_SEED_FILE: seed,
    TOWPATH_BOOTSTRAP_FILE: path.join(bed.folder, 'bootstrap.json'),
  };
  const identity = await startApp('identity', env, inspectPort);
  stops.push(() => identity.stop());
  return inspectPort;
}

/** A gateway's process with its Envoy. */
async function startGateway(): Promise<number> {
  const { nats, folder, standIns } = bed;
  const [listen = 0, xds = 0, admin = 0, inspectPort = 0] = await freePorts(4);
  const id = standIns.gatewayId;
  await ensureGatewayTopology(nats.bus, id);
  const joining = await startJoining(await nats.credentials(id, gatewayPermissions(id)), id, nats.url);
  stops.push(() => joining.close());
  writeFileSync(path.join(folder, 'token'), 'once');
  const gateway = await startApp(
    'gateway',
    gatewayEnvironment(folder, { listen, xds, admin }, joining.url),
    inspectPort,
  );
  stops.push(() => gateway.stop());
  const envoy = startEnvoy({ bootstrap: path.join(folder, 'envoy.json'), adminPort: admin });
  stops.push(() => envoy.stop());
  return inspectPort;
}
