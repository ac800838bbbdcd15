import { randomBytes } from 'node:crypto';
import type { Step } from './faces.step.js';

/** What operators do to clusters, and to the GPUs they offer. */
export const CLUSTER_COMMANDS: Record<string, Step> = {
  'clusters.create': {
    operator: true,
    fields: () => ({ name: `c-${randomBytes(4).toString('hex')}`, runtime: 'local', region: 'here' }),
    made: (answer, twin) => (twin['cluster'] = String(answer['id'])),
  },
  'clusters.cordon': { operator: true, fields: (twin) => ({ cluster: twin['cluster'] }) },
  'clusters.drain': { operator: true, fields: (twin) => ({ cluster: twin['cluster'] }) },
  'clusters.uncordon': { operator: true, fields: (twin) => ({ cluster: twin['cluster'] }) },
  'clusters.setPrice': {
    operator: true,
    fields: (twin) => ({ cluster: twin['cluster'], currency: 'USD', vcpuSecond: '0.00001', gibSecond: '0' }),
  },
  'clusters.remove': { operator: true, fields: (twin) => ({ cluster: twin['spare'] }) },
  'clusters.createJoinToken': { operator: true, fields: (twin) => ({ cluster: twin['cluster'] }) },
  'gpuClasses.create': {
    operator: true,
    fields: () => ({
      name: `c-${randomBytes(4).toString('hex')}`,
      nodeLabels: [{ name: 'nvidia.com/gpu.product', value: 'NVIDIA-L4' }],
      tolerations: [{ key: 'nvidia.com/gpu', operator: 'Exists' }],
      minCpuMillis: 4000,
      maxGpus: 8,
    }),
    made: (answer, twin) => (twin['gpuClass'] = String(answer['id'])),
  },
  'gpuClasses.delete': { operator: true, fields: (twin) => ({ gpuClass: twin['unusedGpuClass'] }) },
};
