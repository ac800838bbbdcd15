import { CONTAINERS } from '../cluster/cluster.rules.js';
import type { Cluster } from '../cluster/cluster.types.js';
import { GPUS, lacksGpus, type GpuClass } from '../cluster/gpu-class.js';
import { containerFields } from '../service/container.rules.js';
import type { RevisionSpec } from '../service/service.types.js';

/** What the agents of clusters that run a revision must be able to do. */
export function neededCapabilities(spec: RevisionSpec): string[] {
  return [
    ...(containerFields(spec).length > 0 ? [CONTAINERS] : []),
    ...(spec.resources.gpus === undefined ? [] : [GPUS]),
  ];
}

/**
 * Whether a cluster can run a revision, as far as is known: its agent can, and it may have nodes of the GPU class.
 * @param served classes that it ran before: nodes that are away come back
 */
export function canRun(
  spec: RevisionSpec,
  cluster: Pick<Cluster, 'capabilities' | 'found'>,
  gpuClasses: readonly GpuClass[],
  served: readonly string[] = [],
): boolean {
  if (!neededCapabilities(spec).every((one) => cluster.capabilities.includes(one))) return false;
  if (spec.resources.gpus === undefined) return true;
  const gpuClass = gpuClasses.find(({ name }) => name === spec.resources.gpuClass);
  return gpuClass !== undefined && (served.includes(gpuClass.name) || !lacksGpus(cluster, gpuClass));
}
