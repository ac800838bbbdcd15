import { TowpathError } from '#libs/domain';
import type { Cluster, Id } from '#libs/domain';
import {
  cordonClusterSql,
  drainClusterSql,
  findClusterSql,
  forgetClusterTargetsSql,
  hasCapabilitySql,
  insertClusterSql,
  insertJoinTokenSql,
  listClustersSql,
  listHoldingsSql,
  listRegionsSql,
  removeClusterSql,
  type ClusterRow,
} from './cluster.sql.js';
import { ms, present, time, type PageRequest } from './row.js';
import type { Tx } from './statement.js';

export type NewCluster = Pick<
  Cluster,
  'id' | 'name' | 'provider' | 'region' | 'zone' | 'runtime' | 'createdAt'
>;

/** @throws TowpathError ALREADY_EXISTS when the installation has a cluster of that name */
export async function insertCluster(tx: Tx, cluster: NewCluster): Promise<Cluster> {
  const { id, name, provider, region, zone, runtime, createdAt } = cluster;
  const row = await tx.one(insertClusterSql, [id, name, provider, region, zone, runtime, time(createdAt)]);
  if (row) return toCluster(row);
  throw new TowpathError('ALREADY_EXISTS', `A cluster named "${name}" exists.`, {
    violations: [{ field: 'name', message: 'is taken' }],
    nextStep: 'Choose another name.',
  });
}

/** By id or name: no name looks like an id. */
export async function findCluster(tx: Tx, id: string): Promise<Cluster | undefined> {
  const row = await tx.one(findClusterSql, [id]);
  return row && toCluster(row);
}

/** Marks that a cluster takes no new services, since its first cordon; without a time it takes them again. */
export async function cordonCluster(
  tx: Tx,
  id: string,
  at: number | undefined,
): Promise<Cluster | undefined> {
  const row = await tx.one(cordonClusterSql, [id, time(at)]);
  return row && toCluster(row);
}

/** Has what a cluster holds moved elsewhere, since the first time this was asked; `total` is how many services that is. */
export async function drainCluster(
  tx: Tx,
  id: string,
  at: number,
  total: number,
): Promise<Cluster | undefined> {
  const row = await tx.one(drainClusterSql, [id, time(at), total]);
  return row && toCluster(row);
}

/** A service that lives in a cluster, or is built there, and why, as it was decided last. */
export interface ClusterHolding {
  serviceId: string;
  reason?: string;
}

/** Everything that lives in a cluster, of all organizations: ids and reasons only. */
export async function listHoldings(tx: Tx, clusterId: string): Promise<ClusterHolding[]> {
  const rows = await tx.run(listHoldingsSql, [clusterId]);
  return rows.map((row) => ({ serviceId: row.service_id, ...present({ reason: row.reason }) }));
}

/** Takes a cluster that holds nothing out of the installation: it is found by nobody any more. */
export async function removeCluster(tx: Tx, id: string, at: number): Promise<void> {
  await tx.run(removeClusterSql, [id, time(at)]);
}

/** Takes away the rows that say that services are gone from a cluster, once it left the installation. */
export async function forgetClusterTargets(tx: Tx, id: string): Promise<void> {
  await tx.run(forgetClusterTargetsSql, [id]);
}

/** Regions in which there is a cluster, by name. */
export async function listRegions(tx: Tx): Promise<string[]> {
  return (await tx.run(listRegionsSql)).map(({ region }) => region);
}

/** Oldest first. */
export async function listClusters(tx: Tx, page: PageRequest): Promise<Cluster[]> {
  return (await tx.run(listClustersSql, [page.after ?? '', page.limit])).map(toCluster);
}

/** Whether a cluster that can do that has joined the installation. */
export async function hasCapability(tx: Tx, capability: string): Promise<boolean> {
  return (await tx.one(hasCapabilitySql, [capability]))?.found ?? false;
}

/** A one-time token, stored by the SHA-256 of its text. `clusterId` for an agent, `region` for a gateway. */
export interface NewJoinToken {
  id: Id<'jt'>;
  hash: Uint8Array;
  kind: 'agent' | 'gateway';
  clusterId?: Id<'cls'>;
  region?: string;
  createdAt: number;
  expiresAt: number;
}

export async function insertJoinToken(tx: Tx, token: NewJoinToken): Promise<void> {
  const { id, hash, kind, clusterId, region, createdAt, expiresAt } = token;
  const values = [id, hash, kind, clusterId ?? null, region ?? null, time(createdAt), time(expiresAt)];
  await tx.run(insertJoinTokenSql, values);
}

export function toCluster(row: ClusterRow): Cluster {
  const { id, name, provider, region, zone, runtime, capabilities, version } = row;
  return {
    id,
    name,
    provider,
    region,
    zone,
    runtime,
    gpuClasses: row.gpu_classes,
    capabilities,
    createdAt: ms(row.created_at),
    version,
    ...present({
      door: row.door,
      publicKey: row.public_key,
      joinedAt: row.joined_at?.getTime(),
      lastSeenAt: row.last_seen_at?.getTime(),
      waitingSince: row.waiting_since?.getTime(),
      cordonedAt: row.cordoned_at?.getTime(),
      drainingAt: row.draining_at?.getTime(),
      drainTotal: row.drain_total,
      found: row.found,
      clockOffsetMs: row.clock_offset_ms,
      price: row.price,
    }),
  };
}
