import { supplyOf, type GpuSupply, type Target, type TargetRevision } from '#libs/domain';
import { LABELS } from './knative.names.js';
import { conditionOf, type Pod } from './knative.types.js';

/** By which instances of a class are counted. */
export function gpuLabels({ resources: { gpuClass } }: TargetRevision): Record<string, string> {
  return gpuClass === undefined ? {} : { [LABELS.gpuClass]: gpuClass };
}

/** Whether the target does not say yet where the GPUs are that the revision holds: it must not run without them. */
export function lacksGpuNodes({ resources: { gpus }, gpuNodes }: TargetRevision): boolean {
  return gpus !== undefined && gpuNodes === undefined;
}

/** Nodes of the class only, whatever keeps others away from them. */
export function gpuPlace({ gpuNodes }: TargetRevision): Record<string, unknown> {
  if (gpuNodes === undefined) return {};
  const { nodeLabels, tolerations } = gpuNodes;
  return { nodeSelector: nodeLabels, ...(tolerations.length === 0 ? {} : { tolerations }) };
}

/** Kubernetes takes devices as limits, and reserves as many. */
export function gpuLimits({ resources: { gpus }, gpuNodes }: TargetRevision): Record<string, string> {
  return gpus === undefined || gpuNodes === undefined ? {} : { [gpuNodes.resource]: String(gpus) };
}

/** Whether an instance that holds GPUs has no node yet. */
export const waitsForGpus = ({ metadata, status }: Pod): boolean =>
  metadata.labels?.[LABELS.gpuClass] !== undefined &&
  metadata.deletionTimestamp === undefined &&
  conditionOf(status?.conditions, 'PodScheduled')?.status === 'False';

/** What is known in a cluster of the GPUs of a class. */
export interface GpuState {
  /** How many instances of the class no node has taken yet. */
  waiting: number;
  /** Absent: it was not counted. */
  supply?: GpuSupply;
}

/** Of the class of a revision; pods are only looked at for one that holds GPUs. */
export function gpuState(
  pods: () => readonly Pod[],
  supplies: readonly GpuSupply[] | undefined,
  { resources: { gpuClass } }: TargetRevision,
): GpuState {
  if (gpuClass === undefined) return { waiting: 0 };
  const isOf = ({ metadata }: Pod): boolean => metadata.labels?.[LABELS.gpuClass] === gpuClass;
  const supply = supplyOf(supplies, gpuClass);
  const waiting = pods().filter((pod) => isOf(pod) && waitsForGpus(pod)).length;
  return { waiting, ...(supply === undefined ? {} : { supply }) };
}

/**
 * What the words of the scheduler say that nodes of a class lack: only GPUs, or more as well, there or on others of them;
 * undefined: not GPUs. Which node lacks what they do not tell.
 */
export function gpuLack(message: string, resource: string): 'gpus' | 'more' | undefined {
  const [lacks = ''] = message.split(' preemption:');
  const things = [...lacks.matchAll(/Insufficient (\S+?)[.,]?(?=\s|$)/g)].map(([, thing]) => thing);
  if (!things.includes(resource)) return undefined;
  return lacks.includes('Too many pods') || things.some((thing) => thing !== resource) ? 'more' : 'gpus';
}

/** What nodes offer the GPUs of a project's services as. @param targets those of the project */
export function gpuResourcesOf(targets: readonly Target[]): string[] {
  const revisions = targets.flatMap((one) => one.revisions);
  return [...new Set(revisions.flatMap(({ gpuNodes }) => gpuNodes?.resource ?? []))].sort();
}
