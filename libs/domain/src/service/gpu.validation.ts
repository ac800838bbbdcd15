import type { GpuClass } from '../cluster/gpu-class.js';
import { TowpathError, type Violation } from '../error.js';
import { violationOf } from '../name.js';
import { validateNumber } from './number.validation.js';
import { BOUNDS } from './service.defaults.js';
import type { Resources, Template, TrafficTarget } from './service.types.js';
import { followsLatest } from './traffic.rules.js';

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
  const { gpus = 0, gpuClass, cpuMillis, memoryMiB } = resources;
  if (gpuClass === undefined) return [];
  const found = classes.find(({ name }) => name === gpuClass);
  if (found === undefined) {
    const names = classes.map(({ name }) => name).sort();
    const there = names.length === 0 ? 'the operator offers none' : `there are ${names.join(', ')}`;
    return [{ field: `${FIELD}.gpuClass`, message: `there is no such class; ${there}` }];
  }
  const { minCpuMillis = 0, minMemoryMiB = 0, maxGpus = BOUNDS.gpus.maximum } = found;
  const most = `must be at most ${maxGpus} with ${gpuClass}: its largest node has no more`;
  const least = (atLeast: number): string => `must be at least ${atLeast} with ${gpuClass}`;
  return [
    ...violationOf(`${FIELD}.gpus`, gpus > maxGpus ? most : undefined),
    ...violationOf(`${FIELD}.cpuMillis`, cpuMillis < minCpuMillis ? least(minCpuMillis) : undefined),
    ...violationOf(`${FIELD}.memoryMiB`, memoryMiB < minMemoryMiB ? least(minMemoryMiB) : undefined),
  ];
}

/**
 * GPUs that a service may hold at a time: those of an instance, times the most of them, in each region. Its newest revision
 * counts where traffic follows it: without percent and tag no request reaches it, and nothing of it runs.
 * @param named the same, in one region, of all others that its traffic names
 */
export function gpusHeld({ template, traffic, regions = [] }: GpuUse, named: number): number {
  const { resources, maxInstances } = template;
  const newest = followsLatest(traffic) ? (resources.gpus ?? 0) * maxInstances : 0;
  return (newest + named) * Math.max(1, regions.length);
}

/** What of a service says how many GPUs it may hold. */
export interface GpuUse {
  template: Pick<Template, 'resources' | 'maxInstances'>;
  traffic: readonly TrafficTarget[];
  regions?: readonly string[];
}

/**
 * Refuses what does not fit into the quota of GPUs of an organization.
 * @param used what its other services may hold
 * @param field what asks for them
 * @throws TowpathError FAILED_PRECONDITION
 */
export function checkGpuQuota(asked: number, used: number, quota: number, field: string): void {
  if (used + asked <= quota) return;
  const left = Math.max(0, quota - used);
  const message = `The organization may hold ${quota} GPUs: its other services may hold ${used}, and this one asks for ${asked} (gpus times maxInstances, of each revision with traffic or a tag, in each region).`;
  throw new TowpathError('FAILED_PRECONDITION', message, {
    violations: [
      { field, message: `gpus times maxInstances, of all revisions and regions, must not be above ${left}` },
    ],
    nextStep:
      'Lower gpus or maxInstances, of this service or of another, name fewer revisions in traffic, or ask the operator for a larger quota.',
  });
}
