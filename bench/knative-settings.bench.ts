/**
 * Requests of a warm service of a real cluster as Towpath sets services up, against one of Knative's defaults: both straight to
 * Kourier, where nothing of Towpath is on the way. Goal: issue 5 section 7. `npm run bench knative-settings`.
 */
import { temporaryFolder } from '#libs/testing';
import { KnativeBed, hostOf } from './knative.bed.js';
import { Cores } from './knative.cores.js';
import { openIngress, type Ingress } from './knative.stock.js';
import { CONNECTIONS, answers, askOf, measured, type Way } from './knative.ways.js';
import { Generator } from './load/processes.js';
import { interleave, type Variant } from './protocol.js';
import { report } from './report.js';

const ROUNDS = Number(process.env['BENCH_ROUNDS'] ?? 15);
const SLICE_MS = 2_000;
const GOAL = 1.8;

const folder = temporaryFolder();
const bed = await KnativeBed.start();
const generator = new Generator();
let ingress: Ingress | undefined;
try {
  await bed.deploy('warm', { minInstances: 1 });
  const plain = bed.plain('warm');
  await bed.apply(plain);
  const { way } = (ingress = await openIngress(folder));
  const wayOf = async (object: Parameters<typeof hostOf>[0]): Promise<Way> => ({
    ...way,
    requests: askOf(await hostOf(object)),
  });
  const [ours, theirs] = [await wayOf(await bed.objectOf('warm')), await wayOf(plain)];
  for (const [name, way] of Object.entries({ ours, theirs })) await answers(generator, name, way);
  const cores = new Cores(generator.pid);
  const variants = [
    variant('our settings', ours, cores),
    variant('defaults', theirs, cores),
    variant('defaults again', theirs, cores),
  ];
  report(
    `requests of a warm service, ${ROUNDS} rounds of ${SLICE_MS} ms, ${CONNECTIONS} connections${cores.told}`,
    await interleave(variants, ROUNDS),
    ['defaults again', 'defaults'],
    [{ title: 'our settings / defaults', one: 'our settings', other: 'defaults', goal: GOAL }],
  );
} finally {
  await ingress?.close();
  await generator.stop();
  await bed.stop();
  folder.remove();
}

function variant(name: string, way: Way, cores: Cores): Variant {
  return { name, slice: () => measured(generator, { name, way, cores, millis: SLICE_MS }) };
}
