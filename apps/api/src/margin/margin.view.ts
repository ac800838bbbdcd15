import { formatRatio, marginOf, secondsOf, type ClusterMargin } from '#libs/domain';
import { z } from 'zod';

const EXACT = 'An exact decimal, or an exact fraction like `1/3` where no decimal ends.';

export const clusterMarginView = z
  .object({
    cluster: z.string().optional().describe('Id; absent for what was billed of services seen in no cluster.'),
    name: z.string().optional(),
    billedSeconds: z.string().describe(`Time of instances that was billed. ${EXACT}`),
    instanceSeconds: z.string().describe('Time that instances ran, as the agents of clusters told.'),
    amount: z.string().describe(`Usage at list price, without fees. ${EXACT}`),
    charged: z
      .string()
      .describe(
        `What the month's bill, or its invoice and corrections, asks for that usage: after grants, tiers and discount, rounded as asked; without fees, taxes, credits and adjustments. ${EXACT}`,
      ),
    cost: z
      .string()
      .optional()
      .describe(`That time at the cluster's price; absent where it has none in the currency. ${EXACT}`),
    unpricedGpus: z
      .array(z.string())
      .describe('GPU classes that ran there and have no price in the cluster: no cost is known.'),
    margin: z.string().optional().describe('Charged without cost.'),
  })
  .meta({ id: 'ClusterMargin' });

const gpuTimeView = z
  .object({
    cluster: z.string().describe('Id.'),
    gpuClass: z.string(),
    seconds: z.string().describe('Each GPU counts.'),
  })
  .meta({ id: 'GpuTime' });

export const marginView = z
  .object({
    id: z.string().describe('Id of the organization.'),
    name: z.string(),
    month: z.string(),
    currency: z.string(),
    clusters: z.array(clusterMarginView).describe('Those in which it was seen to run anything.'),
    gpus: z.array(gpuTimeView).describe('How long it held GPUs, by cluster and class.'),
  })
  .meta({
    id: 'Margin',
    description: 'What an organization brought and cost in a month, cluster by cluster.',
  });

/** @param name of the cluster */
export function showClusterMargin(
  one: ClusterMargin,
  name: string | undefined,
): z.infer<typeof clusterMarginView> {
  const { clusterId, billedMs, instanceMs, amount, charged, cost } = one;
  const margin = marginOf(one);
  return {
    ...(clusterId === undefined ? {} : { cluster: clusterId }),
    ...(name === undefined ? {} : { name }),
    billedSeconds: formatRatio(secondsOf(billedMs)),
    instanceSeconds: formatRatio(secondsOf(instanceMs)),
    amount: formatRatio(amount),
    charged: formatRatio(charged),
    unpricedGpus: [...one.unpricedGpus],
    ...(cost ? { cost: formatRatio(cost) } : {}),
    ...(margin ? { margin: formatRatio(margin) } : {}),
  };
}

export function showGpuTime(margins: readonly ClusterMargin[]): z.infer<typeof gpuTimeView>[] {
  return margins.flatMap(({ clusterId = '', gpuMs }) =>
    [...gpuMs]
      .map(([gpuClass, ms]) => ({
        ...{ cluster: clusterId, gpuClass },
        seconds: formatRatio(secondsOf({ top: ms, bottom: 1n })),
      }))
      .sort((a, b) => (a.gpuClass < b.gpuClass ? -1 : 1)),
  );
}
