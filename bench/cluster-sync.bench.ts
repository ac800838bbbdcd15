/**
 * A full sync of services by the agent's driver into an API server with Knative's definitions and nothing behind it (no
 * controller, no node): against a loop over the client library, and against the same writes as raw pooled requests. Then what
 * the process of the driver holds, and its CPU time, by number of services. Goals: issue 5 section 7. `npm run bench cluster-sync`.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { KubeClient, KubeConnection } from '#libs/kube';
import { startApiServer, type ApiServer } from './api.server.js';
import { logLogSlope } from './growth.js';
import type { Holding } from './load/held.services.js';
import { interleave, pin, slicesOf, spread, type Slice, type Variant } from './protocol.js';
import { report } from './report.js';
import { RawWays, clear, expectSynced, startDriver, syncByDriver, syncByLibrary } from './sync.ways.js';
import { makeSynced, writesOf, type Synced } from './synced.services.js';

const SERVICES = Number(process.env['BENCH_SERVICES'] ?? 1_000);
const ROUNDS = Number(process.env['BENCH_ROUNDS'] ?? 15);
const SIZES = [SERVICES / 4, SERVICES / 2, SERVICES];
const GOALS = { library: 4, raw: 0.7, slope: 1.1 };

const api = await startApiServer();
const connection = await KubeConnection.open(api.kubeconfig);
const client = new KubeClient(connection);
const raw = new RawWays(...serverOf(api));
try {
  // the server, which is the same for every way, may use what the client leaves of the machine
  pin(process.pid, 0);
  await measureWays();
  await measureSizes();
} finally {
  await raw.close();
  await connection.close();
  await api.stop();
}

function serverOf({ kubeconfig }: ApiServer): [server: string, token: string] {
  const { clusters, users } = JSON.parse(readFileSync(kubeconfig, 'utf8')) as {
    clusters: [{ cluster: { server: string } }];
    users: [{ user: { token: string } }];
  };
  return [clusters[0].cluster.server, users[0].user.token];
}

async function measureWays(): Promise<void> {
  const rawWay = (name: string): Variant =>
    way(
      name,
      (synced) => raw.prepare(writesOf(synced)),
      (writes) => raw.sync(writes),
    );
  const byDriver = way(
    'driver',
    (synced) => startDriver(api.kubeconfig, synced),
    ({ driver }, synced) => syncByDriver(driver, synced),
    ({ stop }) => stop(),
  );
  const byLibrary = way('client-node loop', writesOf, (groups) => syncByLibrary(api.kubeconfig, groups));
  const rounds = await interleave([byDriver, rawWay('raw'), rawWay('raw again'), byLibrary], ROUNDS);
  report(
    `full sync of ${SERVICES} services, ${ROUNDS} rounds`,
    rounds,
    ['raw again', 'raw'],
    [
      { title: '/ client-node loop', one: 'driver', other: 'client-node loop', goal: GOALS.library },
      { title: '/ raw pooled requests', one: 'driver', other: 'raw', goal: GOALS.raw },
    ],
  );
  const served = [...rounds.keys()].map((name) => {
    const each = (slicesOf(rounds, name) as Served[]).map((slice) => slice.serverMicros / slice.operations);
    return `${name} ${spread(each).median.toFixed(0)}`;
  });
  console.log(`  CPU of API server and etcd, us a service: ${served.join(', ')}`);
}

interface Served extends Slice {
  serverMicros: number;
}

/** Services that are in no cluster yet, made outside the clock and taken away outside it; everything of them must be there. */
function way<T>(
  name: string,
  prepare: (synced: Synced) => T | Promise<T>,
  work: (input: T, synced: Synced) => Promise<void>,
  end: (input: T) => Promise<void> = () => Promise.resolve(),
): Variant {
  const slice = async (): Promise<Served> => {
    const synced = makeSynced(SERVICES);
    const input = await prepare(synced);
    const [own, servers] = [process.cpuUsage(), api.cpuMicros()];
    const began = performance.now();
    await work(input, synced);
    const seconds = (performance.now() - began) / 1_000;
    const { user, system } = process.cpuUsage(own);
    const serverMicros = api.cpuMicros() - servers;
    await end(input);
    await expectSynced(client, synced);
    await clear(client, synced);
    return { operations: SERVICES, seconds, cpuMicros: user + system, serverMicros };
  };
  return { name, slice };
}

/** A new process for every size and turn: what a former one left in its heap would be counted. */
async function measureSizes(): Promise<void> {
  const TURNS = 3;
  const found = SIZES.map((size) => ({ size, holdings: [] as Holding[] }));
  for (let turn = 0; turn < TURNS; turn += 1)
    for (const { size, holdings } of found) holdings.push(await hold(size));
  console.log(`process of the driver, median of ${TURNS}`);
  for (const { size, holdings } of found) {
    const median = (of: (holding: Holding) => number): number =>
      holdings.map(of).toSorted((a, b) => a - b)[Math.floor(TURNS / 2)] ?? NaN;
    console.log(
      `  ${size} services: RSS ${median(({ rss }) => rss).toFixed(0)} MiB (${median(({ rssBefore }) => rssBefore).toFixed(0)} with none),` +
        ` retained ${median(({ retained }) => retained).toFixed(1)} MiB, ${median(({ seconds }) => seconds).toFixed(2)} s,` +
        ` ${(median(({ cpuMicros }) => cpuMicros) / size).toFixed(0)} us CPU a service`,
    );
  }
  const points = (of: (holding: Holding) => number) =>
    found.map(({ size, holdings }) => ({ size, costs: holdings.map(of) }));
  console.log(
    `  RSS: ${logLogSlope(
      points(({ rss }) => rss),
      1,
    )}`,
  );
  console.log(
    `  CPU: ${logLogSlope(
      points(({ cpuMicros }) => cpuMicros),
      GOALS.slope,
    )}`,
  );
}

async function hold(size: number): Promise<Holding> {
  const child = fork(new URL('./load/held.services.js', import.meta.url), {
    env: { ...process.env, SERVICES: String(size), KUBECONFIG: api.kubeconfig },
    execArgv: ['--expose-gc'],
  });
  const told = once(child, 'message') as Promise<[Holding]>;
  const ended = once(child, 'exit').then(([code]) => {
    throw new Error(`the process of the driver ended with ${String(code)}`);
  });
  const [holding] = await Promise.race([told, ended]);
  ended.catch(() => undefined);
  await expectSynced(client, holding.synced);
  await clear(client, holding.synced);
  return holding;
}
