import { randomBytes } from 'node:crypto';
import { Api } from '../../support/api.js';
import type { RevisionJson } from '../../support/faces.js';
import { kubeGet, namespaceOfService } from '../../support/kubectl.js';
import { exactSum } from '../../support/exact.sum.js';
import { OfferedGpus } from '../../support/offered.gpus.js';
import { Tenant, platform } from '../../support/tenant.js';
import { tow } from '../../support/tow.js';
import { until } from '../../support/until.js';

/** An instance that is to end keeps its GPU as long as a request may take, up to half a minute: each test waits for some of them. */
const LAST_SECONDS = 10;
const CLASS = `story-${randomBytes(3).toString('hex')}`;

interface Pods {
  items: {
    metadata: { labels: Record<string, string> };
    spec: {
      nodeSelector?: Record<string, string>;
      containers: { name: string; resources: { limits: Record<string, string> } }[];
    };
  }[];
}

const CRASHES = {
  'package.json': JSON.stringify({ name: 'app', version: '1.0.0', scripts: { start: 'node server.js' } }),
  'server.js': 'process.exit(7);',
};

interface Bill {
  items: { item: string; quantity: string; list: string }[];
}

/** GPUs without a price are refused. Of another class nothing ever runs. */
function planOf(id: string): Record<string, unknown> {
  const time = { measure: 'gpu_time', rate: '0.0002', per: '1 s', unit: 's', quantum: '1 ms' };
  return {
    ...{ id, version: 1, name: 'GPUs', currency: 'USD', decimals: 2, effectiveFrom: '1970-01-01T00:00:00Z' },
    items: [
      { ...time, id: 'gpu', name: 'GPU', gpuClass: CLASS },
      { ...time, id: 'other', name: 'Another GPU', gpuClass: `${CLASS}-other` },
    ],
  };
}

describe('GPUs of a class', () => {
  const operator = new Api(platform().apiUrl, platform().operatorKey);
  const gpus = new OfferedGpus(operator, CLASS);
  let tenant: Tenant;

  beforeAll(async () => {
    await gpus.begin('1');
    tenant = await Tenant.create('gpus');
    const plan = `gpus-${CLASS}`;
    await operator.ok('POST', '/v1/price-plans', { document: planOf(plan) });
    await operator.ok('PUT', `/v1/organizations/${tenant.organizationId}/billing-terms`, { plan });
  }, 240_000);
  afterAll(() => gpus.end());

  const template = {
    resources: { cpuMillis: 250, memoryMiB: 128, gpus: 1, gpuClass: CLASS },
    timeoutSeconds: LAST_SECONDS,
  };
  const namespaceOfProject = async (): Promise<string> =>
    namespaceOfService((await tenant.service('holds')).id);
  const at = (name: string): string => `/v1/projects/${tenant.project}/services/${name}`;
  const change = (body: object): Promise<unknown> => tenant.api.ok('PATCH', at('holds'), body);
  const begin = async (name: string, count = 1): Promise<void> => {
    const uploadId = await tenant.uploadTo(tenant.project);
    const resources = { ...template.resources, gpus: count };
    const body = { name, access: 'public', template: { ...template, source: { uploadId }, resources } };
    await tenant.api.ok('POST', `/v1/projects/${tenant.project}/services`, body);
  };
  const ready = async (name: string): Promise<RevisionJson['status']['conditions'][number] | undefined> =>
    (await tenant.revisions(name))[0]?.status.conditions.find(({ type }) => type === 'Ready');

  /** When `holds` was asked for, and when it was seen serving: UTC ms. */
  const life = { asked: 0, served: 0 };

  it('unknown: the classes that there are', async () => {
    const resources = { ...template.resources, gpuClass: 'nothing' };
    const body = { name: 'unknown', template: { image: 'registry.example/a', resources } };
    const refused = await tenant.api.request<{ violations: { field: string; message: string }[] }>(
      'POST',
      `/v1/projects/${tenant.project}/services`,
      body,
    );
    expect(refused.status).toBe(400);
    const [violation] = refused.body.violations;
    expect(violation?.field).toBe('template.resources.gpuClass');
    expect(violation?.message).toContain(CLASS);
  }, 60_000);

  it('are held by an instance on a node of the class, and counted in the project', async () => {
    life.asked = Date.now();
    const service = await tenant.mustDeploy('holds', { template, service: { minInstances: 1 } });
    expect((await tenant.call('holds')).status).toBe(200);
    life.served = Date.now();
    const namespace = await namespaceOfService(service.id);
    const { items } = await kubeGet<Pods>('pods', '-n', namespace);
    expect(items.map(({ metadata }) => metadata.labels['towpath.dev/gpu-class'])).toEqual([CLASS]);
    expect(items[0]?.spec.nodeSelector).toEqual(gpus.nodeLabels);
    const app = items[0]?.spec.containers.find(({ name }) => name === 'app');
    expect(app?.resources.limits[gpus.resource]).toBe('1');
    const quota = await kubeGet<{ status: { used: Record<string, string> } }>(
      ...(['resourcequota', 'towpath', '-n', namespace] as const),
    );
    expect(quota.status.used[`requests.${gpus.resource}`]).toBe('1');
    const counted = { nodes: 1, perNode: 1, total: 1, taken: 1, free: 0, freePerNode: 0 };
    await until(
      'the operator sees that it is taken',
      120_000,
      async () => (await gpus.supply())?.taken === 1,
    );
    expect(await gpus.supply()).toEqual({ gpuClass: CLASS, ...counted });
  }, 300_000);

  it('are metered for as long as the instance lives, as time of their class', async () => {
    const ran = Date.now() - life.served;
    const lineOf = ({ items }: Bill, id: string): Bill['items'][number] | undefined =>
      items.find(({ item }) => item === id);
    const bill = await until('the time that was seen is on the bill', 240_000, async () => {
      const now = await tenant.api.ok<Bill>('GET', '/v1/bill');
      const seconds = Number(lineOf(now, 'gpu')?.quantity ?? 0);
      return seconds > 0 && seconds * 1000 >= ran && now;
    });
    // its start is told in whole seconds, rounded down
    const lived = (Date.now() - life.asked) / 1000 + 1;
    expect(Number(lineOf(bill, 'gpu')?.quantity)).toBeLessThanOrEqual(lived);
    expect(lineOf(bill, 'other')?.quantity ?? '0').toBe('0');
    await until('its minutes are the line', 120_000, async () => {
      const line = lineOf(await tenant.api.ok<Bill>('GET', '/v1/bill'), 'gpu');
      const { code, stdout } = await tow(tenant, 'bill', 'explain', 'gpu', '--json');
      if (code !== 0) return false;
      const { windows } = JSON.parse(stdout) as { windows: { amount: string }[] };
      return windows.length > 0 && exactSum(windows) === line?.list;
    });
  }, 420_000);

  it('are given back by a start that fails for good, and it says so', async () => {
    await gpus.offer('2');
    const operation = await tenant.deploy('crashes', { source: CRASHES, template });
    expect(operation.status).toBe('failed');
    await until('its GPU was given back', 240_000, async () => {
      const told = await ready('crashes');
      return told?.reason === 'CrashLoop' && told.message.endsWith('Its GPUs were given back.');
    });
    const namespace = await namespaceOfProject();
    await until('nothing of it runs', 120_000, async () => {
      const { items } = await kubeGet<Pods>('pods', '-n', namespace);
      return items.every(
        ({ metadata }) => !metadata.labels['serving.knative.dev/service']?.includes('crash'),
      );
    });
    expect((await ready('crashes'))?.message).toContain('exited with code 7');
    await gpus.offer('1');
  }, 600_000);

  it('taken: who comes waits, is told how many wait, and serves when they come free', async () => {
    await begin('first');
    await begin('second');
    const both = async (): Promise<Awaited<ReturnType<typeof ready>>[]> =>
      Promise.all(['first', 'second'].map(ready));
    await until('both wait for a GPU', 240_000, async () =>
      (await both()).every((condition) => condition?.reason === 'GpusTaken'),
    );
    await until('one of them is told of both', 120_000, async () => {
      const told = await Promise.all(
        ['first', 'second'].map(async (name) => (await tenant.service(name)).status.conditions),
      );
      return JSON.stringify(told).includes('(0 of 1 free); it waits for one. 2 instances wait for one');
    });
    await begin('large', 2);
    await until('one that no node is large enough for is told so', 240_000, async () => {
      const told = await ready('large');
      return told?.reason === 'GpuNodesSmall' && told.message.includes('the largest has 1');
    });
    await tenant.api.ok('DELETE', at('large'));
    const used = await operator.request('DELETE', `/v1/gpu-classes/${CLASS}`);
    expect(used.status).toBe(409);

    await gpus.offer('3');
    await until('both have their GPUs', 240_000, async () =>
      (await both()).every((condition) => condition?.status === 'true'),
    );
    await until('first serves', 60_000, async () => (await tenant.call('first')).status === 200);
  }, 900_000);

  it('a rollout on a full pool waits or takes the place of the old one, as the service chooses', async () => {
    for (const name of ['first', 'second', 'crashes']) await tenant.api.ok('DELETE', at(name));
    await gpus.offer('1');
    const newest = async (): Promise<RevisionJson | undefined> =>
      (await tenant.revisions('holds')).find(({ name }) => name !== old);
    const told = async (): Promise<string> =>
      JSON.stringify((await tenant.service('holds')).status.conditions);
    const [{ name: old = '' } = { name: '' }] = await tenant.revisions('holds');
    await change({ template: { env: [{ name: 'GREETING', value: 'new' }] } });
    await until('it waits for the GPU of the old one, and is told of the choice', 240_000, async () =>
      (await told()).includes('--rollout replace'),
    );
    expect((await newest())?.status.conditions[0]).toMatchObject({ reason: 'GpusTaken' });
    expect((await tenant.call('holds')).status).toBe(200);

    await change({ rollout: 'replace' });
    await until('the old one gives way', 60_000, async () => (await told()).includes('RevisionReplaces'));
    await until('the new one serves', 300_000, async () => {
      const { traffic } = (await tenant.service('holds')).status;
      return traffic[0]?.revision !== old && (await tenant.call('holds')).status === 200;
    });
  }, 900_000);

  it('one that does not start gives the place back', async () => {
    const { latestReadyRevision: good } = await tenant.service('holds');
    const uploadId = await tenant.uploadTo(tenant.project, CRASHES);
    await change({ template: { source: { uploadId } } });
    await until('it failed and gave its GPU back', 480_000, async () => {
      const newest = (await tenant.revisions('holds')).find(({ name }) => name > (good ?? ''));
      return newest?.status.conditions[0]?.message.endsWith('Its GPUs were given back.') === true;
    });
    await until(
      'the former one serves again',
      240_000,
      async () => (await tenant.call('holds')).status === 200,
    );
    expect((await tenant.service('holds')).status.traffic).toMatchObject([{ revision: good, percent: 100 }]);
  }, 900_000);
});
