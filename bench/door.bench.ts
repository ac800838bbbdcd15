/**
 * Gateway and door, as Envoys with their real configurations and certificates, against two stock Envoys in their places: what
 * `knative-requests` asks of a cluster, without one and without metering. Printed by rate and CPU, with the goal of issue 5 section 7.
 * `npm run bench door`.
 */
import { startPair, startStockPair } from './door.pair.js';
import { EnvoyBed, type StartEdge } from './envoy.bed.js';
import { printEnvoys } from './envoy.slices.js';
import { hostsOf } from './envoys.js';
import { cpuRatio, interleave, print, rateRatio, verdict } from './protocol.js';

const ROUNDS = Number(process.env['BENCH_ROUNDS'] ?? 25);
const GOAL = 0.9;

const hosts = hostsOf(10);
const pair =
  (start: typeof startPair): StartEdge =>
  (inside, upstream) =>
    start(inside, hosts, upstream);
const bed = await EnvoyBed.start();

try {
  const ours = await bed.variant('gateway and door', hosts, pair(startPair));
  const stock = await bed.variant('two stock Envoys', hosts, pair(startStockPair));
  const again = { ...stock, name: 'two stock Envoys again' };
  const rounds = await interleave([ours, stock, again], ROUNDS);
  printEnvoys(bed.about(`gateway and door: ${ROUNDS} rounds`), rounds);
  const [control, byCpu] = [rateRatio, cpuRatio].map((of) => of(rounds, again.name, stock.name));
  if (!control || !byCpu) throw new Error('nothing was measured');
  const measured = rateRatio(rounds, ours.name, stock.name);
  console.log(`  control: ${print(control)}, by CPU ${print(byCpu)}`);
  console.log(
    `  gateway and door / two stock Envoys: ${print(measured)}  ${verdict(control, measured, GOAL)}`,
  );
  console.log(`    by CPU: ${print(cpuRatio(rounds, ours.name, stock.name))}`);
} finally {
  await bed.stop();
}
