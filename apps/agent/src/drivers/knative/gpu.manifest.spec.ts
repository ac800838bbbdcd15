import type { Condition, GpuSupply, TargetRevision } from '#libs/domain';
import { gpuResourcesOf, gpuState } from './gpu.manifest.js';
import { revisionOf, seenRevision, settings, targetOf } from './knative.factory.rig.js';
import { LABELS } from './knative.names.js';
import { gpuNote, type GpuStart } from './gpu.release.js';
import type { KnativeRevision, Pod } from './knative.types.js';
import { readinessOf } from './revision.readiness.js';
import { serviceManifest } from './service.manifest.js';

const gpuNodes = {
  resource: 'nvidia.com/gpu',
  nodeLabels: { 'nvidia.com/gpu.product': 'NVIDIA-L4' },
  tolerations: [{ key: 'nvidia.com/gpu', operator: 'Exists' as const }],
};
const held = revisionOf('hello-00001', {
  resources: { cpuMillis: 4000, memoryMiB: 1024, gpus: 2, gpuClass: 'nvidia-l4' },
  gpuNodes,
});

it('instances with GPUs go to nodes of their class, are counted by it, and wait for long', () => {
  const { spec } = serviceManifest(targetOf([held]), held, [], settings) as unknown as {
    spec: { template: unknown };
  };
  expect(spec.template).toMatchObject({
    metadata: {
      labels: { [LABELS.gpuClass]: 'nvidia-l4' },
      annotations: { 'serving.knative.dev/progress-deadline': `${30 * 24 * 3600 + 60}s` },
    },
    spec: {
      nodeSelector: gpuNodes.nodeLabels,
      tolerations: gpuNodes.tolerations,
      containers: [{ resources: { limits: { cpu: '4', memory: '1Gi', 'nvidia.com/gpu': '2' } } }],
    },
  });
});

it('others are as they were', () => {
  const plain = revisionOf('hello-00001');
  const manifest = JSON.stringify(serviceManifest(targetOf([plain]), plain, [], settings));
  for (const word of ['nodeSelector', 'tolerations', LABELS.gpuClass]) expect(manifest).not.toContain(word);
  expect(manifest).toContain('"serving.knative.dev/progress-deadline":"160s"');
});

const TAKEN = '0/3 nodes are available: 1 Insufficient nvidia.com/gpu, 2 node(s) had untolerated taint(s).';
const FULL = `0/2 nodes are available: 1 Insufficient cpu, 1 Insufficient nvidia.com/gpu, 1 node(s) didn't match Pod's node affinity/selector. preemption: 0/2 nodes are available: 2 Preemption is not helpful for scheduling.`;
const CROWDED = '0/1 nodes are available: 1 Insufficient nvidia.com/gpu, 1 Too many pods.';
const SHARED = '0/1 nodes are available: 1 Insufficient nvidia.com/gpu.shared.';
const BUSY =
  '0/1 nodes are available: 1 Insufficient cpu. preemption: 0/1 nodes are available: 1 Insufficient nvidia.com/gpu.';
const NOWHERE = "0/3 nodes are available: 3 node(s) didn't match Pod's node affinity/selector.";

it.each([
  ['all are taken', TAKEN, 1, 'GpusTaken', /class nvidia-l4 in the cluster are taken; it waits for one\.$/],
  ['others wait as well', TAKEN, 3, 'GpusTaken', /3 instances wait for one\.$/],
  [
    'the same, and others cannot be ousted',
    `${TAKEN} preemption: 0/3 nodes are available.`,
    1,
    'GpusTaken',
    /./,
  ],
  ['more than GPUs lacks', FULL, 1, 'GpuNodesFull', /has room.*GPUs are taken, and CPU, memory or places/],
  ['places for instances lack as well', CROWDED, 2, 'GpuNodesFull', /2 instances wait for one\.$/],
  ['another resource lacks', SHARED, 1, 'NoGpuNode', /has room for an instance; it waits/],
  ['only CPU lacks', BUSY, 1, 'NoGpuNode', /has room for an instance; it waits/],
  ['no node has them', NOWHERE, 1, 'NoGpuNode', /No node with GPUs of class nvidia-l4/],
])('a start waits while %s', (_name, message, waits, reason, text) => {
  const seen = seenRevision('hello-00001', 'False', { reason: 'Unschedulable', message });
  const told = readinessOf(held, seen, [], () => undefined, undefined, { waiting: waits });
  expect(told).toMatchObject({ status: 'unknown', reason });
  expect(told.message).toMatch(text);
});

it.each<[string, Partial<GpuSupply> & { taken: number }, string, RegExp]>([
  [
    'none is free',
    { taken: 4, freePerNode: 0 },
    'GpusTaken',
    /are taken \(0 of 4 free\); it waits for one\. 3 inst/,
  ],
  [
    'too few are free on each node',
    { taken: 2, freePerNode: 1 },
    'GpusTaken',
    /has 2 GPUs of class nvidia-l4 left \(2 of 4 free, at most 1 on one\)/,
  ],
  ['they were counted before', { taken: 1, freePerNode: 2 }, 'GpusTaken', /cluster are taken; it waits/],
  [
    'every node is too small',
    { perNode: 1, taken: 0, freePerNode: 1 },
    'GpuNodesSmall',
    /has 2 GPUs of class nvidia-l4, the largest has 1; it waits for a larger one/,
  ],
  [
    'its nodes were away',
    { nodes: 0, perNode: 0, total: 0, taken: 0 },
    'GpusTaken',
    /are taken \(0 of 0 free/,
  ],
])('it is told how many there are: %s', (_name, some, reason, text) => {
  const supply: GpuSupply = {
    gpuClass: 'nvidia-l4',
    nodes: 2,
    perNode: 2,
    total: 4,
    freePerNode: 0,
    ...some,
  };
  const seen = seenRevision('hello-00001', 'False', { reason: 'Unschedulable', message: TAKEN });
  const told = readinessOf(held, seen, [], () => undefined, undefined, { waiting: 3, supply });
  expect(told).toMatchObject({ status: 'unknown', reason });
  expect(told.message).toMatch(text);
  expect(told.nextStep).toEqual(
    reason === 'GpuNodesSmall' ? (expect.stringContaining('Ask for 1 GPUs') as string) : undefined,
  );
});

it('is not started before the cluster is told where its GPUs are, and says so', () => {
  const { gpuNodes: _nodes, ...untold } = held;
  expect(readinessOf(untold, undefined, [], () => undefined)).toMatchObject({
    ...{ status: 'unknown', reason: 'NoGpuNode' },
    message: 'The cluster is not told yet where GPUs of class nvidia-l4 are; it waits for that.',
  });
});

it('counts instances of a class that no node has taken', () => {
  const pod = (gpuClass: string, status: 'True' | 'False', more: object = {}): Pod => ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'p', labels: { [LABELS.gpuClass]: gpuClass }, ...more },
    status: { conditions: [{ type: 'PodScheduled', status }] },
  });
  const pods = [
    pod('l4', 'False'),
    pod('l4', 'False'),
    pod('l4', 'True'),
    pod('h100', 'False'),
    pod('l4', 'False', { deletionTimestamp: '2026-01-01T00:00:00Z' }),
  ];
  const of = (gpuClass: string): TargetRevision =>
    revisionOf('a', { resources: { ...held.resources, gpuClass } });
  const supply = { ...{ gpuClass: 'h100', nodes: 1, perNode: 1 }, ...{ total: 1, taken: 1, freePerNode: 0 } };
  const states = [of('l4'), of('h100'), of('a'), revisionOf('plain')].map((one) =>
    gpuState(() => pods, [supply], one),
  );
  expect(states).toEqual([{ waiting: 2 }, { waiting: 1, supply }, { waiting: 0 }, { waiting: 0 }]);
  expect(gpuState(() => pods, undefined, of('h100'))).toEqual({ waiting: 1 });
});

it('a project is told what the GPUs of its own services are offered as', () => {
  const amd = revisionOf('amd', { gpuNodes: { ...gpuNodes, resource: 'amd.com/gpu' } });
  const targets = [targetOf([held, revisionOf('plain')]), targetOf([held])];
  expect(gpuResourcesOf(targets)).toEqual(['nvidia.com/gpu']);
  expect(gpuResourcesOf([...targets, targetOf([amd])])).toEqual(['amd.com/gpu', 'nvidia.com/gpu']);
  expect(gpuResourcesOf([targetOf([revisionOf('plain')])])).toEqual([]);
});

describe('a start with GPUs that fails', () => {
  const AT = '2026-11-22T10:00:00Z';
  const seen = seenRevision('hello-00001', 'False');
  const noted = (annotations: Record<string, string> = {}): KnativeRevision => ({
    ...seen,
    metadata: { ...seen.metadata, creationTimestamp: AT, annotations },
  });
  const told = (reason: string, status: Condition['status'] = 'false'): Condition => ({
    ...{ type: 'Ready', status, reason, message: 'It crashed.', nextStep: 'Mend it.', changedAt: 0 },
  });
  const podAt = (creationTimestamp: string, lastTransitionTime: string, startTime?: string): Pod => ({
    ...{ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p', creationTimestamp } },
    status: {
      ...(startTime === undefined ? {} : { startTime }),
      conditions: [{ type: 'Ready', status: 'False', lastTransitionTime }],
    },
  });
  const pod = podAt(AT, '2026-11-22T10:20:01Z', '2026-11-22T10:20:00Z');
  const unplaced = podAt(AT, AT);
  const ended = {
    'serving.knative.dev/progress-deadline': '1s',
    'towpath.dev/given-back': '{"reason":"CrashLoop","message":"It crashed.","nextStep":"Mend it."}',
  };
  const restarted = (restartCount: number, more: Partial<NonNullable<Pod['status']>> = {}): Pod => ({
    ...pod,
    status: { ...pod.status, containerStatuses: [{ name: 'app', ready: false, restartCount }], ...more },
  });
  const loop: GpuStart = {
    ...{ hasServed: false, isLate: false, told: told('CrashLoop'), pods: [restarted(3)] },
  };

  it.each<[string, TargetRevision, KnativeRevision | undefined, Partial<GpuStart>, object | undefined]>([
    ['for good', held, noted(), {}, ended],
    ['once', held, noted(), { told: told('ExitCode'), pods: [restarted(2)] }, undefined],
    ['too late', held, noted(), { isLate: true, pods: [pod] }, ended],
    [
      'with another reason at first',
      held,
      noted(),
      { told: told('ContainerNotCreated'), pods: [pod] },
      undefined,
    ],
    ['and its instance is evicted', held, noted(), { pods: [restarted(3, { phase: 'Failed' })] }, undefined],
    [
      'and its instance goes',
      held,
      noted(),
      { pods: [{ ...restarted(3), metadata: { ...pod.metadata, deletionTimestamp: AT } }] },
      undefined,
    ],
    ['not yet', held, noted(), { told: told('GpusTaken', 'unknown') }, undefined],
    [
      'without a GPU',
      held,
      noted(),
      { isLate: true, told: told('QuotaExceeded'), pods: [unplaced] },
      undefined,
    ],
    ['and needs none', revisionOf('plain'), noted(), {}, undefined],
    ['and is not made yet', held, undefined, {}, undefined],
    [
      'and served, as its instance tells',
      held,
      noted(),
      { isLate: true, pods: [podAt(AT, '2026-11-22T10:20:11Z', '2026-11-22T10:20:00Z')] },
      undefined,
    ],
    [
      'and served, before it was scaled to zero',
      held,
      noted(),
      { isLate: true, pods: [podAt('2026-11-22T10:01:00Z', '2026-11-22T10:01:01Z', '2026-11-22T10:01:00Z')] },
      undefined,
    ],
    ['and was answered', held, noted(), { hasServed: true }, undefined],
    ['twice', held, noted(ended), {}, undefined],
  ])('%s: what is noted', (_what, revision, there, start, note) => {
    expect(gpuNote(revision, there, { ...loop, ...start })).toEqual(note);
  });

  it('is noted in a few KB, whatever it wrote', () => {
    const long = { ...told('CrashLoop'), message: 'x'.repeat(300_000) };
    expect(JSON.stringify(gpuNote(held, noted(), { ...loop, told: long })).length).toBeLessThan(5000);
  });

  it('is told as it was, whatever Knative says of it afterwards', () => {
    const late = { reason: 'ProgressDeadlineExceeded', message: 'Initial scale was never achieved' };
    const there = { ...seenRevision('hello-00001', 'False', late), metadata: noted(ended).metadata };
    expect(readinessOf(held, there, [], () => undefined)).toEqual({
      ...{ type: 'Ready', status: 'false', reason: 'CrashLoop' },
      ...{ message: 'It crashed.\nIts GPUs were given back.', nextStep: 'Mend it.' },
    });
    const spoilt = { ...there, metadata: noted({ 'towpath.dev/given-back': '{"reason":7' }).metadata };
    expect(readinessOf(held, spoilt, [], () => undefined)).toMatchObject({
      status: 'false',
      reason: 'StartFailed',
    });
  });
});
