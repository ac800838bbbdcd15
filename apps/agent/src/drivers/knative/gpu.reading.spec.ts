import type { OfferedGpus } from '#libs/domain';
import { holderPart, hostPart, hostSelector } from './gpu.reading.js';
import type { GpuHolder, GpuHost } from './gpu.supply.js';

const GPU = 'nvidia.com/gpu';
const PRODUCT = 'nvidia.com/gpu.product';
const of = (nodeLabels: Record<string, string>): OfferedGpus => ({
  ...{ name: 'l4', resource: GPU, nodeLabels, tolerations: [] },
});

it.each<[string, OfferedGpus[], string]>([
  ['nothing', [], ''],
  ['one', [of({ [PRODUCT]: 'L4', zone: 'a' })], `${PRODUCT} in (L4),zone in (a)`],
  [
    'several, by what all name',
    [of({ [PRODUCT]: 'L4', zone: 'a' }), of({ [PRODUCT]: 'T4' })],
    `${PRODUCT} in (L4,T4)`,
  ],
  ['those of one value', [of({ [PRODUCT]: 'L4' }), of({ [PRODUCT]: 'L4' })], `${PRODUCT} in (L4)`],
  ['those that have nothing in common', [of({ [PRODUCT]: 'L4' }), of({ pool: 'T4' })], ''],
  ['one without a value', [of({ pool: '' }), of({ pool: 'T4' })], 'pool in (,T4)'],
])('nodes are selected of %s', (_what, classes, selector) => expect(hostSelector(classes)).toBe(selector));

const node: GpuHost = {
  ...{ apiVersion: 'v1', kind: 'Node' },
  metadata: { name: 'a', labels: { pool: 'l4' }, annotations: { much: 'more' } },
  spec: { podCIDR: '10.0.0.0/24', taints: [{ key: 'gpu', effect: 'NoSchedule' }] } as GpuHost['spec'] &
    object,
  status: { capacity: { [GPU]: '8' }, images: [{ names: ['much', 'more'] }] } as GpuHost['status'] & object,
};

it('of a node is kept what it is counted by, and of one without GPUs of a class nothing', () => {
  expect(hostPart([of({ pool: 't4' }), of({ pool: 'l4' })])(node)).toEqual({
    ...{ apiVersion: 'v1', kind: 'Node', metadata: { name: 'a', labels: { pool: 'l4' } } },
    spec: { unschedulable: false, taints: [{ key: 'gpu', effect: 'NoSchedule' }] },
    status: { capacity: { [GPU]: '8' }, allocatable: {}, conditions: [] },
  });
  expect(hostPart([of({ pool: 't4' })])(node)).toBeUndefined();
});

it('of a pod is kept what it holds of its node, and of one without devices nothing', () => {
  const pod = (requests: Record<string, string>, initRequests: Record<string, string> = {}): GpuHolder => ({
    ...{ apiVersion: 'v1', kind: 'Pod' },
    metadata: { name: 'p', namespace: 'n', resourceVersion: '7', annotations: { much: 'more' } },
    spec: {
      ...{
        nodeName: 'a',
        containers: [{ name: 'app', image: 'i', resources: { requests } }, { name: 'side' }] as object[],
      },
      initContainers: [{ restartPolicy: 'Always', resources: { requests: initRequests } }],
    },
  });
  expect(holderPart(pod({ cpu: '1', [GPU]: '2' }))).toEqual({
    ...{ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p', namespace: 'n', resourceVersion: '7' } },
    spec: {
      ...{ nodeName: 'a', containers: [{ resources: { requests: { cpu: '1', [GPU]: '2' } } }, {}] },
      initContainers: [{ restartPolicy: 'Always', resources: { requests: {} } }],
    },
  });
  expect(holderPart(pod({}, { 'amd.com/gpu': '1' }))?.metadata.name).toBe('p');
  expect(holderPart(pod({ cpu: '1', memory: '1Gi', 'ephemeral-storage': '1Gi' }))).toBeUndefined();
});
