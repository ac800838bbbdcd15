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
  { resources: { gpus = 0, gpuClass }, gpuNodes }: TargetRevision,
  ready: KnativeCondition | undefined,
  { waiting: waits, supply }: GpuState,
): Readiness | undefined {
  if (gpuClass === undefined || gpuNodes === undefined || ready?.reason !== 'Unschedulable') return undefined;
  const line = waits > 1 ? ` ${waits} instances wait for one.` : '';
  if (supply !== undefined && supply.nodes > 0 && gpus > supply.perNode) return tooSmall(gpus, supply);
  const lack = gpuLack(ready.message ?? '', gpuNodes.resource);
  if (lack === 'gpus')
    return waiting(GPUS_TAKEN, `${takenOf(gpuClass, gpus, supply)}; it waits for one.${line}`);
  const nodes = `No node with GPUs of class ${gpuClass} has room for an instance`;
  return lack === 'more'
    ? waiting(GPU_NODES_FULL, `${nodes}: GPUs are taken, and CPU, memory or places as well; it waits.${line}`)
    : waiting('NoGpuNode', `${nodes}; it waits for one.${line}`);
}

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
