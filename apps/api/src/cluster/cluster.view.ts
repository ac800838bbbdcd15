import type { Cluster } from '#libs/domain';
import { z } from 'zod';
import { iso, isoIf } from '../call/scalars.js';

export const runtimeSchema = z.enum(['knative', 'local']).meta({ id: 'Runtime' });

export const clusterView = z
  .object({
    id: z.string(),
    name: z.string(),
    provider: z.string(),
    region: z.string(),
    zone: z.string(),
    runtime: runtimeSchema,
    gpuClasses: z.array(z.string()),
    capabilities: z.array(z.string()),
    joinedAt: z.string().optional(),
    lastSeenAt: z.string().optional(),
    cordonedAt: z.string().optional().describe('Since when it takes no new services.'),
    createdAt: z.string(),
    version: z.string(),
  })
  .meta({ id: 'Cluster', description: 'A joined place where revisions run.' });

export const joinTokenView = z
  .object({ token: z.string().describe('Works once. It is shown this once.'), expiresAt: z.string() })
  .meta({ id: 'JoinToken' });

export function showCluster(cluster: Cluster): z.infer<typeof clusterView> {
  const { id, name, provider, region, zone, runtime, gpuClasses, capabilities, createdAt, version } = cluster;
  return {
    id,
    name,
    provider,
    region,
    zone,
    runtime,
    gpuClasses,
    capabilities,
    ...isoIf('joinedAt', cluster.joinedAt),
    ...isoIf('lastSeenAt', cluster.lastSeenAt),
    ...isoIf('cordonedAt', cluster.cordonedAt),
    createdAt: iso(createdAt),
    version: String(version),
  };
}
