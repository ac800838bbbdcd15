import type { Cluster, Door, Gateway, Id } from '#libs/domain';
import {
  findGatewaySql,
  findJoinTokenSql,
  findRenewalTokenSql,
  insertGatewaySql,
  joinClusterSql,
  recordClusterSql,
  listGatewaysSeenSql,
  recordGatewaySql,
  saveRenewalTokenSql,
  takeJoinTokenSql,
} from './cluster.sql.js';
import { toCluster } from './cluster.store.js';
import { present, time } from './row.js';
import type { Tx } from './statement.js';

/** What a one-time token lets in: an agent of a cluster, or a gateway in a region. */
export interface TakenJoinToken {
  kind: 'agent' | 'gateway';
  clusterId?: Id<'cls'>;
  region?: string;
  /** Who joins by it: the cluster, or the gateway's id, which is the proposed one at the first time. */
  memberId: string;
}

/** How a token is presented. */
export interface JoinClaim {
  hash: Uint8Array;
  /** SHA-256 of what the joiner made up for this join; without it the join cannot be resumed. */
  nonceHash: Uint8Array | undefined;
  /** The id of a gateway that joins for the first time. */
  newId: Id<'gw'>;
}

/** Takes a token; undefined when it does not exist, is too old, or was used by another joiner. */
export async function takeJoinToken(
  tx: Tx,
  { hash, nonceHash, newId }: JoinClaim,
  now: number,
): Promise<TakenJoinToken | undefined> {
  const row = await tx.one(takeJoinTokenSql, [hash, time(now), nonceHash ?? null, newId]);
  if (!row) return undefined;
  const { kind, member_id: memberId } = row;
  return { kind, memberId, ...present({ clusterId: row.cluster_id, region: row.region }) };
}

/** What became of a token; undefined when there never was one. Times in UTC ms. */
export async function findJoinToken(
  tx: Tx,
  hash: Uint8Array,
): Promise<{ usedAt?: number; expiresAt: number } | undefined> {
  const row = await tx.one(findJoinTokenSql, [hash]);
  return row && { expiresAt: row.expires_at.getTime(), ...present({ usedAt: row.used_at?.getTime() }) };
}

/** Notes that the cluster's agent has joined, with the key that secrets are sealed to from now on. */
export async function joinCluster(
  tx: Tx,
  id: string,
  publicKey: Record<string, unknown>,
  now: number,
): Promise<Cluster | undefined> {
  const row = await tx.one(joinClusterSql, [id, JSON.stringify(publicKey), time(now)]);
  return row && toCluster(row);
}

export async function insertGateway(tx: Tx, id: Id<'gw'>, region: string, now: number): Promise<void> {
  await tx.run(insertGatewaySql, [id, region, time(now)]);
}

export function findGateway(tx: Tx, id: string): Promise<Pick<Gateway, 'id' | 'region'> | undefined> {
  return tx.one(findGatewaySql, [id]);
}

/** The member's renewal token, stored by its hash; a former one stops working. */
export async function saveRenewalToken(
  tx: Tx,
  member: { id: string; kind: 'agent' | 'gateway' },
  hash: Uint8Array,
  now: number,
): Promise<void> {
  await tx.run(saveRenewalTokenSql, [member.id, hash, member.kind, time(now)]);
}

/** Whose renewal token it is. */
export async function findRenewalToken(
  tx: Tx,
  hash: Uint8Array,
): Promise<{ id: string; kind: 'agent' | 'gateway' } | undefined> {
  const row = await tx.one(findRenewalTokenSql, [hash]);
  return row && { id: row.member_id, kind: row.kind };
}

/** Writes what an agent last reported about its cluster. False when no such cluster has joined. */
export async function recordCluster(
  tx: Tx,
  seen: Pick<Cluster, 'id' | 'runtime' | 'capabilities' | 'door' | 'found' | 'clockOffsetMs'> & {
    seenAt: number;
    /** Of an agent that waits although its door stands. */
    waitingDoor?: Door;
  },
): Promise<boolean> {
  const { id, runtime, capabilities, clockOffsetMs = null, seenAt } = seen;
  const text = (value?: object): string | null => (value === undefined ? null : JSON.stringify(value));
  const values = [id, JSON.stringify(capabilities), text(seen.door), time(seenAt), runtime, text(seen.found)];
  return (await tx.one(recordClusterSql, [...values, clockOffsetMs, text(seen.waitingDoor)])) !== undefined;
}

/** Notes when a gateway was last heard of. */
export async function recordGateway(tx: Tx, id: string, seenAt: number): Promise<void> {
  await tx.run(recordGatewaySql, [id, time(seenAt)]);
}

/** Ids of the gateways heard of since then (UTC ms). */
export async function listGatewaysSeen(tx: Tx, since: number): Promise<string[]> {
  return (await tx.run(listGatewaysSeenSql, [time(since)])).map(({ id }) => id);
}
