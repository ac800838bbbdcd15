/**
 * What a cap costs a request at the gateway: far from it Envoy counts a permit down, near it Envoy asks the process beside;
 * both against the same hosts of an organization without one. `npm run bench caps`.
 */
import { mkdirSync } from 'node:fs';
import { createLogger } from '#libs/process';
import { AdmissionServer, admissionSocketOf } from '../apps/gateway/src/admission/admission.server.js';
import { HostPermits } from '../apps/gateway/src/admission/host.permits.js';
import { OrganizationPurse } from '../apps/gateway/src/admission/organization.purse.js';
import { EnvoyBed } from './envoy.bed.js';
import { printEnvoys } from './envoy.slices.js';
import { hostsOf, startOurs, type CappedHosts } from './envoys.js';
import { cpuRatio, interleave, print, rateRatio, type Variant } from './protocol.js';

const ROUNDS = Number(process.env['BENCH_ROUNDS'] ?? 25);
/** More than a run asks for. */
const ENOUGH = 2 ** 31;

const hosts = hostsOf(10);
const bed = await EnvoyBed.start();
const asked = { count: 0 };
const beside = admission();

try {
  const variants = [
    await variant('without a cap'),
    await variant('far', { permit: ENOUGH }),
    await variant('near', { permit: 0 }),
  ];
  const rounds = await interleave([...variants, { ...named(variants), name: 'without again' }], ROUNDS);
  printEnvoys(bed.about(`caps: ${ROUNDS} rounds, ${asked.count} questions`), rounds);
  for (const name of ['without again', 'far', 'near']) {
    console.log(`  ${name} / without a cap: ${print(rateRatio(rounds, name, 'without a cap'))}`);
    console.log(`    by CPU of Envoy: ${print(cpuRatio(rounds, name, 'without a cap'))}`);
  }
} finally {
  await Promise.all([bed.stop(), beside.stop()]);
}

function variant(name: string, cap?: CappedHosts): Promise<Variant> {
  return bed.variant(name, hosts, async (inside, upstream) => {
    mkdirSync(inside);
    if (cap?.permit === 0) await beside.listen(admissionSocketOf(inside));
    return startOurs(inside, hosts, upstream, { cap });
  });
}

function named([first]: Variant[]): Variant {
  if (!first) throw new Error('no variant');
  return first;
}

/** The gateway's own answer to Envoy, with as much allowed as it asks for; ended requests are forgotten at once. */
function admission(): AdmissionServer {
  const now = (): number => performance.now();
  const purse = new OrganizationPurse({
    organizationId: 'org_00000000000000000001',
    permits: new HostPermits({ newId: () => '', show: () => undefined, now }),
    now,
    ask: ({ keep, need, slack }) =>
      Promise.resolve({
        standing: { cap: '1000000', currency: 'USD', spent: '0', reserved: '0', resetsAt: 0 },
        allowance: String(BigInt(keep) + BigInt(need) + BigInt(slack)),
        prices: [],
        said: [],
      }),
  });
  const most = (): bigint => 1n;
  return new AdmissionServer(
    async (_host, stream, { isGone }) => {
      asked.count += 1;
      const refused = await purse.check({ stream, most, untilMs: Infinity, isGone });
      purse.noted({ stream, record: stream, revisionId: '' }, { lengthMs: 1, isFree: true });
      return refused;
    },
    createLogger('bench', 'silent'),
    () => Date.now(),
  );
}
