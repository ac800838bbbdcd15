import { ApiRig } from '../api.rig.js';
import { HELD, L4, joinGpus, priceGpus } from './gpu.rig.js';

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

const offer = (name: string, more: object = {}): ReturnType<ApiRig['call']> =>
  rig.call('POST', '/v1/gpu-classes', { key: operator, body: { name, ...L4, ...more } });
const deploy = (name: string, resources: object): ReturnType<ApiRig['call']> =>
  rig.call('POST', `/v1/projects/${project}/services`, {
    key: customer,
    body: { name, template: { image: 'registry.example/team/app:1', resources } },
  });
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
  expect((await offer('none', { maxGpus: 0 })).json['violations']).toMatchObject([{ field: 'maxGpus' }]);
  expect((await offer('unlabelled', { nodeLabels: [] })).json['violations']).toMatchObject([
    { field: 'nodeLabels' },
  ]);
});

it('is used by services, once a cluster can hand out GPUs, and stays while one does', async () => {
  await offer('nvidia-l4', { maxGpus: 4 });
  const early = await deploy('early', { ...HELD, gpuClass: 'nvidia-l4' });
  expect(early.json['code']).toBe('NOT_SUPPORTED');
  await joinGpus(rig, operator, 'local');

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

  const large = await deploy('large', { ...HELD, gpus: 5, gpuClass: 'nvidia-l4' });
  expect(large.json).toMatchObject({
    code: 'INVALID_ARGUMENT',
    violations: [
      {
        field: 'template.resources.gpus',
        message: 'must be at most 4 with nvidia-l4: its largest node has no more',
      },
    ],
  });
  expect((await rig.call('GET', `/v1/projects/${project}/services/large`, { key: customer })).status).toBe(
    404,
  );

  const unpriced = await deploy('unpriced', { ...HELD, gpuClass: 'nvidia-l4' });
  expect(unpriced.json['violations']).toMatchObject([
    { field: 'template.resources.gpuClass', message: expect.stringContaining('no price') as string },
  ]);
  await priceGpus(rig, operator, organizationId);
  expect((await deploy('held', { ...HELD, gpuClass: 'nvidia-l4' })).status).toBe(202);
  const at = `/v1/projects/${project}/services/held`;
  const shown = await rig.call('GET', at, { key: customer });
  expect(shown.json['template']).toMatchObject({ resources: { gpus: 1, gpuClass: 'nvidia-l4' } });
  const exported = await rig.call('GET', `/v1/projects/${project}/manifest?service=held`, { key: customer });
  expect(exported.text).toContain('run.googleapis.com/accelerator: nvidia-l4');
  expect(exported.text).toContain("nvidia.com/gpu: '1'");

  const used = await rig.call('DELETE', '/v1/gpu-classes/nvidia-l4', { key: operator });
  expect(used.json).toMatchObject({
    code: 'FAILED_PRECONDITION',
    violations: [{ field: 'gpuClass', message: '1 service uses it' }],
  });
  await rig.call('PATCH', at, { key: customer, body: { template: { resources: null } } });
  expect((await rig.call('DELETE', '/v1/gpu-classes/nvidia-l4', { key: operator })).status).toBe(200);
});
