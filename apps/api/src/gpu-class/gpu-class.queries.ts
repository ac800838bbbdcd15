import type { GpuClass } from '#libs/domain';
import { findGpuClass, listGpuClasses as listStored, type PageRequest } from '#libs/store';
import type { Call } from '../call/call.js';
import { notFound } from '../call/not-found.js';
import { showGpuClass } from './gpu-class.view.js';

/** By name or id. */
export async function gpuClassOf(call: Call, id: string): Promise<GpuClass> {
  const found = await findGpuClass(call.tx, id);
  if (!found) throw notFound('GPU class');
  return found;
}

export async function getGpuClass(
  call: Call,
  { gpuClass }: { gpuClass: string },
): Promise<ReturnType<typeof showGpuClass>> {
  return showGpuClass(await gpuClassOf(call, gpuClass));
}

export async function listGpuClasses(
  call: Call,
  page: PageRequest,
): Promise<ReturnType<typeof showGpuClass>[]> {
  return (await listStored(call.tx, page)).map(showGpuClass);
}
