/**
 * The first request of a sleeping service of a real cluster, as Towpath sets services up against Knative's defaults, through the
 * same two stock Envoys. Both sleep after the same time, which says nothing of how they wake up. Goal: issue 5 section 7.
 * `npm run bench knative-cold`.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { temporaryFolder } from '#libs/testing';
import { callHost } from '../e2e/support/gateway.js';
import { KnativeBed, hostOf, type Knative } from './knative.bed.js';
import { startStockPair } from './knative.stock.js';
import { interleave, type Variant } from './protocol.js';
import { report } from './report.js';

const ROUNDS = Number(process.env['BENCH_ROUNDS'] ?? 15);
const GOAL = 1 / 0.9;
/** As tools/bench.mjs sets it for ours. */
const WINDOW = { 'autoscaling.knative.dev/window': '30s' };
const SECOND_MS = 1_000;
/** A kubelet looks once a second which containers run, so a start ends with one of its looks: requests come at any moment between two. */
const MOMENTS_MS = [0, 250, 500, 750];
const named = (kind: string): string[] => MOMENTS_MS.map((moment) => `${kind}-${moment}`);

/** Variants of this round. */
const woken = new Set<string>();

const folder = temporaryFolder();
const bed = await KnativeBed.start();
const stock = await startStockPair(folder);
try {
  await Promise.all(named('cold').map((name) => bed.deploy(name)));
  const ours = await Promise.all(named('cold').map((name) => bed.objectOf(name)));
  const [plain = [], again = []] = ['cold', 'cold-again'].map((kind) =>
    named(kind).map((name) => bed.plain(name, WINDOW)),
  );
  for (const object of [...plain, ...again]) await bed.apply(object);
  const variants = [
    await waking('our settings', ours),
    await waking('defaults', plain),
    await waking('defaults again', again),
  ];
  await bed.allSleep();
  report(
    `cold start, ${ROUNDS} rounds of ${MOMENTS_MS.length}`,
    await interleave(variants, ROUNDS),
    ['defaults again', 'defaults'],
    [{ title: 'cold starts, our settings / defaults', one: 'our settings', other: 'defaults', goal: GOAL }],
  );
} finally {
  await stock.stop();
  await bed.stop();
  folder.remove();
}

/**
 * What ends is in the way of what starts: a round begins when all sleep, and is over before the first of them ends.
 * @param objects services that are alike: of each slice each is asked once, one after the other, at its moment of a second
 */
async function waking(name: string, objects: readonly Knative[]): Promise<Variant> {
  const hosts = await Promise.all(objects.map(hostOf));
  const slice = async () => {
    if (woken.has(name)) {
      await bed.allSleep();
      woken.clear();
    }
    woken.add(name);
    let seconds = 0;
    for (const [index, host] of hosts.entries()) {
      await pause((SECOND_MS + (MOMENTS_MS[index] ?? 0) - (Date.now() % SECOND_MS)) % SECOND_MS);
      const began = performance.now();
      const { status, text } = await callHost(stock.port, host, '/', { timeoutMs: 60_000 });
      seconds += (performance.now() - began) / 1_000;
      if (status !== 200) throw new Error(`${name}: ${status} ${text}`);
    }
    return { operations: hosts.length, seconds };
  };
  return { name, slice };
}
