import type { GpuSupply, OfferedGpus, Toleration } from '#libs/domain';
import type { KubeObject } from '#libs/kube';
import { conditionOf, type KnativeCondition } from './knative.types.js';

type Quantities = Record<string, string>;

interface Taint {
  key: string;
  value?: string;
  effect: 'NoSchedule' | 'PreferNoSchedule' | 'NoExecute';
}

/** The parts of a Node by which GPUs are counted. */
export interface GpuHost extends KubeObject {
  spec?: { unschedulable?: boolean; taints?: Taint[] };
  status?: { capacity?: Quantities; allocatable?: Quantities; conditions?: KnativeCondition[] };
}

export interface Container {
  resources?: { requests?: Quantities };
  restartPolicy?: string;
}

/** The parts of any pod by which it is counted what it holds of its node. */
export interface GpuHolder extends KubeObject {
  spec?: { nodeName?: string; containers?: Container[]; initContainers?: Container[] };
}

/** What nodes have of each class, as the scheduler counts. @param pods all that a node has taken and that are not over */
export function countSupply(
  classes: readonly OfferedGpus[],
  nodes: readonly GpuHost[],
  pods: readonly GpuHolder[],
): GpuSupply[] {
  const held = new Map<string, GpuHolder[]>();
  for (const pod of pods) {
    const node = pod.spec?.nodeName ?? '';
    held.set(node, [...(held.get(node) ?? []), pod]);
  }
  return classes.map((one) => countOf(one, hostsOf(one, nodes), held));
}

/** Nodes that have GPUs of the class, also those that are away. */
export function hostsOf({ resource, nodeLabels }: OfferedGpus, nodes: readonly GpuHost[]): GpuHost[] {
  const labels = Object.entries(nodeLabels);
  return nodes.filter(
    (node) =>
      labels.every(([name, value]) => node.metadata.labels?.[name] === value) && mostOf(node, resource) > 0,
  );
}

function countOf(
  { name, resource, tolerations }: OfferedGpus,
  hosts: readonly GpuHost[],
  held: ReadonlyMap<string, readonly GpuHolder[]>,
): GpuSupply {
  const counts = hosts
    .filter((host) => takesInstances(host, tolerations))
    .map(({ metadata, status }) => {
      const total = whole(status?.allocatable?.[resource]);
      const pods = held.get(metadata.name) ?? [];
      return { total, taken: Math.min(total, sum(pods.map((pod) => heldBy(pod, resource)))) };
    });
  return {
    gpuClass: name,
    nodes: hosts.length,
    perNode: Math.max(0, ...hosts.map((host) => mostOf(host, resource))),
    total: sum(counts.map(({ total }) => total)),
    taken: sum(counts.map(({ taken }) => taken)),
    freePerNode: Math.max(0, ...counts.map(({ total, taken }) => total - taken)),
  };
}

/** What it has when all of them are well: a node that comes back offers none at first. */
const mostOf = ({ status }: GpuHost, resource: string): number =>
  Math.max(whole(status?.capacity?.[resource]), whole(status?.allocatable?.[resource]));

function takesInstances({ spec, status }: GpuHost, tolerations: readonly Toleration[]): boolean {
  return (
    spec?.unschedulable !== true &&
    conditionOf(status?.conditions, 'Ready')?.status === 'True' &&
    (spec?.taints ?? []).every(
      (taint) =>
        taint.effect === 'PreferNoSchedule' ||
        [...tolerations, TOLERATED].some((toleration) => tolerates(toleration, taint)),
    )
  );
}

/** Kubernetes gives it to every pod that reserves anything. */
const TOLERATED: Toleration = { key: 'node.kubernetes.io/memory-pressure', operator: 'Exists' };

function tolerates({ key, operator, value = '', effect }: Toleration, taint: Taint): boolean {
  if (effect !== undefined && effect !== taint.effect) return false;
  if (key !== undefined && key !== taint.key) return false;
  return operator === 'Exists' || value === (taint.value ?? '');
}

/** Its containers together, or what its start needs at a time, whichever is more. */
function heldBy({ spec }: GpuHolder, resource: string): number {
  const of = ({ resources }: Container): number => whole(resources?.requests?.[resource]);
  let beside = 0;
  let starting = 0;
  for (const container of spec?.initContainers ?? []) {
    if (container.restartPolicy === 'Always') beside += of(container);
    else starting = Math.max(starting, beside + of(container));
  }
  return Math.max(starting, beside + sum((spec?.containers ?? []).map(of)));
}

const sum = (numbers: readonly number[]): number => numbers.reduce((all, one) => all + one, 0);

/** Devices are whole. */
function whole(quantity: string | undefined): number {
  const number = Number(quantity ?? 0);
  return Number.isInteger(number) && number > 0 ? number : 0;
}
