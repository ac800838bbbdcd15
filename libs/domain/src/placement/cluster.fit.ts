import { CONTAINERS, SIDECARS, SIDECAR_FILES } from '../cluster/cluster.rules.js';
import type { Cluster } from '../cluster/cluster.types.js';
import { GPUS, lacksGpus, type GpuClass } from '../cluster/gpu-class.js';
import { SANDBOXED } from '../cluster/runtime-tier.js';
import type { Id } from '../id.js';
import { containerFields } from '../service/container.rules.js';
import type { RevisionSpec } from '../service/service.types.js';

/** What the agents of clusters that run a revision must be able to do. */
export function neededCapabilities(spec: RevisionSpec): string[] {
  return [
    ...(containerFields(spec).length > 0 ? [CONTAINERS] : []),
    ...(spec.sidecars === undefined ? [] : [SIDECARS]),
    ...(spec.sidecars?.some(({ files }) => files !== undefined) ? [SIDECAR_FILES] : []),
    ...(spec.runtimeTier === 'sandboxed' ? [SANDBOXED] : []),
    ...(spec.resources.gpus === undefined ? [] : [GPUS]),
  ];
}

/** Where revisions with GPUs of a class, by its name, served: nodes that are away there come back. */
export type GpusServed = readonly { clusterId: Id<'cls'>; gpuClass: string }[];

/** Whether a cluster has GPUs of the class, or may: what it is not known to lack, and what served there. */
export function mayHaveGpus(
  cluster: Pick<Cluster, 'id' | 'found'>,
  gpuClass: GpuClass,
  served: GpusServed,
): boolean {
  return (
    !lacksGpus(cluster, gpuClass) ||
    served.some((one) => one.clusterId === cluster.id && one.gpuClass === gpuClass.name)
  );
}

/** Whether a cluster can run a revision, as far as is known: its agent can, and it may have GPUs of the class. */
export function canRun(
  spec: RevisionSpec,
  cluster: Pick<Cluster, 'id' | 'capabilities' | 'found'>,
  gpuClasses: readonly GpuClass[],
  served: GpusServed,
): boolean {
  if (!neededCapabilities(spec).every((one) => cluster.capabilities.includes(one))) return false;
  if (spec.resources.gpus === undefined) return true;
  const gpuClass = gpuClasses.find(({ name }) => name === spec.resources.gpuClass);
  return gpuClass !== undefined && mayHaveGpus(cluster, gpuClass, served);
}
