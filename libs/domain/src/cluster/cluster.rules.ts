import type { Id } from '../id.js';
import type { Cluster } from './cluster.types.js';

/** An agent or gateway that has not reported for this long counts as away; both report every 5 s. */
export const LIVE_MS = 15_000;
/** A cluster that was silent for this long takes traffic only when no other can: what it said last may be no more true. */
export const SUSPECT_MS = 40_000;
/** The capability of an agent that turns uploads into images. */
export const BUILDER = 'builder';
/** The capability of an agent whose cluster runs any container, not only what was built from source. */
export const CONTAINERS = 'containers';

/** Whether something last heard of at `seenAt` (UTC ms) counts as answering now. */
export function isLive(seenAt: number | undefined, now: number): boolean {
  return seenAt !== undefined && now - seenAt < LIVE_MS;
}

/** Whether the cluster's agent has joined, has said where its ingress is, and answers now. */
export function isUsable(cluster: Cluster, now: number): boolean {
  return cluster.joinedAt !== undefined && cluster.door !== undefined && isLive(cluster.lastSeenAt, now);
}

/** Whether what the cluster said last is too old to be trusted while another one answers. */
export function isSuspect({ lastSeenAt }: Cluster, now: number): boolean {
  return now - (lastSeenAt ?? 0) >= SUSPECT_MS;
}

/** The cluster that builds: the first by id that can and answers, so that every run chooses the same; a drained one last. */
export function chooseBuilder(clusters: readonly Cluster[], now: number): Id<'cls'> | undefined {
  const able = clusters.filter((cluster) => cluster.capabilities.includes(BUILDER) && isUsable(cluster, now));
  const staying = able.filter(({ drainingAt }) => drainingAt === undefined);
  return (staying.length > 0 ? staying : able).map((cluster) => cluster.id).sort()[0];
}
