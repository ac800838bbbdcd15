import { crashRuns, crashSeed, seededNumbers } from '../support/chance.js';
import type { ProcessName } from '../support/faults.js';
import { HubInside } from '../support/hub.inside.js';
import { Storm } from '../support/invariants.js';
import { LeaseFence } from '../support/lease.fence.js';
import { platform } from '../support/tenant.js';
import { until } from '../support/until.js';

/** Of each pair, one after the other. */
const PAUSES = 4 * crashRuns();
const PAIRS: ProcessName[][] = [
  ['deployer', 'deployer-2'],
  ['billing', 'billing-2'],
];
/** A lease lives 5 s: all of these are longer. */
const PAUSE_MS = { least: 6_000, most: 9_000 };
/** A gateway that has said nothing for 15 s is not waited for (LIVE_MS in libs/domain); a deploy takes a few seconds. */
const GATEWAY_PAUSE_MS = 45_000;

describe('owners of partitions that stand still past their lease', () => {
  const seed = crashSeed();

  it(`${PAUSES * PAIRS.length} times (seed ${seed}) write nothing when they go on`, async () => {
    const storm = await Storm.begin('pauses', { replicas: 2 });
    const { faults, traffic } = storm;
    const next = seededNumbers(seed);
    const inside = await HubInside.open(platform(), faults);
    const fence = await LeaseFence.put(inside);
    const pauseMs = (): number => Math.round(PAUSE_MS.least + next() * (PAUSE_MS.most - PAUSE_MS.least));
    try {
      await storm.through(async () => {
        const lane = async (pair: ProcessName[]): Promise<void> => {
          for (let turn = 0; turn < PAUSES; turn += 1) {
            const name = pair[next() < 0.5 ? 0 : 1];
            if (name) await faults.pause(name, pauseMs());
          }
        };
        await Promise.all(PAIRS.map(lane));
        const { requests, operations } = await storm.settle();
        expect(traffic.failed).toEqual([]);
        const { written, stale } = await fence.seen();
        expect(stale).toEqual([]);
        expect(written).toBeGreaterThan(100);
        await checkNothingDoubled(inside);
        const refused = await refusedBy(inside);
        console.log(
          `${PAUSES * PAIRS.length} pauses, seed ${seed}: ${written} writes under leases, 0 of a former epoch, ${refused} refused; ${requests} requests, 0 failed; ${operations.length} operations`,
        );
      });
    } finally {
      await fence.remove();
      await inside.close();
    }
  });

  it('a gateway whose process stands still is waited for 15 s, and serves what it has', async () => {
    const storm = await Storm.begin('silent', { replicas: 2, moving: [] });
    const { faults, tenant, traffic } = storm;
    await storm.through(async () => {
      const paused = faults.pause('gateway-2', GATEWAY_PAUSE_MS);
      const began = Date.now();
      for (const value of ['one', 'two'])
        await tenant.mustDeploy('steady', {
          service: { minInstances: 1 },
          template: { env: [{ name: 'NAME', value }] },
        });
      const tookMs = Date.now() - began;
      expect(tookMs).toBeLessThan(GATEWAY_PAUSE_MS);
      await paused;
      await until('the silent gateway to serve what it missed', 10_000, async () => {
        traffic.count('steady');
        const { value } = (await tenant.bySecond.call('steady', '/env?name=NAME')).json();
        return value === 'two';
      });
      await storm.settle();
      expect(traffic.failed).toEqual([]);
      console.log(`a silent gateway: two deploys took ${tookMs} ms, ${traffic.total} requests, 0 failed`);
    });
  });
});

/** One revision for each template, one build for each upload, each step once. */
async function checkNothingDoubled(inside: HubInside): Promise<void> {
  expect(
    await inside.query(`SELECT service_id, template_generation FROM revisions
      GROUP BY service_id, template_generation HAVING count(*) > 1`),
  ).toEqual([]);
  expect(
    await inside.query(`SELECT o.id FROM operations o, jsonb_array_elements(o.steps) step
      GROUP BY o.id, step->>'name' HAVING count(*) > 1`),
  ).toEqual([]);
}

async function refusedBy(inside: HubInside): Promise<number> {
  const counts = await Promise.all(
    ['deployer', 'billing'].map((name) => inside.metric(name, 'towpath_lease_writes_refused_total')),
  );
  return counts.reduce((sum, count) => sum + count, 0);
}
