/**
 * The gateway's data path: Envoy with our full chain against stock Envoy with the same log and flush, one worker each,
 * and 1,000 hosts against 10. Goals: issue 3 section 6. `npm run bench gateway`.
 */
import { truncateSync } from 'node:fs';
import path from 'node:path';
import { temporaryFolder } from '#libs/testing';
import { hostsOf, startOurs, startStock } from './envoys.js';
import type { Edge } from './envoys.js';
import { Generator, startUpstream } from './load/processes.js';
import {
  cpuOf,
  cpuPerOperation,
  cpuRatio,
  interleave,
  pin,
  print,
  rateRatio,
  slicesOf,
  spread,
  verdict,
} from './protocol.js';
import type { Rounds, Variant } from './protocol.js';

const ROUNDS = Number(process.env['BENCH_ROUNDS'] ?? 25);
const SLICE_MS = 700;
const CONNECTIONS = 16;

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

function variant([name, { port, pid }]: [string, Edge], hosts: string[]): Variant {
  return {
    name,
    slice: async () => {
      const before = cpuOf(pid);
      const { requests, errors } = await generator.run({
        port,
        requests: hosts.map((host) => `GET / HTTP/1.1\r\nhost: ${host}\r\nuser-agent: bench\r\n\r\n`),
        connections: CONNECTIONS,
        millis: SLICE_MS,
      });
      if (errors > 0) throw new Error(`${name}: ${errors} requests failed`);
      if (name !== 'stock without log')
        truncateSync(path.join(folder.path, name.replace(' again', ''), 'envoy.log'));
      return { operations: requests, seconds: SLICE_MS / 1_000, cpuMicros: cpuOf(pid) - before };
    },
  };
}

function report(rounds: Rounds): void {
  console.log(
    `gateway: ${ROUNDS} rounds of ${SLICE_MS} ms, ${CONNECTIONS} connections, one worker each${pinned ? '' : ', not pinned'}`,
  );
  for (const name of rounds.keys()) {
    const slices = slicesOf(rounds, name);
    const rate = spread(slices.map(({ operations, seconds }) => operations / seconds)).median;
    const cpu = spread(slices.map(cpuPerOperation)).median;
    console.log(
      `  ${name.padEnd(20)} ${rate.toFixed(0).padStart(7)} requests/s  ${cpu.toFixed(1).padStart(6)} us CPU a request`,
    );
  }
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
