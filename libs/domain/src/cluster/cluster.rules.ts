import type { Id } from '../id.js';
import type { Cluster } from './cluster.types.js';

/** An agent or gateway that has not reported for this long counts as away; both report every 5 s. */
export const LIVE_MS = 15_000;
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

/** The cluster that builds: the first by id that can and answers, so that every run chooses the same. */
export function chooseBuilder(clusters: readonly Cluster[], now: number): Id<'cls'> | undefined {
  return clusters
    .filter((cluster) => cluster.capabilities.includes(BUILDER) && isUsable(cluster, now))
    .map((cluster) => cluster.id)
    .sort()[0];
}
