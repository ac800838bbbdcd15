import {
  GPU_RESOURCE,
  TowpathError,
  refuseIfAny,
  validateGpuClass,
  type GpuClass,
  type Toleration,
} from '#libs/domain';
import { countGpuClassServices, deleteGpuClass as deleteStored, insertGpuClass } from '#libs/store';
import type { CommandCall } from '../call/call.js';
import { gpuClassOf } from './gpu-class.queries.js';
import { showGpuClass } from './gpu-class.view.js';

interface NewGpuClass {
  name: string;
  resource?: string | undefined;
  nodeLabels: { name: string; value: string }[];
  tolerations?: Toleration[] | undefined;
  minCpuMillis?: number | undefined;
  minMemoryMiB?: number | undefined;
  maxGpus?: number | undefined;
}

/** Offers a kind of GPU by name. @throws TowpathError INVALID_ARGUMENT naming every wrong field; ALREADY_EXISTS */
export async function createGpuClass(
  call: CommandCall,
  input: NewGpuClass,
): Promise<ReturnType<typeof showGpuClass>> {
  const { name, resource = GPU_RESOURCE, nodeLabels, tolerations = [] } = input;
  const { minCpuMillis, minMemoryMiB, maxGpus } = input;
  refuseIfAny(validateGpuClass(nodeLabels, tolerations));
  const gpuClass: GpuClass = {
    ...{ id: call.newId('gpc'), name, resource, tolerations, createdAt: call.now },
    nodeLabels: Object.fromEntries(nodeLabels.map((label) => [label.name, label.value])),
    ...(minCpuMillis === undefined ? {} : { minCpuMillis }),
    ...(minMemoryMiB === undefined ? {} : { minMemoryMiB }),
    ...(maxGpus === undefined ? {} : { maxGpus }),
  };
  await insertGpuClass(call.tx, gpuClass, call.actor.id);
  await call.audit(gpuClass.id, { after: { name, resource, nodeLabels: gpuClass.nodeLabels } });
  return showGpuClass(gpuClass);
}

/** Takes a class away. @throws TowpathError FAILED_PRECONDITION while a service uses it */
export async function deleteGpuClass(
  call: CommandCall,
  input: { gpuClass: string },
): Promise<ReturnType<typeof showGpuClass>> {
  const gpuClass = await gpuClassOf(call, input.gpuClass);
  const services = await countGpuClassServices(call.tx, gpuClass);
  if (services > 0) throw isUsed(gpuClass, `${services} service${services === 1 ? ' uses' : 's use'} it`);
  await deleteStored(call.tx, gpuClass);
  await call.audit(gpuClass.id, { before: { name: gpuClass.name, resource: gpuClass.resource } });
  return showGpuClass(gpuClass);
}

function isUsed({ name }: GpuClass, how: string): TowpathError {
  return new TowpathError('FAILED_PRECONDITION', `GPU class ${name} cannot be deleted: ${how}.`, {
    violations: [{ field: 'gpuClass', message: how }],
    nextStep: 'A service uses it until it is deleted: its former revisions may be rolled back to.',
  });
}
