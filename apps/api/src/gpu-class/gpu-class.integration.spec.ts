import { CONTAINERS, GPUS, type Id } from '#libs/domain';
import { joinCluster, recordCluster } from '#libs/store';
import { ApiRig } from '../api.rig.js';

let rig: ApiRig;
let operator: string;
let customer: string;
let organizationId: string;
let project: string;
beforeAll(async () => {
  rig = await ApiRig.start();
  ({ key: operator } = await rig.tenant('operators', true));
  ({ key: customer, organizationId } = await rig.tenant('customers'));
  project = (await rig.project(customer)).id;
});
afterAll(() => rig.stop());

const L4 = {
  nodeLabels: [{ name: 'nvidia.com/gpu.product', value: 'NVIDIA-L4' }],
  tolerations: [{ key: 'nvidia.com/gpu', effect: 'NoSchedule' }],
  ...{ minCpuMillis: 4000, minMemoryMiB: 16_384 },
};
const offer = (name: string, more: object = {}): ReturnType<ApiRig['call']> =>
  rig.call('POST', '/v1/gpu-classes', { key: operator, body: { name, ...L4, ...more } });
const deploy = (name: string, resources: object): ReturnType<ApiRig['call']> =>
  rig.call('POST', `/v1/projects/${project}/services`, {
    key: customer,
    body: { name, template: { image: 'registry.example/team/app:1', resources } },
  });
const HELD = { gpus: 1, cpuMillis: 4000, memoryMiB: 16_384 };

const GPU_PLAN = {
  ...{ id: 'gpus', version: 1, name: 'GPUs', currency: 'USD', decimals: 2 },
  effectiveFrom: '1970-01-01T00:00:00Z',
  items: [
    {
      id: 'l4',
      name: 'L4',
      measure: 'gpu_time',
      gpuClass: 'nvidia-l4',
      rate: '0.0002',
      per: '1 s',
      unit: 's',
    },
  ],
};

/** A cluster whose agent can hand out GPUs. */
async function joined(name: string): Promise<void> {
  const made = await rig.call('POST', '/v1/clusters', { key: operator, body: { name, runtime: 'knative' } });
  const id = String(made.json['id']) as Id<'cls'>;
  const now = rig.parts.clock.now();
  await rig.database.db.asSystem(async (tx) => {
    await joinCluster(tx, id, {}, now);
    await recordCluster(tx, { id, runtime: 'knative', capabilities: [CONTAINERS, GPUS], seenAt: now });
  });
}

it('is made, shown, listed, and deleted, by operators only', async () => {
  const made = await offer('shown');
  expect(made.json).toMatchObject({
    ...{ name: 'shown', resource: 'nvidia.com/gpu', ...L4 },
    tolerations: [{ key: 'nvidia.com/gpu', operator: 'Exists', effect: 'NoSchedule' }],
  });
  expect((await offer('shown')).json['code']).toBe('ALREADY_EXISTS');
  for (const at of ['shown', String(made.json['id'])])
    expect((await rig.call('GET', `/v1/gpu-classes/${at}`, { key: operator })).json).toEqual(made.json);
  expect((await rig.call('GET', '/v1/gpu-classes', { key: operator })).json['items']).toEqual([made.json]);
  expect((await rig.call('GET', '/v1/gpu-classes', { key: customer })).status).toBe(403);
  expect((await rig.call('DELETE', '/v1/gpu-classes/shown', { key: operator })).status).toBe(200);
  expect((await rig.call('GET', '/v1/gpu-classes/shown', { key: operator })).status).toBe(404);
});

it('is refused with every wrong field', async () => {
  const wrong = await offer('Wrong', { resource: 'gpu', nodeLabels: [{ name: '', value: '' }] });
  const violations = wrong.json['violations'] as { field: string }[];
  expect(violations.map(({ field }) => field).sort()).toEqual(['name', 'nodeLabels[0].name', 'resource']);
  expect((await offer('unlabelled', { nodeLabels: [] })).json['violations']).toMatchObject([
    { field: 'nodeLabels' },
  ]);
});

it('is used by services, once a cluster can hand out GPUs, and stays while one does', async () => {
  await offer('nvidia-l4');
  const early = await deploy('early', { ...HELD, gpuClass: 'nvidia-l4' });
  expect(early.json['code']).toBe('NOT_SUPPORTED');
  await joined('gpus');

  const unknown = await deploy('unknown', { ...HELD, gpuClass: 'h100' });
  expect(unknown.json).toMatchObject({
    code: 'INVALID_ARGUMENT',
    violations: [
      { field: 'template.resources.gpuClass', message: 'there is no such class; there are nvidia-l4' },
    ],
  });
  const small = await deploy('small', { gpus: 1, gpuClass: 'nvidia-l4' });
  expect(small.json['violations']).toMatchObject([
    { field: 'template.resources.cpuMillis' },
    { field: 'template.resources.memoryMiB' },
  ]);

  const unpriced = await deploy('unpriced', { ...HELD, gpuClass: 'nvidia-l4' });
  expect(unpriced.json['violations']).toMatchObject([
    { field: 'template.resources.gpuClass', message: expect.stringContaining('no price') as string },
  ]);
  await rig.call('POST', '/v1/price-plans', { key: operator, body: { document: GPU_PLAN } });
  await rig.call('PUT', `/v1/organizations/${organizationId}/billing-terms`, {
    key: operator,
    body: { plan: 'gpus' },
  });
  expect((await deploy('held', { ...HELD, gpuClass: 'nvidia-l4' })).status).toBe(202);
  const at = `/v1/projects/${project}/services/held`;
  const shown = await rig.call('GET', at, { key: customer });
  expect(shown.json['template']).toMatchObject({ resources: { gpus: 1, gpuClass: 'nvidia-l4' } });
  const exported = await rig.call('GET', `/v1/projects/${project}/manifest?service=held`, { key: customer });
  expect(exported.text).toContain('run.googleapis.com/accelerator: nvidia-l4');
  expect(exported.text).toContain("nvidia.com/gpu: '1'");

  const quota = (gpus: number | null, key = operator): ReturnType<ApiRig['call']> =>
    rig.call('PUT', `/v1/organizations/${organizationId}/quota`, { key, body: { gpus } });
  expect((await quota(500, customer)).status).toBe(403);
  // `held` may hold 100: as many as instances
  expect((await quota(103)).json).toMatchObject({ gpuQuota: 103 });
  const few = (name: string, maxInstances: number): ReturnType<ApiRig['call']> =>
    rig.call('POST', `/v1/projects/${project}/services`, {
      key: customer,
      body: {
        name,
        template: {
          image: 'registry.example/a',
          maxInstances,
          resources: { ...HELD, gpuClass: 'nvidia-l4' },
        },
      },
    });
  expect((await few('large', 4)).json).toMatchObject({
    code: 'FAILED_PRECONDITION',
    violations: [{ field: 'template.resources.gpus', message: 'times maxInstances must not be above 3' }],
  });
  // at once: only as many as fit
  const both = await Promise.all([few('one', 2), few('two', 2)]);
  expect(both.map(({ status }) => status).sort()).toEqual([202, 409]);
  // what is held is kept below a lower quota, and can be changed where it takes no more
  await quota(1);
  const access = await rig.call('PATCH', at, { key: customer, body: { access: 'public' } });
  expect(access.status).toBe(202);
  const more = await rig.call('PATCH', at, { key: customer, body: { template: { maxInstances: 101 } } });
  expect(more.json['code']).toBe('FAILED_PRECONDITION');
  expect((await quota(null)).json['gpuQuota']).toBeUndefined();
  for (const name of ['one', 'two'])
    await rig.call('PATCH', `/v1/projects/${project}/services/${name}`, {
      key: customer,
      body: { template: { resources: null } },
    });

  const used = await rig.call('DELETE', '/v1/gpu-classes/nvidia-l4', { key: operator });
  expect(used.json).toMatchObject({
    code: 'FAILED_PRECONDITION',
    violations: [{ field: 'gpuClass', message: '1 service uses it' }],
  });
  await rig.call('PATCH', at, { key: customer, body: { template: { resources: null } } });
  expect((await rig.call('DELETE', '/v1/gpu-classes/nvidia-l4', { key: operator })).status).toBe(200);
});
