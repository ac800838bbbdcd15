import {
  GPUS_TAKEN,
  GPU_NODES_FULL,
  GPU_NODES_SMALL,
  type GpuSupply,
  type TargetRevision,
} from '#libs/domain';
import { gpuLack, type GpuState } from './gpu.manifest.js';
import type { KnativeCondition } from './knative.types.js';
import { waiting, type Readiness } from './readiness.rules.js';

/** Waiting for a GPU ends when somebody lets go of one, or a node comes: nobody has to deploy again. */
export function gpuWait(
  { resources, gpuNodes }: TargetRevision,
  ready: KnativeCondition | undefined,
  { waiting: waits, supply }: GpuState,
): Readiness | undefined {
  const { gpus = 0, gpuClass } = resources;
  if (gpuClass === undefined || gpuNodes === undefined || ready?.reason !== 'Unschedulable') return undefined;
  if (supply && isTooSmall(gpus, supply)) return tooSmall(gpus, supply);
  const line = othersOf(waits);
  const lack = gpuLack(ready.message ?? '', gpuNodes.resource);
  const nodes = `No node with GPUs of class ${gpuClass} has room for an instance`;
  if (lack === 'gpus')
    return waiting(GPUS_TAKEN, `${takenOf(gpuClass, gpus, supply)}; it waits for one.${line}`);
  if (lack === undefined) return waiting('NoGpuNode', `${nodes}; it waits for one.${line}`);
  const more = 'GPUs are taken, and CPU, memory or places as well';
  return waiting(GPU_NODES_FULL, `${nodes}: ${more}; it waits.${line}`);
}

const othersOf = (waits: number): string => (waits > 1 ? ` ${waits} instances wait for one.` : '');

const isTooSmall = (gpus: number, { nodes, perNode }: GpuSupply): boolean => nodes > 0 && gpus > perNode;

/** What was counted before the instance came says nothing about it. */
function takenOf(gpuClass: string, gpus: number, supply: GpuSupply | undefined): string {
  const all = `All GPUs of class ${gpuClass} in the cluster are taken`;
  if (supply === undefined || supply.freePerNode >= gpus) return all;
  const { total, taken, freePerNode } = supply;
  const free = `${total - taken} of ${total} free`;
  return taken === total
    ? `${all} (${free})`
    : `No node of the cluster has ${gpus} GPUs of class ${gpuClass} left (${free}, at most ${freePerNode} on one)`;
}

const tooSmall = (gpus: number, { gpuClass, perNode }: GpuSupply): Readiness => ({
  ...waiting(
    GPU_NODES_SMALL,
    `No node of the cluster has ${gpus} GPUs of class ${gpuClass}, the largest has ${perNode}; it waits for a larger one.`,
  ),
  nextStep: `Ask for ${perNode} GPUs an instance at most, or wait until the operator adds larger nodes.`,
});
