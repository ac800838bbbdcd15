import type { GpuClassView } from '../../client/cluster.types.js';
import { path } from '../../client/path.js';
import { defineCommand } from '../../command.js';

/** `tow gpu-classes describe NAME` (platform operator) */
export const gpuClassesDescribe = defineCommand<[string], object>({
  calls: ['GET /v1/gpu-classes/{gpuClass}'],
  declare(command) {
    command.argument('<class>', 'its name or id');
  },
  async run(tow, [id]) {
    const one = await (await tow.client()).get<GpuClassView>(path`/v1/gpu-classes/${id}`);
    tow.out.thing(one, {
      Id: one.id,
      Name: one.name,
      Resource: one.resource,
      'Node labels': labelsOf(one),
      Tolerations: one.tolerations.map(taintOf).join(', '),
      'At least': leastOf(one),
      'GPUs at most': one.maxGpus,
      Created: one.createdAt,
    });
    return undefined;
  },
});

export function labelsOf({ nodeLabels }: GpuClassView): string {
  return nodeLabels.map(({ name, value }) => `${name}=${value}`).join(', ');
}

/** What an instance with one of its GPUs needs at least. */
export function leastOf({ minCpuMillis, minMemoryMiB }: GpuClassView): string {
  const cpu = minCpuMillis === undefined ? [] : [`${minCpuMillis}m CPU`];
  const memory = minMemoryMiB === undefined ? [] : [`${minMemoryMiB} MiB`];
  return [...cpu, ...memory].join(', ');
}

function taintOf({ key = '*', value, effect }: GpuClassView['tolerations'][number]): string {
  return `${key}${value === undefined ? '' : `=${value}`}${effect === undefined ? '' : `:${effect}`}`;
}
