import type { GpuSupply, OfferedGpus } from '#libs/domain';
import { countSupply, type GpuHolder, type GpuHost } from './gpu.supply.js';

const GPU = 'nvidia.com/gpu';
const l4: OfferedGpus = {
  ...{ name: 'l4', resource: GPU, nodeLabels: { pool: 'l4' } },
  tolerations: [{ key: 'gpu', operator: 'Equal', value: 'l4', effect: 'NoSchedule' }],
};

const host = (
  name: string,
  count: string,
  more: Partial<GpuHost['spec'] & GpuHost['status']> = {},
): GpuHost => {
  const { unschedulable = false, taints = [], ...status } = more;
  return {
    ...{ apiVersion: 'v1', kind: 'Node', metadata: { name, labels: { pool: 'l4', zone: 'a' } } },
    spec: { unschedulable, taints },
    status: {
      capacity: { cpu: '4', [GPU]: count },
      allocatable: { cpu: '4', [GPU]: count },
      conditions: [{ type: 'Ready', status: 'True' }],
      ...status,
    },
  };
};

const asks = (
  count?: number,
  restartPolicy?: string,
): { resources: { requests: Record<string, string> } } => ({
  resources: { requests: count === undefined ? { cpu: '100m' } : { [GPU]: String(count) } },
  ...(restartPolicy === undefined ? {} : { restartPolicy }),
});
const pod = (nodeName: string, spec: GpuHolder['spec']): GpuHolder => ({
  ...{ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p' } },
  spec: { nodeName, ...spec },
});
const holding = (nodeName: string, count: number): GpuHolder =>
  pod(nodeName, { containers: [asks(count), asks()] });

/** nodes, perNode, total, taken, freePerNode */
const counts = (nodes: GpuHost[], pods: GpuHolder[] = [], of = l4): number[] => {
  const [{ gpuClass, ...said } = {} as GpuSupply] = countSupply([of], nodes, pods);
  expect(gpuClass).toBe(of.name);
  return [said.nodes, said.perNode, said.total, said.taken, said.freePerNode];
};

it.each<[string, GpuHost[], GpuHolder[], number[]]>([
  ['nothing', [], [], [0, 0, 0, 0, 0]],
  ['all that is free', [host('a', '4'), host('b', '2')], [], [2, 4, 6, 0, 4]],
  ['what pods hold, node by node', [host('a', '4'), host('b', '2')], [holding('a', 3)], [2, 4, 6, 3, 2]],
  ['not what pods of other nodes hold', [host('a', '4')], [holding('z', 3), holding('', 1)], [1, 4, 4, 0, 4]],
  ['no more as taken than there is', [host('a', '1'), host('b', '2')], [holding('a', 3)], [2, 2, 3, 1, 2]],
  [
    'a node whose GPUs are broken as away',
    [host('a', '4', { allocatable: { [GPU]: '0' } })],
    [],
    [1, 4, 0, 0, 0],
  ],
  ['a node without GPUs as none', [host('a', '0')], [], [0, 0, 0, 0, 0]],
  ['a cordoned node as away', [host('a', '4', { unschedulable: true }), host('b', '1')], [], [2, 4, 1, 0, 1]],
  [
    'a node that is not ready as away',
    [host('a', '4', { conditions: [{ type: 'Ready', status: 'Unknown' }] })],
    [],
    [1, 4, 0, 0, 0],
  ],
  ['a node that says nothing of itself as away', [host('a', '4', { conditions: [] })], [], [1, 4, 0, 0, 0]],
  [
    'a taint that the class tolerates',
    [host('a', '4', { taints: [{ key: 'gpu', value: 'l4', effect: 'NoSchedule' }] })],
    [],
    [1, 4, 4, 0, 4],
  ],
  [
    'one that only makes others preferred',
    [host('a', '4', { taints: [{ key: 'x', effect: 'PreferNoSchedule' }] })],
    [],
    [1, 4, 4, 0, 4],
  ],
  [
    'one that Kubernetes tolerates itself',
    [host('a', '4', { taints: [{ key: 'node.kubernetes.io/memory-pressure', effect: 'NoSchedule' }] })],
    [],
    [1, 4, 4, 0, 4],
  ],
  ...(['value', 'key', 'effect'] as const).map((part): [string, GpuHost[], GpuHolder[], number[]] => [
    `one of another ${part} as away`,
    [
      host('a', '4', {
        taints: [
          {
            key: part === 'key' ? 'other' : 'gpu',
            value: part === 'value' ? 'h100' : 'l4',
            effect: part === 'effect' ? 'NoExecute' : 'NoSchedule',
          },
        ],
      }),
    ],
    [],
    [1, 4, 0, 0, 0],
  ]),
  [
    'what a start needs at a time, where that is more',
    [host('a', '8')],
    [pod('a', { initContainers: [asks(5), asks(2)], containers: [asks(1)] })],
    [1, 8, 8, 5, 3],
  ],
  [
    'what runs beside, from when it was started on',
    [host('a', '8')],
    [pod('a', { initContainers: [asks(2), asks(1, 'Always'), asks(3)], containers: [asks(1)] })],
    [1, 8, 8, 4, 4],
  ],
])('counts %s', (_what, nodes, pods, expected) => expect(counts(nodes, pods)).toEqual(expected));

it('counts nodes that have all labels of a class, with these values, by what the class is offered as', () => {
  const nodes = [host('a', '4')];
  const of = (more: Partial<OfferedGpus>): OfferedGpus => ({ ...l4, name: 'x', ...more });
  expect(counts(nodes, [], of({ nodeLabels: { pool: 'l4', zone: 'a' } }))[0]).toBe(1);
  expect(counts(nodes, [], of({ nodeLabels: { pool: 'l4', zone: 'b' } }))[0]).toBe(0);
  expect(counts(nodes, [], of({ nodeLabels: { pool: 'l4', rack: '1' } }))[0]).toBe(0);
  expect(counts(nodes, [], of({ resource: 'amd.com/gpu' }))[0]).toBe(0);
});

it('counts a class that tolerates everything on every node that is ready', () => {
  const tainted = host('a', '4', { taints: [{ key: 'any', effect: 'NoExecute' }] });
  expect(counts([tainted], [], { ...l4, tolerations: [{ operator: 'Exists' }] })).toEqual([1, 4, 4, 0, 4]);
});
