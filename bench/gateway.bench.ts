/**
 * The gateway's data path: Envoy with our full chain against stock Envoy with the same log and flush, one worker each,
 * and 1,000 hosts against 10. Goals: issue 3 section 6. `npm run bench gateway`.
 */
import { EnvoyBed } from './envoy.bed.js';
import { printEnvoys } from './envoy.slices.js';
import { hostsOf, startOurs, startStock } from './envoys.js';
import { cpuRatio, interleave, print, rateRatio, verdict } from './protocol.js';
import type { Rounds, Variant } from './protocol.js';

const ROUNDS = Number(process.env['BENCH_ROUNDS'] ?? 25);

const few = hostsOf(10);
const many = hostsOf(1_000);
const bed = await EnvoyBed.start();

try {
  const stocked = await stock('stock', few);
  const variants = [
    await ours('ours', few),
    await ours('ours, 1,000 hosts', many),
    stocked,
    await stock('stock, 1,000 hosts', many),
    await stock('stock without log', few, false),
    { ...stocked, name: 'stock again' },
  ];
  report(await interleave(variants, ROUNDS));
} finally {
  await bed.stop();
}

function ours(name: string, hosts: string[]): Promise<Variant> {
  return bed.variant(name, hosts, (inside, upstream) => startOurs(inside, hosts, upstream));
}

function stock(name: string, hosts: string[], logs = true): Promise<Variant> {
  return bed.variant(name, hosts, (inside, upstream) => startStock(inside, hosts, upstream, logs), logs);
}

function report(rounds: Rounds): void {
  printEnvoys(bed.about(`gateway: ${ROUNDS} rounds`), rounds);
  const control = rateRatio(rounds, 'stock again', 'stock');
  const lines: [string, string, string, number | undefined][] = [
    ['full chain / stock with the same log', 'ours', 'stock', 0.85],
    ['1,000 hosts / 10 hosts', 'ours, 1,000 hosts', 'ours', 0.95],
    ['stock: 1,000 hosts / 10 hosts', 'stock, 1,000 hosts', 'stock', undefined],
    ['full chain / stock without log', 'ours', 'stock without log', undefined],
    ['stock with log / without', 'stock', 'stock without log', undefined],
  ];
  console.log(`  control: ${print(control)}, by CPU ${print(cpuRatio(rounds, 'stock again', 'stock'))}`);
  for (const [title, one, other, goal] of lines) {
    const measured = rateRatio(rounds, one, other);
    const said = goal === undefined ? '' : `  ${verdict(control, measured, goal)}`;
    console.log(`  ${title}: ${print(measured)}${said}`);
    console.log(`    by CPU: ${print(cpuRatio(rounds, one, other))}`);
  }
}
