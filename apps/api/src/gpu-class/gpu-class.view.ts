import type { GpuClass } from '#libs/domain';
import { z } from 'zod';
import { iso } from '../call/scalars.js';

export const operatorSchema = z.enum(['Exists', 'Equal']).meta({ id: 'TolerationOperator' });
export const effectSchema = z
  .enum(['NoSchedule', 'PreferNoSchedule', 'NoExecute'])
  .meta({ id: 'TaintEffect' });

export const gpuClassView = z
  .object({
    id: z.string(),
    name: z.string(),
    resource: z.string().describe('The extended resource that its nodes offer.'),
    nodeLabels: z
      .array(z.object({ name: z.string(), value: z.string() }).meta({ id: 'NodeLabel' }))
      .describe('All of them are on each of its nodes.'),
    tolerations: z
      .array(
        z
          .object({
            key: z.string().optional(),
            operator: operatorSchema,
            value: z.string().optional(),
            effect: effectSchema.optional(),
          })
          .meta({ id: 'Toleration' }),
      )
      .describe('What keeps others away from its nodes.'),
    minCpuMillis: z.int().optional().describe('Thousandths of a CPU that an instance needs at least.'),
    minMemoryMiB: z.int().optional(),
    maxGpus: z.int().optional().describe('GPUs that an instance may hold at most.'),
    createdAt: z.string(),
  })
  .meta({
    id: 'GpuClass',
    description: 'A kind of GPU that is offered by name, and the nodes that have it.',
  });

export function showGpuClass(gpuClass: GpuClass): z.infer<typeof gpuClassView> {
  const { nodeLabels, createdAt, tolerations, ...rest } = gpuClass;
  return {
    ...rest,
    nodeLabels: Object.entries(nodeLabels).map(([name, value]) => ({ name, value })),
    tolerations: tolerations.map((toleration) => ({ ...toleration })),
    createdAt: iso(createdAt),
  };
}
