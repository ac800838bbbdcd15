import type { GpuClassView } from '../../client/cluster.types.js';
import { listCommand } from '../../list.command.js';
import { labelsOf, leastOf } from './describe.js';

/** `tow gpu-classes list` (platform operator) */
export const gpuClassesList = listCommand<GpuClassView>({
  calls: ['GET /v1/gpu-classes'],
  address: () => Promise.resolve('/v1/gpu-classes'),
  columns: {
    ID: ({ id }) => id,
    NAME: ({ name }) => name,
    RESOURCE: ({ resource }) => resource,
    'NODE LABELS': labelsOf,
    'AT LEAST': leastOf,
  },
  nothing: 'No GPU class yet. Make one: tow gpu-classes create NAME --node-labels key=value',
});
