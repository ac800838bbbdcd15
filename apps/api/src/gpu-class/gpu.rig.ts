import { CONTAINERS, GPUS, type Id } from '#libs/domain';
import { joinCluster, recordCluster } from '#libs/store';
import type { ApiRig } from '../api.rig.js';

/** What an operator says of a class. */
export const L4 = {
  nodeLabels: [{ name: 'nvidia.com/gpu.product', value: 'NVIDIA-L4' }],
  tolerations: [{ key: 'nvidia.com/gpu', effect: 'NoSchedule' }],
  ...{ minCpuMillis: 4000, minMemoryMiB: 16_384 },
};

/** What an instance holds at least with it. */
export const HELD = { gpus: 1, cpuMillis: 4000, memoryMiB: 16_384 };

const GPU_PLAN = {
  ...{ id: 'gpus', version: 1, name: 'GPUs', currency: 'USD', decimals: 2 },
  effectiveFrom: '1970-01-01T00:00:00Z',
  items: [
    {
      ...{ id: 'l4', name: 'L4', measure: 'gpu_time', gpuClass: 'nvidia-l4' },
      ...{ rate: '0.0002', per: '1 s', unit: 's' },
    },
  ],
};

/** A cluster of the region whose agent can hand out GPUs. */
export async function joinGpus(rig: ApiRig, operator: string, region: string): Promise<void> {
  const body = { name: `gpus-${region}`, runtime: 'knative', region };
  const made = await rig.call('POST', '/v1/clusters', { key: operator, body });
  const id = String(made.json['id']) as Id<'cls'>;
  const now = rig.parts.clock.now();
  await rig.database.db.asSystem(async (tx) => {
    await joinCluster(tx, id, {}, now);
    await recordCluster(tx, { id, runtime: 'knative', capabilities: [CONTAINERS, GPUS], seenAt: now });
  });
}

/** Gives the organization a price for GPUs of class nvidia-l4. */
export async function priceGpus(rig: ApiRig, operator: string, organizationId: string): Promise<void> {
  await rig.call('POST', '/v1/price-plans', { key: operator, body: { document: GPU_PLAN } });
  await rig.call('PUT', `/v1/organizations/${organizationId}/billing-terms`, {
    key: operator,
    body: { plan: 'gpus' },
  });
}
