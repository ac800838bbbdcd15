/**
 * The first request of a sleeping service of a real cluster, as Towpath sets services up against Knative's defaults, through the
 * same two stock Envoys. Both sleep after the same time, which says nothing of how they wake up. Goal: issue 5 section 7.
 * `npm run bench knative-cold`.
 */
import { temporaryFolder } from '#libs/testing';
import { callHost } from '../e2e/support/gateway.js';
import { KnativeBed, hostOf, type Knative } from './knative.bed.js';
import { startStockPair } from './knative.stock.js';
import { interleave, type Variant } from './protocol.js';
import { report } from './report.js';

const ROUNDS = Number(process.env['BENCH_ROUNDS'] ?? 15);
const GOAL = 1 / 0.9;
const SOON = { 'autoscaling.knative.dev/window': '6s' };

const folder = temporaryFolder();
const bed = await KnativeBed.start();
const stock = await startStockPair(folder);
try {
  await bed.deploy('cold');
  const [plain, again] = [bed.plain('cold', SOON), bed.plain('cold-again', SOON)];
  for (const object of [plain, again]) await bed.apply(object);
  const variants = [
    await waking('our settings', await bed.objectOf('cold')),
    await waking('defaults', plain),
    await waking('defaults again', again),
  ];
  report(
    `cold start, ${ROUNDS} rounds`,
    await interleave(variants, ROUNDS),
    ['defaults again', 'defaults'],
    [{ title: 'cold starts, our settings / defaults', one: 'our settings', other: 'defaults', goal: GOAL }],
  );
} finally {
  await stock.stop();
  await bed.stop();
  folder.remove();
}

async function waking(name: string, object: Knative): Promise<Variant> {
  const host = await hostOf(object);
  const slice = async () => {
    await bed.sleeps(object);
    const began = performance.now();
    const { status, text } = await callHost(stock.port, host, '/', { timeoutMs: 60_000 });
    const seconds = (performance.now() - began) / 1_000;
    if (status !== 200) throw new Error(`${name}: ${status} ${text}`);
    return { operations: 1, seconds };
  };
  return { name, slice };
}
