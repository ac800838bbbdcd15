import type { Id } from '../id.js';
import type { Cluster } from '../cluster/cluster.types.js';
import { isUsable } from '../cluster/cluster.rules.js';
import type { Placement } from './placement.types.js';

export interface PlacementNeed {
  serviceId: Id<'svc'>;
  /** The runtime that can run the image: that of the cluster that built it. Absent: any. */
  runtime?: Cluster['runtime'];
  /** Capabilities that every revision needs together. */
  capabilities?: readonly string[];
  /** How many clusters should hold the service. */
  copies: number;
  /** Clusters that hold it now, in order of preference; they are kept while they answer. */
  present: readonly Id<'cls'>[];
}

type Verdict = Placement['reasons'][number];

/** A cluster that holds the service keeps it over an absence of this length: agents restart, links blink. */
export const PATIENCE_MS = 5 * 60_000;

/**
 * Decides which clusters hold a service and says of every cluster why. Depends on nothing but its input, not on the
 * order of `clusters`; a cluster that joins moves nothing. A cluster that holds the service is left only after it was
 * silent for PATIENCE_MS and another one fits.
 */
export function place(
  need: PlacementNeed,
  clusters: readonly Cluster[],
  now: number,
): Pick<Placement, 'clusterIds' | 'reasons'> {
  const ranked = [...clusters].sort((a, b) => rank(need, a.id) - rank(need, b.id) || (a.id < b.id ? -1 : 1));
  const fitting = ranked.filter((cluster) => misfit(need, cluster) === undefined);
  const usable = fitting.filter((cluster) => isUsable(cluster, now) || isMissed(need, cluster, now));
  const kept = fitting.filter((cluster) => need.present.includes(cluster.id));
  const chosen = (usable.length > 0 ? usable : kept).slice(0, need.copies);
  const reasons = ranked.map((cluster) => verdict(need, cluster, chosen.includes(cluster), now));
  return { clusterIds: chosen.map((cluster) => cluster.id), reasons };
}

/** Lower is better: present ones in their order, then by a hash of service and cluster (rendezvous). */
function rank(need: PlacementNeed, clusterId: Id<'cls'>): number {
  const present = need.present.indexOf(clusterId);
  return present >= 0 ? present - need.present.length : stableHash(`${need.serviceId} ${clusterId}`);
}

function misfit(need: PlacementNeed, cluster: Cluster): string | undefined {
  if (cluster.joinedAt === undefined) return 'no agent has joined yet';
  if (need.runtime !== undefined && need.runtime !== cluster.runtime) {
    return `its runtime is ${cluster.runtime}, the image was built for ${need.runtime}`;
  }
  if (cluster.cordonedAt !== undefined && !need.present.includes(cluster.id))
    return 'it is cordoned: it takes no new services';
  const missing = need.capabilities?.find((capability) => !cluster.capabilities.includes(capability));
  if (missing !== undefined) return `its agent cannot do: ${missing}`;
  return undefined;
}

function isMissed(need: PlacementNeed, cluster: Cluster, now: number): boolean {
  return need.present.includes(cluster.id) && now - (cluster.lastSeenAt ?? 0) < PATIENCE_MS;
}

function verdict(need: PlacementNeed, cluster: Cluster, chosen: boolean, now: number): Verdict {
  const reason = misfit(need, cluster) ?? choice(need, cluster, chosen, now);
  return { clusterId: cluster.id, chosen, reason };
}

function choice(need: PlacementNeed, cluster: Cluster, chosen: boolean, now: number): string {
  const present = need.present.includes(cluster.id);
  if (isUsable(cluster, now)) {
    if (!chosen) return 'enough other clusters are chosen';
    return present ? 'it holds the service and answers' : 'it answers and fits';
  }
  return chosen ? 'it holds the service, though its agent does not answer now' : 'its agent does not answer';
}

/** FNV-1a, 32 bits: the same number for the same text in every process and version. */
export function stableHash(text: string): number {
  let value = 0x811c9dc5;
  for (const character of text) value = Math.imul(value ^ character.charCodeAt(0), 0x01000193);
  return value >>> 0;
}
