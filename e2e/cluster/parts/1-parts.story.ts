import { clusterMarks } from '../../support/cluster.marks.js';
import { killPart, whileStill, type Part } from '../../support/cluster.parts.js';
import type { List, ServiceJson } from '../../support/faces.js';
import { HUB, STILL_MS, type ProcessName } from '../../support/faults.js';
import type { Answer } from '../../support/gateway.js';
import { Storm } from '../../support/invariants.js';
import { clusterUnderTest, kubectl } from '../../support/kubectl.js';
import { until } from '../../support/until.js';

/** All but the data path: nothing that a request to an instance needs. */
const BESIDE: ProcessName[] = [...HUB, 'agent'];
const KUBERNETES: Part[] = ['kube-controller-manager', 'kube-scheduler', 'kubelet', 'etcd', 'kube-apiserver'];
/** At least as long as a sleeper waits for it, and a minute where there is time (npm run test:nightly). */
const API_STILL_MS = STILL_MS / 10;
/** What wakes a sleeper while nothing moves: as long as the service lets its request wait. */
const PATIENCE_SECONDS = 10;
/** Some of what is looked at. */
const WRITTEN = ['Namespace /towpath-system', 'Deployment towpath-system/towpath-door'];
const SLEEPERS = ['hub-dies', 'hub-stands', 'kube-stands'];

/** Rolling updates of one service and constant load on all of them go on through everything here. */
describe('parts of the platform and of its cluster die, or stand still', () => {
  const cluster = clusterUnderTest();
  let storm: Storm;
  beforeAll(async () => {
    storm = await Storm.begin('parts', { moving: ['moving'] }, clusterMarks);
    expect(Object.keys(await clusterMarks())).toEqual(expect.arrayContaining(WRITTEN));
    for (const sleeper of SLEEPERS) {
      const template = sleeper === 'kube-stands' ? { timeoutSeconds: PATIENCE_SECONDS } : {};
      await storm.tenant.mustDeploy(sleeper, { template });
    }
  }, 300_000);

  // whatever failed: a lane that goes on holds the next story up
  afterAll(async () => {
    await Promise.allSettled([storm.deploys.stop(), storm.traffic.stop()]);
    // the next platform finds the cluster empty
    const { tenant } = storm;
    const at = `/v1/projects/${tenant.project}/services`;
    const { items } = await tenant.api.ok<List<ServiceJson>>('GET', at);
    await Promise.all(items.map(({ name }) => tenant.api.change('DELETE', tenant.at(name))));
  }, 240_000);

  it('every process beside the data path, one after the other, then all at once, a sleeper being woken', async () => {
    await storm.through(async () => {
      for (const name of BESIDE) await storm.faults.kill(name);
      await asleep('hub-dies');
      const [woken] = await Promise.all([wake('hub-dies'), ...BESIDE.map((name) => storm.faults.kill(name))]);
      expect(woken.status).toBe(200);
      await storm.faults.allWell();
    });
    expect(storm.traffic.failed).toEqual([]);
  }, 300_000);

  it(
    `all of them stand still for ${STILL_MS / 1_000} s, and a sleeper wakes meanwhile`,
    async () => {
      await storm.through(async () => {
        await asleep('hub-stands');
        const still = Promise.all(BESIDE.map((name) => storm.faults.pause(name, STILL_MS)));
        expect((await wake('hub-stands')).status).toBe(200);
        await still;
        await storm.faults.allWell();
      });
      expect(storm.traffic.failed).toEqual([]);
    },
    300_000 + STILL_MS,
  );

  it('every part of Kubernetes dies, and no warm service is missed', async () => {
    for (const part of KUBERNETES) {
      await killPart(cluster, part);
      await until(`the cluster to answer after ${part}`, 60_000, async () =>
        (await kubectl('get', '--raw', '/readyz')).includes('ok'),
      );
      const { total } = storm.traffic;
      await until('requests meanwhile', 60_000, () => Promise.resolve(storm.traffic.total >= total + 20));
    }
    expect(storm.traffic.failed).toEqual([]);
  }, 400_000);

  it('the API server stands still: warm services answer, a sleeper waits as long as it may; afterwards it wakes', async () => {
    await asleep('kube-stands');
    const told = await whileStill(cluster, 'kube-apiserver', async () => {
      const [answer] = await Promise.all([wake('kube-stands'), storm.traffic.goesOnFor(API_STILL_MS)]);
      return answer;
    });
    expect(told.status).toBe(504);
    await until('the sleeper wakes', 60_000, async () => (await wake('kube-stands')).status === 200);
    expect(storm.traffic.failed).toEqual([]);
  }, 300_000);

  it('then what is wanted is there, each request is on the bill, and nothing is written any more', async () => {
    await storm.through(async () => {
      for (const sleeper of SLEEPERS) await asleep(sleeper);
      const { requests, operations } = await storm.settle();
      expect(storm.traffic.failed).toEqual([]);
      const updates = operations.filter(({ status }) => status === 'succeeded').length;
      console.log(`${requests} requests, 0 failed; ${updates} updates`);
      expect(updates).toBeGreaterThan(0);
    });
  }, 600_000);

  async function asleep(service: string): Promise<void> {
    await until(`${service} sleeps`, 120_000, async () =>
      (await storm.tenant.revisions(service)).every(({ status }) => status.instances === 0),
    );
  }

  function wake(service: string): Promise<Answer> {
    return storm.tenant.call(service);
  }
});
