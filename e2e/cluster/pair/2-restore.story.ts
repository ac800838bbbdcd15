import { copyState, powerOff, powerOn } from '../../support/cluster.loss.js';
import { clusterUnderTest, kubectlOf } from '../../support/kubectl.js';
import { Lanes, WHERE_SOURCE, isAskedAtBoth } from '../../support/lanes.js';
import { Tenant } from '../../support/tenant.js';
import { until } from '../../support/until.js';

/** Until a cluster that got its power back serves again: what ran in it starts anew. */
const BACK_MS = 260_000;

describe('a cluster that is given an older copy of its etcd', () => {
  const { second } = clusterUnderTest();
  const own = { source: WHERE_SOURCE, service: { regions: ['local-2'], minInstances: 1 } };
  const wide = { source: WHERE_SOURCE, service: { regions: ['local', 'local-2'], minInstances: 1 } };
  let tenant: Tenant;
  let restore: () => Promise<void>;
  let lanes: Lanes | undefined;
  beforeAll(async () => {
    tenant = await Tenant.create('restored');
    await Promise.all([tenant.mustDeploy('kept', wide), tenant.mustDeploy('gone', own)]);
    await until('both doors', 60_000, async () => isAskedAtBoth(await tenant.service('kept')));
    restore = await copyState(second);
    await Promise.all([
      tenant.mustDeploy('kept', { ...wide, template: { env: [{ name: 'AGE', value: 'new' }] } }),
      tenant.mustDeploy('young', own),
      tenant.api.change('DELETE', tenant.at('gone')),
    ]);
    await until('both doors', 60_000, async () => isAskedAtBoth(await tenant.service('kept')));
  }, 240_000);
  // the next platform finds the clusters empty
  afterAll(async () => {
    await lanes?.stop();
    await Promise.all(['kept', 'young'].map((name) => tenant.api.change('DELETE', tenant.at(name))));
  }, 120_000);

  it('holds what is wanted again, and no living service was taken from it', async () => {
    lanes = new Lanes(tenant);
    lanes.add('kept', 'GET');
    try {
      await powerOff(second);
      await restore();
    } finally {
      await powerOn(second);
    }
    await until('a service that is younger than the copy', BACK_MS, async () => {
      const { status, text } = await tenant.call('young');
      if (status !== 200) throw new Error(`${status} ${text}`);
      return true;
    });
    await until('both doors', 60_000, async () => isAskedAtBoth(await tenant.service('kept')));
    await until('what it holds', 60_000, async () => {
      const held = await knativeServices();
      if (held.join() !== 'kept kept-00002,young young-00001') throw new Error(held.join());
      return true;
    });
    await lanes.stop();
    expect(lanes.failed).toEqual([]);
  }, 600_000);

  /** Of the tenant's, in the cluster: each with the revision that Knative made last. */
  async function knativeServices(): Promise<string[]> {
    const { items } = JSON.parse(
      await kubectlOf(second, 'get', 'services.serving.knative.dev', '--all-namespaces', '-o', 'json'),
    ) as { items: { metadata: { name: string }; status?: { latestReadyRevisionName?: string } }[] };
    return items.map(({ metadata: { name }, status }) => `${name} ${status?.latestReadyRevisionName}`).sort();
  }
});
