import type { GpuClass } from '../cluster/gpu-class.js';
import type { Violation } from '../error.js';
import { violationOf } from '../name.js';
import { validateNumber } from './number.validation.js';
import { BOUNDS } from './service.defaults.js';
import type { Resources } from './service.types.js';

const FIELD = 'template.resources';

/** A number of GPUs and their class are given together. */
export function validateGpus({ gpus, gpuClass }: Resources): Violation[] {
  const without = gpuClass !== undefined && gpus === undefined;
  const nameless = gpus !== undefined && gpuClass === undefined;
  return [
    ...(gpus === undefined ? [] : validateNumber(`${FIELD}.gpus`, gpus, BOUNDS.gpus)),
    ...violationOf(`${FIELD}.gpus`, without ? 'must say how many of its class an instance holds' : undefined),
    ...violationOf(`${FIELD}.gpuClass`, nameless ? 'must say of which class the GPUs are' : undefined),
  ];
}

/** Why GPUs that are asked for are not given: classes are what the operator defined. */
export function validateGpuUse(resources: Resources, classes: readonly GpuClass[]): Violation[] {
  const { gpuClass, cpuMillis, memoryMiB } = resources;
  if (gpuClass === undefined) return [];
  const found = classes.find(({ name }) => name === gpuClass);
  if (found === undefined) {
    const names = classes.map(({ name }) => name).sort();
    const there = names.length === 0 ? 'the operator offers none' : `there are ${names.join(', ')}`;
    return [{ field: `${FIELD}.gpuClass`, message: `there is no such class; ${there}` }];
  }
  const { minCpuMillis = 0, minMemoryMiB = 0 } = found;
  const least = (atLeast: number): string => `must be at least ${atLeast} with ${gpuClass}`;
  return [
    ...violationOf(`${FIELD}.cpuMillis`, cpuMillis < minCpuMillis ? least(minCpuMillis) : undefined),
    ...violationOf(`${FIELD}.memoryMiB`, memoryMiB < minMemoryMiB ? least(minMemoryMiB) : undefined),
  ];
}
