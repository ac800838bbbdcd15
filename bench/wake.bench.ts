/**
 * What gateway and door add to the first request of a sleeping service when the cluster is far away, in round trips: with no
 * connection open between them, and with one. Straight to the ingress is what Knative needs by itself. Goal: issue 5 section 3.
 * `npm run bench wake`.
 */
import path from 'node:path';
import { temporaryFolder } from '#libs/testing';
import { callHost } from '../e2e/support/gateway.js';
import { startPair } from './door.pair.js';
import { hostsOf } from './envoys.js';
import { Distance } from './load/distance.js';
import { startUpstream } from './load/processes.js';
import {
  interleave,
  isValid,
  judged,
  print,
  slicesOf,
  spread,
  type Rounds,
  type Spread,
} from './protocol.js';

const ROUNDS = Number(process.env['BENCH_ROUNDS'] ?? 15);
/** Long against what two processes do on one machine. */
const ROUND_TRIP_MS = 200;
const GOAL = 2;

const folder = temporaryFolder();
const [host = ''] = hostsOf(1);
const upstream = await startUpstream();
const straight = await Distance.to(upstream.port, ROUND_TRIP_MS);
const ways: Distance[] = [straight];
const pair = await startPair(path.join(folder.path, 'pair'), [host], upstream.port, async (door) => {
  const way = await Distance.to(door, ROUND_TRIP_MS);
  ways.push(way);
  return way.port;
});
try {
  const variants = [
    { name: 'nothing open', slice: () => asked(pair.port, true) },
    { name: 'open', slice: () => asked(pair.port, false) },
    { name: 'straight', slice: () => asked(straight.port, true) },
    { name: 'straight again', slice: () => asked(straight.port, true) },
  ];
  tell(await interleave(variants, ROUNDS));
} finally {
  await pair.stop();
  for (const way of ways) await way.stop();
  await upstream.stop();
  folder.remove();
}

async function asked(port: number, cut: boolean): Promise<{ operations: number; seconds: number }> {
  if (cut) for (const way of ways) await way.cut();
  else await callHost(port, host, '/');
  const began = performance.now();
  const { status } = await callHost(port, host, '/');
  if (status !== 200) throw new Error(`an answer of ${status}`);
  return { operations: 1, seconds: (performance.now() - began) / 1_000 };
}

function tell(rounds: Rounds): void {
  const seconds = (name: string): number[] => slicesOf(rounds, name).map((slice) => slice.seconds);
  const own = seconds('straight');
  const pairs = (name: string, by: (one: number, other: number) => number): Spread =>
    spread(seconds(name).map((value, round) => by(value, own[round] ?? NaN)));
  const added = (name: string): Spread =>
    pairs(name, (one, other) => ((one - other) * 1_000) / ROUND_TRIP_MS);
  const control = pairs('straight again', (one, other) => one / other);
  const first = added('nothing open');
  console.log(`the first request to a cluster ${ROUND_TRIP_MS} ms away, ${ROUNDS} rounds`);
  console.log(`  control: straight / straight ${print(control)}`);
  console.log(
    `  round trips added, nothing open: ${print(first)}  ${isValid(control) ? judged(first.high <= GOAL) : 'void'} (goal ${GOAL})`,
  );
  console.log(`  round trips added, a connection open: ${print(added('open'))}`);
}
