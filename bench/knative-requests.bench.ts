/**
 * Requests of a warm service of a real cluster: through gateway and door, through two stock Envoys in their places, and straight
 * to Kourier. Goals: issue 5 section 7. `npm run bench knative-requests`.
 */
import { truncateSync } from 'node:fs';
import { temporaryFolder } from '#libs/testing';
import { KnativeBed, hostOf } from './knative.bed.js';
import { Cores } from './knative.cores.js';
import { openIngress, startStockPair, type Ingress } from './knative.stock.js';
import { CONNECTIONS, answers, askOf, measured, orderOf, type Way } from './knative.ways.js';
import { Generator } from './load/processes.js';
import {
  interleave,
  isValid,
  judged,
  print,
  quantile,
  spread,
  type Spread,
  type Variant,
} from './protocol.js';
import { report } from './report.js';

const ROUNDS = Number(process.env['BENCH_ROUNDS'] ?? 15);
const SLICE_MS = 2_000;
const GOALS = { stock: 0.9, p50Ms: 1, p99: 1.3 };
/** Of what the slowest way can do: the rate at which latency is looked at. */
const LOAD = 0.5;

const folder = temporaryFolder();
const bed = await KnativeBed.start();
const generator = new Generator();
const stock = await startStockPair(folder);
let ingress: Ingress | undefined;
try {
  await bed.deploy('warm', { minInstances: 1 });
  const host = await hostOf(await bed.objectOf('warm'));
  ingress = await openIngress(folder);
  const ways = {
    'gateway and door': { port: bed.tenant.platform.gatewayPort, requests: askOf(bed.tenant.host('warm')) },
    'two stock Envoys': { port: stock.port, requests: askOf(host) },
    Kourier: { ...ingress.way, requests: askOf(host) },
  };
  for (const [name, way] of Object.entries(ways)) await answers(generator, name, way);
  const cores = new Cores(generator.pid, stock.pid);
  const slowest = await measureRates(ways, cores);
  await measureLatency(ways, slowest * LOAD);
} finally {
  await ingress?.close();
  await stock.stop();
  await generator.stop();
  await bed.stop();
  folder.remove();
}

/** @returns requests a second of the slowest way whose latency is looked at */
async function measureRates(ways: Record<string, Way>, cores: Cores): Promise<number> {
  const variant = (name: string, way: Way): Variant => ({
    name,
    slice: async () => {
      const slice = await measured(generator, { name, way, cores, millis: SLICE_MS });
      truncateSync(stock.log);
      return slice;
    },
  });
  const again = variant('two stock Envoys again', ways['two stock Envoys'] as Way);
  const all = Object.entries(ways).map(([name, way]) => variant(name, way));
  const rounds = await interleave([...all, again], ROUNDS);
  report(
    `requests of a warm service, ${ROUNDS} rounds of ${SLICE_MS} ms, ${CONNECTIONS} connections${cores.told}`,
    rounds,
    ['two stock Envoys again', 'two stock Envoys'],
    [
      {
        title: 'gateway and door / two stock Envoys',
        one: 'gateway and door',
        other: 'two stock Envoys',
        goal: GOALS.stock,
      },
    ],
  );
  const rates = (name: string): number =>
    spread((rounds.get(name) ?? []).map(({ operations, seconds }) => operations / seconds)).median;
  return Math.min(rates('gateway and door'), rates('Kourier'));
}

/** At one rate that both can do, by a clock that waits for no answer. */
async function measureLatency(ways: Record<string, Way>, perSecond: number): Promise<void> {
  const taken = new Map<string, number[][]>();
  const at = (name: string, way: Way): Variant => ({
    name,
    slice: async () => {
      const { times, errors } = await generator.run({ ...orderOf(way), millis: SLICE_MS, perSecond });
      if (errors > 0) throw new Error(`${name}: ${errors} requests failed`);
      truncateSync(stock.log);
      taken.set(name, [...(taken.get(name) ?? []), times.toSorted((a, b) => a - b)]);
      return { operations: times.length, seconds: SLICE_MS / 1_000 };
    },
  });
  const [through, straight] = [ways['gateway and door'] as Way, ways['Kourier'] as Way];
  await interleave(
    [at('through', through), at('straight', straight), at('straight again', straight)],
    ROUNDS,
  );
  const of = (name: string, share: number): number[] =>
    (taken.get(name) ?? []).slice(1).map((times) => quantile(times, share));
  const pairs = (one: string, share: number, by: (a: number, b: number) => number): Spread => {
    const others = of('straight', share);
    return spread(of(one, share).map((value, round) => by(value, others[round] ?? NaN)));
  };
  const ratio = (a: number, b: number): number => a / b;
  const control = pairs('straight again', 0.5, ratio);
  const added = pairs('through', 0.5, (a, b) => a - b);
  const tail = pairs('through', 0.99, ratio);
  const told = (reached: boolean): string => (isValid(control) ? judged(reached) : 'void');
  const count = (taken.get('through') ?? []).slice(1).flat().length;
  console.log(`latency at ${perSecond.toFixed(0)} requests/s, N ${count} each`);
  console.log(
    `  control: p50 straight / straight ${print(control)}; p99 ${print(pairs('straight again', 0.99, ratio))}`,
  );
  console.log(
    `  p50 added by gateway and door, ms: ${print(added)}  ${told(added.high <= GOALS.p50Ms)} (goal ${GOALS.p50Ms})`,
  );
  console.log(
    `  p99 / p99 straight to Kourier: ${print(tail)}  ${told(tail.high <= GOALS.p99)} (goal ${GOALS.p99})`,
  );
}
