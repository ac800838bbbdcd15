/**
 * One organization sends fifty times what its neighbours send: what becomes of the neighbours' 99th percentile, at the API, in
 * deploys, in the folding of usage and in logs. Goal: less than 1.5 times (issue 4 section 3). `npm run bench fairness`.
 */
import { startApiBed } from './api.bed.js';
import { quietReads } from './fairness-api.js';
import { quietDeploys } from './fairness-deploys.js';
import { quietLogs } from './fairness-logs.js';
import { quietUsage } from './fairness-usage.js';
import { startHubBed } from './hub.bed.js';
import { measureQuiet, type Quiet } from './quiet.js';

const ROUNDS = Number(process.env['BENCH_ROUNDS'] ?? 9);
/** Which of them, by comma. */
const ONLY = (process.env['BENCH_FAIRNESS'] ?? 'api,deploys,usage,logs').split(',');

async function measured<B extends { stop(): Promise<void> }>(
  name: string,
  start: () => Promise<B>,
  work: (bed: B) => Promise<Quiet>,
): Promise<void> {
  if (!ONLY.includes(name)) return;
  const bed = await start();
  try {
    await measureQuiet(await work(bed), ROUNDS);
  } finally {
    await bed.stop();
  }
}

await measured('api', () => startApiBed(true), quietReads);
await measured('deploys', startHubBed, quietDeploys);
await measured('usage', startHubBed, quietUsage);
await measured('logs', startHubBed, quietLogs);
