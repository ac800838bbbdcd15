/**
 * Gateway and door, as Envoys with their real configurations and certificates, against two stock Envoys in their places: what
 * `knative-requests` asks of a cluster, without one and without metering. Printed by rate and CPU, with the goal of issue 5 section 7.
 * `npm run bench door`.
 */
import path from 'node:path';
import { temporaryFolder } from '#libs/testing';
import { startPair, startStockPair } from './door.pair.js';
import { envoyVariant, printEnvoys } from './envoy.slices.js';
import { hostsOf, type Edge } from './envoys.js';
import { Generator, startUpstream } from './load/processes.js';
import { cpuRatio, interleave, pin, print, rateRatio, verdict } from './protocol.js';

const ROUNDS = Number(process.env['BENCH_ROUNDS'] ?? 25);
const GOAL = 0.9;

const folder = temporaryFolder();
/** The Envoys of a pair share core 0; what drives them, and what they lead to, has core 1. */
const pinned = pin(process.pid, 1);
const upstream = await startUpstream();
const generator = new Generator();
const hosts = hostsOf(10);
const edges: Edge[] = [];

try {
  const ours = await variant('gateway and door', startPair);
  const stock = await variant('two stock Envoys', startStockPair);
  const again = { ...stock, name: 'two stock Envoys again' };
  const rounds = await interleave([ours, stock, again], ROUNDS);
  printEnvoys(`gateway and door: ${ROUNDS} rounds${pinned ? '' : ', not pinned'}`, rounds);
  const [control, byCpu] = [rateRatio, cpuRatio].map((of) => of(rounds, again.name, stock.name));
  if (!control || !byCpu) throw new Error('nothing was measured');
  const measured = rateRatio(rounds, ours.name, stock.name);
  console.log(`  control: ${print(control)}, by CPU ${print(byCpu)}`);
  console.log(
    `  gateway and door / two stock Envoys: ${print(measured)}  ${verdict(control, measured, GOAL)}`,
  );
  console.log(`    by CPU: ${print(cpuRatio(rounds, ours.name, stock.name))}`);
} finally {
  await Promise.all([...edges.map((one) => one.stop()), generator.stop(), upstream.stop()]);
  folder.remove();
}

async function variant(name: string, start: typeof startPair) {
  const inside = path.join(folder.path, name.replaceAll(' ', '-'));
  const edge = await start(inside, hosts, upstream.port);
  edges.push(edge);
  for (const pid of [edge.pid, ...(edge.behind ?? [])]) pin(pid, 0);
  return envoyVariant(name, edge, { generator, hosts, log: path.join(inside, 'envoy.log') });
}
