/**
 * One organization sends fifty times what its neighbours send: what becomes of the neighbours' 99th percentile, at the API, in
 * deploys, in the folding of usage and in logs. Goal: less than 1.5 times (issue 4 section 3). `npm run bench fairness`.
 */
import { startApiBed } from './api.bed.js';
import { quietReads } from './fairness-api.js';
import { measureQuiet } from './quiet.js';

const ROUNDS = Number(process.env['BENCH_ROUNDS'] ?? 9);

const bed = await startApiBed(true);
try {
  await measureQuiet(await quietReads(bed), ROUNDS);
} finally {
  await bed.stop();
}
