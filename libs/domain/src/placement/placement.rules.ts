import type { Id } from '../id.js';
import type { Cluster } from '../cluster/cluster.types.js';
import { isLive, isUsable, workedAt } from '../cluster/cluster.rules.js';
import { hasGpus, type GpuClass } from '../cluster/gpu-class.js';
import { mayHaveGpus, type GpusServed } from './cluster.fit.js';
import type { Placement } from './placement.types.js';

export interface PlacementNeed {
  serviceId: Id<'svc'>;
  /** The runtime that can run the image: that of the cluster that built it. Absent: any. */
  runtime?: Cluster['runtime'];
  /** Capabilities that every revision needs together. */
  capabilities?: readonly string[];
  /** Of which its revisions hold GPUs. */
  gpuClasses?: readonly GpuClass[];
  gpusServed?: GpusServed;
  /** One cluster in each of these; none: one, wherever it is. */
  regions: readonly string[];
  /** Clusters that hold it now, in order of preference; they are kept while they answer. */
  present: readonly Id<'cls'>[];
}

const DRAINED = 'an operator drains it';

type Verdict = Placement['reasons'][number];
type Decision = Pick<Placement, 'clusterIds' | 'reasons'>;

/** A cluster that holds the service keeps it over an absence of this length: agents restart, links blink. */
export const PATIENCE_MS = 5 * 60_000;

/**
 * Decides which clusters hold a service and says of every cluster why. Depends on nothing but its input, not on the
 * order of `clusters`; a cluster that joins moves nothing. A cluster that holds the service is left only for one that
 * fits: after it was silent, or waited, for PATIENCE_MS, when an operator drains it, or when its region is no longer asked for.
 */
export function place(need: PlacementNeed, clusters: readonly Cluster[], now: number): Decision {
  const ranked = [...clusters].sort((a, b) => rank(need, a) - rank(need, b) || (a.id < b.id ? -1 : 1));
  const { regions } = need;
  if (regions.length === 0) return chooseOne(need, ranked, now);
  const inRegions = regions.map((region) =>
    chooseOne(
      need,
      ranked.filter((cluster) => cluster.region === region),
      now,
    ),
  );
  const others = ranked.filter((cluster) => !regions.includes(cluster.region));
  return {
    clusterIds: inRegions.flatMap(({ clusterIds }) => clusterIds),
    reasons: [...inRegions.flatMap(({ reasons }) => reasons), ...others.map(elsewhere)],
  };
}

/** Regions that were asked for and in which no cluster holds the service. */
export function regionsWithout(
  regions: readonly string[],
  clusterIds: readonly Id<'cls'>[],
  clusters: readonly Cluster[],
): string[] {
  const held = clusters.filter(({ id }) => clusterIds.includes(id)).map(({ region }) => region);
  return regions.filter((region) => !held.includes(region));
}

function elsewhere({ id, region }: Cluster): Verdict {
  return { clusterId: id, chosen: false, reason: `its region is ${region}, which was not asked for` };
}

function chooseOne(need: PlacementNeed, ranked: readonly Cluster[], now: number): Decision {
  const fitting = ranked.filter((cluster) => misfit(need, cluster) === undefined);
  const usable = fitting.filter((cluster) => isUsable(cluster, now) || isMissed(need, cluster, now));
  const kept = fitting.filter((cluster) => need.present.includes(cluster.id));
  const chosen = (usable.length > 0 ? usable : kept)[0];
  const reasons = ranked.map((cluster) => verdict(need, cluster, cluster === chosen, now));
  return { clusterIds: chosen ? [chosen.id] : [], reasons };
}

/**
 * Lower is better: present ones in their order, then by a hash of service and cluster (rendezvous), those of which it is
 * not known whether they have the GPUs behind the others, last what is drained.
 */
function rank(need: PlacementNeed, cluster: Cluster): number {
  const { id, drainingAt } = cluster;
  if (drainingAt !== undefined) return Number.MAX_SAFE_INTEGER;
  const present = need.present.indexOf(id);
  if (present >= 0) return present - need.present.length;
  const isKnown = (need.gpuClasses ?? []).every((gpuClass) => hasGpus(cluster, gpuClass));
  return stableHash(`${need.serviceId} ${id}`) + (isKnown ? 0 : HASHES);
}

function misfit(need: PlacementNeed, cluster: Cluster): string | undefined {
  if (cluster.joinedAt === undefined) return 'no agent has joined yet';
  if (need.runtime !== undefined && need.runtime !== cluster.runtime) {
    return `its runtime is ${cluster.runtime}, the image was built for ${need.runtime}`;
  }
  if (cluster.cordonedAt !== undefined && !need.present.includes(cluster.id))
    return cluster.drainingAt === undefined ? 'it is cordoned: it takes no new services' : DRAINED;
  const missing = need.capabilities?.find((capability) => !cluster.capabilities.includes(capability));
  return missing === undefined ? gpusMissing(need, cluster) : `its agent cannot do: ${missing}`;
}

/** Taken ones count: an instance waits where they are. */
function gpusMissing(
  { gpuClasses = [], gpusServed = [] }: PlacementNeed,
  cluster: Cluster,
): string | undefined {
  const missing = gpuClasses.find((gpuClass) => !mayHaveGpus(cluster, gpuClass, gpusServed));
  return missing && `none of its nodes has GPUs of class ${missing.name}`;
}

function isMissed(need: PlacementNeed, cluster: Cluster, now: number): boolean {
  return need.present.includes(cluster.id) && now - workedAt(cluster) < PATIENCE_MS;
}

function verdict(need: PlacementNeed, cluster: Cluster, chosen: boolean, now: number): Verdict {
  const reason = misfit(need, cluster) ?? choice(need, cluster, chosen, now);
  return { clusterId: cluster.id, chosen, reason };
}

function choice(need: PlacementNeed, cluster: Cluster, chosen: boolean, now: number): string {
  if (cluster.drainingAt !== undefined) return chosen ? `${DRAINED}, and no other cluster fits` : DRAINED;
  const present = need.present.includes(cluster.id);
  if (isUsable(cluster, now)) {
    if (!chosen) return 'another cluster is chosen';
    return present ? 'it holds the service and answers' : 'it answers and fits';
  }
  const why = isLive(cluster.lastSeenAt, now)
    ? 'its agent waits for its cluster'
    : 'its agent does not answer';
  return chosen ? `it holds the service, though ${why} now` : why;
}

/** How many values a hash may have. */
const HASHES = 2 ** 32;

/** FNV-1a, 32 bits: the same number for the same text in every process and version. */
export function stableHash(text: string): number {
  let value = 0x811c9dc5;
  for (const character of text) value = Math.imul(value ^ character.charCodeAt(0), 0x01000193);
  return value >>> 0;
}
