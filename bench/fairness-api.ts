import { httpRequest, makeServices, makeTenant, type ApiBed, type BenchTenant } from './api.bed.js';
import { Generator } from './load/processes.js';
import type { Count } from './load/generator.js';
import { pin } from './protocol.js';
import type { Quiet } from './quiet.js';

/** Requests a second of the quiet organization: less than a fiftieth of what the api can answer. */
const QUIET_PER_SECOND = 40;
/** Requests that the noisy one has on its way at any time: it takes whatever it can get. */
const NOISY_CONNECTIONS = 64;
const SLICE_MS = Number(process.env['BENCH_FAIR_SLICE_MS'] ?? 4_000);

/** Reads of one organization at its own rate, alone and beside one that sends as fast as it is answered. */
export async function quietReads(bed: ApiBed): Promise<Quiet> {
  const noisy = await makeTenant(bed.database, 'noisy');
  const beside = new Generator();
  pin(beside.pid, 1);
  const quietRequests = await readsOf(bed, bed.tenant);
  const noisyRequests = await readsOf(bed, noisy);
  const told: Record<string, number> = {};
  const quiet = (): Promise<Count> =>
    bed.generator.run({
      port: bed.ours.port,
      requests: quietRequests,
      connections: 8,
      millis: SLICE_MS,
      perSecond: QUIET_PER_SECOND,
    });
  const noise = (): Promise<Count> =>
    beside.run({
      port: bed.ours.port,
      requests: noisyRequests,
      connections: NOISY_CONNECTIONS,
      millis: SLICE_MS,
    });
  return {
    name: 'API reads',
    alone: async () => timesOf(await quiet()),
    beside: async () => {
      const [mine, others] = await Promise.all([quiet(), noise()]);
      for (const [status, count] of Object.entries(others.statuses))
        told[status] = (told[status] ?? 0) + count;
      return timesOf(mine);
    },
    about: () => `answers to the noisy one in all: ${JSON.stringify(told)}`,
    stop: () => beside.stop(),
  };
}

async function readsOf(bed: ApiBed, tenant: BenchTenant): Promise<string[]> {
  const names = await makeServices(bed.ours, tenant, 20);
  return names.map((name) => httpRequest(tenant, 'GET', `/v1/projects/${tenant.project}/services/${name}`));
}

function timesOf({ times, errors, statuses }: Count): number[] {
  if (errors > 0) throw new Error(`${errors} requests of the quiet one failed: ${JSON.stringify(statuses)}`);
  return times;
}
