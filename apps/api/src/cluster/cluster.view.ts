import { clusterConditions, type Cluster, type ClusterPriceText } from '#libs/domain';
import type { ClusterHolding } from '#libs/store';
import { z } from 'zod';
import { iso, isoIf } from '../call/scalars.js';
import { conditionView, showCondition } from '../service/service.view.js';

export const runtimeSchema = z.enum(['knative', 'local']).meta({ id: 'Runtime' });

/** Of those that are left so many are named. */
const NAMED = 50;

const drainView = z
  .object({
    startedAt: z.string(),
    total: z.int().describe('How many services the cluster held when this began.'),
    left: z.int().optional().describe('How many it still holds; told of one cluster.'),
    waiting: z
      .array(z.object({ service: z.string(), reason: z.string().optional() }).meta({ id: 'DrainWaiting' }))
      .optional()
      .describe(`Ids of up to ${NAMED} that are left, and why each is still here.`),
  })
  .meta({ id: 'Drain', description: 'How far a cluster is emptied.' });

const priceView = z
  .object({
    currency: z.string(),
    vcpuSecond: z.string(),
    gibSecond: z.string(),
    gpuSeconds: z
      .array(z.object({ gpuClass: z.string(), price: z.string() }).meta({ id: 'GpuPrice' }))
      .describe('Of one GPU, by its class.'),
    since: z.string().describe('The UTC day from which on it is good.'),
  })
  .meta({
    id: 'ClusterPrice',
    description: 'What a second of one vCPU, of one GiB and of one GPU costs, as exact decimals.',
  });

const gpuView = z
  .object({
    product: z.string().optional().describe('As the label `nvidia.com/gpu.product` of its nodes says.'),
    nodes: z.int(),
    count: z.int().describe('GPUs that instances may use, taken or free.'),
  })
  .meta({ id: 'GpuPool', description: 'Nodes of a cluster with one kind of GPU.' });

const supplyView = z
  .object({
    gpuClass: z.string().describe('By its name.'),
    nodes: z.int().describe('Nodes of the class, also those that are away.'),
    perNode: z.int().describe('The most GPUs that one of them has.'),
    total: z.int().describe('GPUs of the nodes that take instances now.'),
    taken: z.int().describe('What runs on these nodes holds of them.'),
    free: z.int(),
    freePerNode: z.int().describe('The most that are free on one node.'),
  })
  .meta({
    id: 'GpuSupply',
    description: 'What a cluster has of a GPU class, counted every half minute as its scheduler counts.',
  });

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
    gpus: z.array(gpuView),
    gpuSupply: z
      .array(supplyView)
      .optional()
      .describe('Of each GPU class; absent where nodes are not counted by class.'),
    joinedAt: z.string().optional(),
    lastSeenAt: z.string().optional(),
    cordonedAt: z.string().optional().describe('Since when it takes no new services.'),
    drain: drainView.optional(),
    price: priceView.optional(),
    clockOffsetMs: z
      .int32()
      .optional()
      .describe(
        "By how much its agent's clock is ahead of the hub's, 2147483647 when by more; absent when not measured lately.",
      ),
    conditions: z.array(conditionView),
    createdAt: z.string(),
    version: z.string(),
  })
  .meta({ id: 'Cluster', description: 'A joined place where revisions run.' });

export const joinTokenView = z
  .object({ token: z.string().describe('Works once. It is shown this once.'), expiresAt: z.string() })
  .meta({ id: 'JoinToken' });

/** @param now UTC ms: what is true of a cluster depends on when its agent was heard of */
export function showCluster(
  cluster: Cluster,
  now: number,
  holdings?: readonly ClusterHolding[],
): z.infer<typeof clusterView> {
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
    gpus: cluster.found?.gpus ?? [],
    ...showSupply(cluster),
    ...isoIf('joinedAt', cluster.joinedAt),
    ...isoIf('lastSeenAt', cluster.lastSeenAt),
    ...isoIf('cordonedAt', cluster.cordonedAt),
    ...showDrain(cluster, holdings),
    ...(cluster.price ? { price: showPrice(cluster.price) } : {}),
    ...showClock(cluster),
    conditions: clusterConditions(cluster, now, holdings?.length).map(showCondition),
    createdAt: iso(createdAt),
    version: String(version),
  };
}

function showSupply({ found }: Cluster): { gpuSupply?: z.infer<typeof supplyView>[] } {
  const supply = found?.supply?.map((one) => ({ ...one, free: one.total - one.taken }));
  return supply === undefined ? {} : { gpuSupply: supply };
}

/** GraphQL has no longer whole numbers. */
function showClock({ clockOffsetMs: ms }: Cluster): { clockOffsetMs?: number } {
  return ms === undefined ? {} : { clockOffsetMs: Math.max(-(2 ** 31), Math.min(2 ** 31 - 1, ms)) };
}

function showDrain(
  { drainingAt, drainTotal = 0 }: Cluster,
  holdings: readonly ClusterHolding[] | undefined,
): { drain?: z.infer<typeof drainView> } {
  if (drainingAt === undefined) return {};
  const drain = { startedAt: iso(drainingAt), total: drainTotal };
  if (holdings === undefined) return { drain };
  const waiting = holdings
    .slice(0, NAMED)
    .map(({ serviceId, reason }) => ({ service: serviceId, ...(reason === undefined ? {} : { reason }) }));
  return { drain: { ...drain, left: holdings.length, waiting } };
}

function showPrice(price: ClusterPriceText): z.infer<typeof priceView> {
  const gpuSeconds = Object.entries(price.gpuSeconds)
    .map(([gpuClass, rate]) => ({ gpuClass, price: rate }))
    .sort((a, b) => (a.gpuClass < b.gpuClass ? -1 : 1));
  return { ...price, gpuSeconds };
}
