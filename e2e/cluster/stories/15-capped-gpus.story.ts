import { randomBytes } from 'node:crypto';
import { Api } from '../../support/api.js';
import { capOf, expectSoon, isReached, resumed, setCap } from '../../support/caps.js';
import type { Answer } from '../../support/gateway.js';
import { kubeGet, namespaceOfService } from '../../support/kubectl.js';
import { OfferedGpus } from '../../support/offered.gpus.js';
import { Tenant, platform } from '../../support/tenant.js';
import { until } from '../../support/until.js';

const CLASS = `capped-${randomBytes(3).toString('hex')}`;
const MIN_SCALE = 'autoscaling.knative.dev/min-scale';
/** Of the plan below: one request, and several. */
const [CAP, MORE] = ['0.0015', '0.01'];

interface Objects {
  items: { metadata: { labels: Record<string, string>; annotations: Record<string, string> } }[];
}

/** Minutes of a GPU cost little beside a request. */
function planOf(id: string): Record<string, unknown> {
  const gpu = {
    measure: 'gpu_time',
    gpuClass: CLASS,
    rate: '0.000001',
    per: '1 s',
    unit: 's',
    quantum: '1 ms',
  };
  return {
    ...{ id, version: 1, name: 'GPUs', currency: 'USD', decimals: 2, effectiveFrom: '1970-01-01T00:00:00Z' },
    items: [
      { id: 'requests', name: 'Requests', measure: 'requests', rate: '0.001', per: '1', unit: 'request' },
      { ...gpu, id: 'gpu', name: 'GPU' },
    ],
  };
}

describe('a cap of an organization with GPUs', () => {
  const operator = new Api(platform().apiUrl, platform().operatorKey);
  const gpus = new OfferedGpus(operator, CLASS);
  let tenant: Tenant;
  let namespace: string;

  const call = (at: Tenant): Promise<Answer> => at.call('paid');
  const holders = async (): Promise<number> => {
    const { items } = await kubeGet<Objects>('pods', '-n', namespace);
    return items.filter(({ metadata }) => metadata.labels['towpath.dev/gpu-class'] === CLASS).length;
  };
  const keptWarm = async (): Promise<(string | undefined)[]> => {
    const { items } = await kubeGet<Objects>('revisions.serving.knative.dev', '-n', namespace);
    return items.map(({ metadata }) => metadata.annotations[MIN_SCALE]);
  };
  const names = async (): Promise<string[]> => (await tenant.revisions('paid')).map(({ name }) => name);
  const taken = (count: number): Promise<unknown> =>
    until(`the operator sees that ${count} are taken`, 120_000, async () => {
      return (await gpus.supply())?.taken === count;
    });

  beforeAll(async () => {
    await gpus.begin('1');
    tenant = await Tenant.create('capped-gpus');
    const plan = `capped-${CLASS}`;
    await operator.ok('POST', '/v1/price-plans', { document: planOf(plan) });
    await operator.ok('PUT', `/v1/organizations/${tenant.organizationId}/billing-terms`, { plan });
    const resources = { cpuMillis: 250, memoryMiB: 128, gpus: 1, gpuClass: CLASS };
    const service = await tenant.mustDeploy('paid', {
      // an instance that is to end keeps its GPU as long as a request may take, up to half a minute
      template: { resources, timeoutSeconds: 10 },
      service: { minInstances: 1 },
    });
    namespace = await namespaceOfService(service.id);
  }, 480_000);
  afterAll(() => gpus.end());

  it('lets the GPU go that was kept warm when it is reached', async () => {
    await taken(1);
    expect([await holders(), await keptWarm()]).toEqual([1, ['1']]);
    await setCap(tenant, CAP);
    await until('one is let in', 30_000, async () => (await call(tenant)).status === 200);
    await until('the next one is refused', 30_000, async () => isReached(await call(tenant)));
    await until('it is noted', 30_000, async () => (await capOf(tenant)).reached);
    await until('no instance is left', 240_000, async () => (await holders()) === 0);
    await taken(0);
    expect(isReached(await call(tenant))).toBe(true);
  }, 480_000);

  it('takes it again as soon as it is raised, the same revision', async () => {
    const before = await names();
    await setCap(tenant, MORE);
    const raised = performance.now();
    const tookMs = await resumed(call, tenant, raised);
    await until('served', 120_000, async () => (await call(tenant)).status === 200);
    expectSoon('the cap was raised', [tookMs]);
    await until('it is kept warm', 60_000, async () => (await keptWarm()).join() === '1');
    expect([await holders(), await names()]).toEqual([1, before]);
    await taken(1);
  }, 480_000);
});
