import type { GpuClass } from '../cluster/gpu-class.js';
import { keyProblem, resourceProblem, validateGpuClass } from '../cluster/gpu-class.js';
import { checkGpuQuota, gpusHeld, validateGpuUse, validateGpus } from './gpu.validation.js';
import { newTemplate, patchTemplate } from './service.patch.js';
import type { TrafficTarget } from './service.types.js';

const l4: GpuClass = {
  ...{ id: 'gpc_0', name: 'nvidia-l4', resource: 'nvidia.com/gpu', createdAt: 0 },
  nodeLabels: { 'nvidia.com/gpu.product': 'NVIDIA-L4' },
  tolerations: [],
  ...{ minCpuMillis: 4000, minMemoryMiB: 16_384, maxGpus: 4 },
};
const size = { cpuMillis: 4000, memoryMiB: 16_384 };
const fields = (found: { field: string }[]): string[] => found.map(({ field }) => field);

describe('GPUs of a template', () => {
  it.each([
    ['none', {}, []],
    ['both', { gpus: 1, gpuClass: 'nvidia-l4' }, []],
    ['no class', { gpus: 1 }, ['template.resources.gpuClass']],
    ['no number', { gpuClass: 'nvidia-l4' }, ['template.resources.gpus']],
    ['half a GPU', { gpus: 0.5, gpuClass: 'nvidia-l4' }, ['template.resources.gpus']],
    ['too many', { gpus: 17, gpuClass: 'nvidia-l4' }, ['template.resources.gpus']],
  ])('%s', (_name, gpus, wrong) => expect(fields(validateGpus({ ...size, ...gpus }))).toEqual(wrong));

  it.each([
    ['none', size, []],
    ['a class that there is', { ...size, gpus: 1, gpuClass: 'nvidia-l4' }, []],
    ['as many as its largest node has', { ...size, gpus: 4, gpuClass: 'nvidia-l4' }, []],
    ['more', { ...size, gpus: 5, gpuClass: 'nvidia-l4' }, ['template.resources.gpus']],
    ['an unknown class', { ...size, gpus: 1, gpuClass: 'h100' }, ['template.resources.gpuClass']],
    [
      'a size below what the class asks for',
      { cpuMillis: 1000, memoryMiB: 512, gpus: 1, gpuClass: 'nvidia-l4' },
      ['template.resources.cpuMillis', 'template.resources.memoryMiB'],
    ],
  ])('of what the operator offers: %s', (_name, resources, wrong) =>
    expect(fields(validateGpuUse(resources, [l4]))).toEqual(wrong),
  );

  it('an unknown class is answered with those there are', () => {
    const asked = { ...size, gpus: 1, gpuClass: 'h100' };
    const messages = (classes: GpuClass[]): string[] =>
      validateGpuUse(asked, classes).map(({ message }) => message);
    expect(
      messages([
        { ...l4, name: 'b' },
        { ...l4, name: 'a' },
      ]),
    ).toEqual(['there is no such class; there are a, b']);
    expect(messages([])).toEqual(['there is no such class; the operator offers none']);
  });

  it('come and go by a patch; what a patch does not say stays', () => {
    const plain = newTemplate({ image: 'a/b' });
    const held = patchTemplate(plain, { resources: { gpus: 2, gpuClass: 'nvidia-l4' } });
    expect(held.resources).toEqual({ ...plain.resources, gpus: 2, gpuClass: 'nvidia-l4' });
    expect(patchTemplate(held, { resources: { gpus: 1 } }).resources).toMatchObject({
      gpus: 1,
      gpuClass: 'nvidia-l4',
    });
    expect(patchTemplate(held, { resources: { gpus: null, gpuClass: null } }).resources).toEqual(
      plain.resources,
    );
  });
});

describe('a GPU class', () => {
  it.each([
    ['nvidia.com/gpu', undefined],
    ['aws.amazon.com/neuroncore', undefined],
    ['gpu', 'must be like nvidia.com/gpu'],
    ['nvidia.com/', 'must be like nvidia.com/gpu'],
    ['a/b/c', 'must be like nvidia.com/gpu'],
    ['kubernetes.io/gpu', "must not be one of Kubernetes' own"],
  ])('resource %s', (text, problem) => expect(resourceProblem(text)).toBe(problem));

  it.each(['pool', 'nvidia.com/gpu.product'])('key %s', (text) => expect(keyProblem(text)).toBeUndefined());
  it.each(['', '-a', 'a//b', 'A.com/x', 'a'.repeat(64)])('no key: %s', (text) =>
    expect(keyProblem(text)).toBeDefined(),
  );

  it('names its nodes once each, and taints as Kubernetes does', () => {
    const label = { name: 'pool', value: 'l4' };
    expect(validateGpuClass([label], [{ key: 'gpu', operator: 'Exists' }])).toEqual([]);
    expect(fields(validateGpuClass([], []))).toEqual(['nodeLabels']);
    expect(fields(validateGpuClass([label, label], []))).toEqual(['nodeLabels[1].name']);
    expect(fields(validateGpuClass([label], [{ key: 'gpu', operator: 'Exists', value: 'x' }]))).toEqual([
      'tolerations[0].value',
    ]);
    expect(fields(validateGpuClass([label], [{ operator: 'Equal', value: 'x' }]))).toEqual([
      'tolerations[0].key',
    ]);
  });
});

describe('the quota of GPUs of an organization', () => {
  const resources = { cpuMillis: 1000, memoryMiB: 512 };

  it('counts what a service may hold at a time', () => {
    const held = { resources: { ...resources, gpus: 2, gpuClass: 'l4' }, maxInstances: 3 };
    const all = [{ revision: 'latest', percent: 100 }];
    expect(gpusHeld({ template: { resources, maxInstances: 100 }, traffic: all }, 0)).toBe(0);
    expect(gpusHeld({ template: held, traffic: all }, 0)).toBe(6);
    expect(gpusHeld({ template: held, traffic: all, regions: ['east'] }, 4)).toBe(10);
    expect(gpusHeld({ template: held, traffic: all, regions: ['east', 'west'] }, 4)).toBe(20);
  });

  it.each<[string, TrafficTarget[], number]>([
    ['with all traffic', [{ revision: 'latest', percent: 100 }], 6],
    [
      'with some',
      [
        { revision: 'a-1', percent: 99 },
        { revision: 'latest', percent: 1 },
      ],
      6,
    ],
    [
      'with a tag',
      [
        { revision: 'a-1', percent: 100 },
        { revision: 'latest', percent: 0, tag: 'next' },
      ],
      6,
    ],
    ['with neither', [{ revision: 'a-1', percent: 100 }], 0],
  ])('counts the newest revision %s', (_what, traffic, newest) => {
    const template = { resources: { ...resources, gpus: 2, gpuClass: 'l4' }, maxInstances: 3 };
    expect(gpusHeld({ template, traffic }, 4)).toBe(newest + 4);
  });

  it('refuses what is above it, with what is left', () => {
    expect(() => checkGpuQuota(2, 6, 8, 'traffic')).not.toThrow();
    expect(() => checkGpuQuota(3, 6, 8, 'traffic')).toThrow(
      expect.objectContaining({
        code: 'FAILED_PRECONDITION',
        violations: [{ field: 'traffic', message: expect.stringMatching(/must not be above 2$/) as string }],
      }) as Error,
    );
    // it was lowered below what is held
    expect(() => checkGpuQuota(1, 9, 8, 'traffic')).toThrow(/may hold 8 GPUs.*may hold 9.*asks for 1/);
  });
});
