import type { Cluster } from '#libs/domain';
import { findCluster, listClusters as listStored, listHoldings, type PageRequest } from '#libs/store';
import type { Call } from '../call/call.js';
import { notFound } from '../call/not-found.js';
import { showCluster } from './cluster.view.js';

/** By name or id. */
export async function clusterOf(call: Call, id: string): Promise<Cluster> {
  const cluster = await findCluster(call.tx, id);
  if (!cluster) throw notFound('cluster');
  return cluster;
}

export async function getCluster(
  call: Call,
  input: { cluster: string },
): Promise<ReturnType<typeof showCluster>> {
  const cluster = await clusterOf(call, input.cluster);
  return showCluster(cluster, call.now, await listHoldings(call.tx, cluster.id));
}

export async function listClusters(call: Call, page: PageRequest): Promise<ReturnType<typeof showCluster>[]> {
  return (await listStored(call.tx, page)).map((cluster) => showCluster(cluster, call.now));
}
