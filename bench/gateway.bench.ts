/**
 * The gateway's data path: Envoy with our full chain against stock Envoy with the same log and flush, one worker each,
 * and 1,000 hosts against 10. Goals: issue 3 section 6. `npm run bench gateway`.
 */
import path from 'node:path';
import { temporaryFolder } from '#libs/testing';
import { envoyVariant, printEnvoys } from './envoy.slices.js';
import { hostsOf, startOurs, startStock } from './envoys.js';
import type { Edge } from './envoys.js';
import { Generator, startUpstream } from './load/processes.js';
import { cpuRatio, interleave, pin, print, rateRatio, verdict } from './protocol.js';
import type { Rounds, Variant } from './protocol.js';

const ROUNDS = Number(process.env['BENCH_ROUNDS'] ?? 25);

const folder = temporaryFolder();
/** The system under test has core 0 to itself; what drives it has core 1. */
const pinned = pin(process.pid, 1);
const upstream = await startUpstream();
const generator = new Generator();
const few = hostsOf(10);
const many = hostsOf(1_000);
const edges: Edge[] = [];
const edge = async (name: string, start: (inside: string) => Promise<Edge>): Promise<[string, Edge]> => {
  const started = await start(path.join(folder.path, name));
  edges.push(started);
  pin(started.pid, 0);
  return [name, started];
};

try {
  const ours = await edge('ours', (inside) => startOurs(inside, few, upstream.port));
  const wide = await edge('ours, 1,000 hosts', (inside) => startOurs(inside, many, upstream.port));
  const stock = await edge('stock', (inside) => startStock(inside, few, upstream.port, true));
  const stockWide = await edge('stock, 1,000 hosts', (inside) =>
    startStock(inside, many, upstream.port, true),
  );
  const bare = await edge('stock without log', (inside) => startStock(inside, few, upstream.port, false));
  const variants = [
    variant(ours, few),
    variant(wide, many),
    variant(stock, few),
    variant(stockWide, many),
    variant(bare, few),
    { ...variant(stock, few), name: 'stock again' },
  ];
  report(await interleave(variants, ROUNDS));
} finally {
  await Promise.all([...edges.map((one) => one.stop()), generator.stop(), upstream.stop()]);
  folder.remove();
}

function variant([name, one]: [string, Edge], hosts: string[]): Variant {
  const log = name === 'stock without log' ? {} : { log: path.join(folder.path, name, 'envoy.log') };
  return envoyVariant(name, one, { generator, hosts, ...log });
}

function report(rounds: Rounds): void {
  printEnvoys(`gateway: ${ROUNDS} rounds${pinned ? '' : ', not pinned'}`, rounds);
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
