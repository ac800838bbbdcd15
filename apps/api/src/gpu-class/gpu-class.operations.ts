import {
  BOUNDS,
  GPU_LIMITS,
  keyProblem,
  labelProblem,
  labelValueProblem,
  resourceProblem,
} from '#libs/domain';
import { z } from 'zod';
import { defineCommand, defineQuery } from '../call/definition.js';
import { definePage } from '../call/page.js';
import { bounded, reference, ruledText } from '../call/scalars.js';
import { createGpuClass, deleteGpuClass } from './gpu-class.commands.js';
import { getGpuClass, listGpuClasses } from './gpu-class.queries.js';
import { effectSchema, gpuClassView, operatorSchema } from './gpu-class.view.js';

const gpuClass = reference('Name or id of the GPU class.');
const key = ruledText(keyProblem);
const value = ruledText(labelValueProblem);
const nodeLabels = z
  .array(z.strictObject({ name: key, value }).meta({ id: 'NodeLabelInput' }))
  .max(GPU_LIMITS.nodeLabels)
  .describe('All of them are on each node of the class, with exactly these values.');
const tolerations = z
  .array(
    z
      .strictObject({
        key: key.exactOptional(),
        operator: operatorSchema.default('Exists'),
        value: value.exactOptional(),
        effect: effectSchema.exactOptional(),
      })
      .meta({ id: 'TolerationInput' }),
  )
  .max(GPU_LIMITS.tolerations)
  .describe('Of the taints that keep others away from its nodes.');

export const gpuClassOperations = [
  definePage({
    name: 'gpuClasses.list',
    permission: 'cluster.read',
    rest: { method: 'GET', path: '/v1/gpu-classes', status: 200 },
    graphql: 'gpuClasses',
    summary: 'GPU classes of the installation (platform operators).',
    input: z.strictObject({}),
    item: gpuClassView,
    key: 'id',
    handler: (call, _input, page) => listGpuClasses(call, page),
  }),
  defineCommand({
    name: 'gpuClasses.create',
    permission: 'cluster.write',
    rest: { method: 'POST', path: '/v1/gpu-classes', status: 201 },
    graphql: 'createGpuClass',
    summary: 'Offer a kind of GPU by name; it never changes (platform operators).',
    input: z.strictObject({
      name: ruledText((text) => labelProblem(text, GPU_LIMITS.nameCharacters)),
      resource: ruledText(resourceProblem).optional().describe('What nodes offer them as; `nvidia.com/gpu`.'),
      nodeLabels,
      tolerations: tolerations.optional(),
      minCpuMillis: bounded(BOUNDS.cpuMillis).optional().describe('What an instance needs at least.'),
      minMemoryMiB: bounded(BOUNDS.memoryMiB).optional(),
      maxGpus: bounded(BOUNDS.gpus)
        .optional()
        .describe('GPUs that an instance may hold at most: what the largest node has, or will have.'),
    }),
    output: gpuClassView,
    handler: createGpuClass,
  }),
  defineQuery({
    name: 'gpuClasses.get',
    permission: 'cluster.read',
    rest: { method: 'GET', path: '/v1/gpu-classes/{gpuClass}', status: 200 },
    graphql: 'gpuClass',
    summary: 'One GPU class (platform operators).',
    input: z.strictObject({ gpuClass }),
    output: gpuClassView,
    handler: getGpuClass,
  }),
  defineCommand({
    name: 'gpuClasses.delete',
    permission: 'cluster.write',
    rest: { method: 'DELETE', path: '/v1/gpu-classes/{gpuClass}', status: 200 },
    graphql: 'deleteGpuClass',
    summary: 'Delete a GPU class that no service uses (platform operators).',
    input: z.strictObject({ gpuClass }),
    output: gpuClassView,
    handler: deleteGpuClass,
  }),
];
