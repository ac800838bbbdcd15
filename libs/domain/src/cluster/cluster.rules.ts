import type { Id } from '../id.js';
import type { Cluster } from './cluster.types.js';

/** An agent or gateway that has not reported for this long counts as away; both report every 5 s. */
export const LIVE_MS = 15_000;
/** A cluster that was not heard of as working for this long takes traffic only when no other can: what it said last may be no more true. */
export const SUSPECT_MS = 40_000;
/** The capability of an agent that turns uploads into images. */
export const BUILDER = 'builder';
/** The capability of an agent whose cluster runs any container, not only what was built from source. */
export const CONTAINERS = 'containers';
/** The capability of an agent that runs further containers beside the one that serves. */
export const SIDECARS = 'sidecars';
/** The capability of an agent whose sidecars have secrets as files. */
export const SIDECAR_FILES = 'sidecar-files';

/** Whether something last heard of at `seenAt` (UTC ms) counts as answering now. */
export function isLive(seenAt: number | undefined, now: number): boolean {
  return seenAt !== undefined && now - seenAt < LIVE_MS;
}

/** Whether the cluster's agent has joined, has said where its ingress is, and works and answers now. */
export function isUsable({ joinedAt, door, waitingSince, lastSeenAt }: Cluster, now: number): boolean {
  return (
    joinedAt !== undefined && door !== undefined && waitingSince === undefined && isLive(lastSeenAt, now)
  );
}

/** When the cluster was last heard of as working, UTC ms; 0: never. An agent that waits is like one that is silent. */
export function workedAt({ waitingSince, lastSeenAt }: Cluster): number {
  return waitingSince ?? lastSeenAt ?? 0;
}

/** Whether what the cluster said last is too old to be trusted while another one answers. */
export function isSuspect(cluster: Cluster, now: number): boolean {
  return now - workedAt(cluster) >= SUSPECT_MS;
}

/** The cluster that builds: the first by id that can and answers, so that every run chooses the same; a drained one last. */
export function chooseBuilder(clusters: readonly Cluster[], now: number): Id<'cls'> | undefined {
  const able = clusters.filter((cluster) => cluster.capabilities.includes(BUILDER) && isUsable(cluster, now));
  const staying = able.filter(({ drainingAt }) => drainingAt === undefined);
  return (staying.length > 0 ? staying : able).map((cluster) => cluster.id).sort()[0];
}
