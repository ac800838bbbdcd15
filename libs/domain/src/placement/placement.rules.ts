import type { Id } from '../id.js';
import type { Cluster } from '../cluster/cluster.types.js';
import { isLive, isUsable, workedAt } from '../cluster/cluster.rules.js';
import { hasGpus, type GpuClass } from '../cluster/gpu-class.js';
import { mayHaveGpus, type GpusServed } from './cluster.fit.js';
import type { Placement } from './placement.types.js';

/** What one revision asks of a cluster that runs it. */
export interface RevisionNeed {
  name: string;
  /** What the cluster's agent must be able to do. */
  capabilities?: readonly string[];
  /** Of which it holds GPUs. */
  gpuClasses?: readonly GpuClass[];
  /** How many an instance holds. */
  gpus?: number;
  /** Clusters that hold it now. */
  heldBy?: readonly Id<'cls'>[];
  /** Clusters in which gateways ask for it now: it stays there while there is no place for it where it is to be. */
  askedIn?: readonly Id<'cls'>[];
}

export interface PlacementNeed {
  serviceId: Id<'svc'>;
  /** The runtime that can run the image: that of the cluster that built it. Absent: any. */
  runtime?: Cluster['runtime'];
  /** The newest one last, before it those that serve or are to serve. One at least. */
  revisions: readonly RevisionNeed[];
  gpusServed?: GpusServed;
  /** One cluster in each of these for each revision; none: one, wherever it is. */
  regions: readonly string[];
  /** Clusters that hold the service now, in order of preference; they are kept while they answer. */
  present: readonly Id<'cls'>[];
}

/** Where a revision runs. */
export interface Home {
  revision: string;
  clusterIds: Id<'cls'>[];
  /** One of them can run it and was asked for, as far as is known; else it stays where it is for want of another. */
  isFit: boolean;
}

const DRAINED = 'an operator drains it';

type Verdict = Placement['reasons'][number];
type Decision = Pick<Placement, 'clusterIds' | 'reasons'> & { homes: Home[] };

/** A cluster that holds the service keeps it over an absence of this length: agents restart, links blink. */
export const PATIENCE_MS = 5 * 60_000;

/**
 * Decides which clusters hold which revisions of a service and says of every cluster why. Depends on nothing but its
 * input, not on the order of `clusters`; a cluster that joins moves nothing. Each revision has a cluster of its own
 * choice: what serves stays where it is while the newest needs another. A cluster that holds a revision is left only
 * for one that fits: after it was silent, or waited, for PATIENCE_MS, when an operator drains it, or when its region is
 * no longer asked for. What gateways ask for is never left for nothing.
 */
export function place(need: PlacementNeed, clusters: readonly Cluster[], now: number): Decision {
  const { regions, revisions } = need;
  const areas =
    regions.length === 0
      ? [clusters]
      : regions.map((region) => clusters.filter((cluster) => cluster.region === region));
  const chosen = areas.map((area) => revisions.map((revision) => chooseOne(need, revision, area, now)));
  const others = clusters.filter(({ region }) => regions.length > 0 && !regions.includes(region));
  const homes = revisions.map((revision, index) =>
    homeOf(
      revision,
      chosen.map((choices) => choices[index]),
      others,
    ),
  );
  return {
    clusterIds: [
      ...new Set([
        ...chosen.flat().flatMap(({ cluster }) => (cluster ? [cluster.id] : [])),
        ...homes.flatMap(({ clusterIds }) => clusterIds),
      ]),
    ],
    reasons: [
      ...areas.flatMap((area, index) => verdicts(need, area, chosen[index] ?? [], now)),
      ...inOrderOfId(others).map((cluster) => elsewhere(cluster, homes)),
    ],
    homes,
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

function elsewhere({ id, region }: Cluster, homes: readonly Home[]): Verdict {
  const why = `its region is ${region}, which was not asked for`;
  const stays = homes.findLast(({ clusterIds }) => clusterIds.includes(id));
  if (stays === undefined) return { clusterId: id, chosen: false, reason: why };
  return {
    clusterId: id,
    chosen: true,
    reason: `for ${stays.revision}: it holds the service, though ${why}`,
  };
}

interface Choice {
  revision: RevisionNeed;
  cluster?: Cluster;
  isFit: boolean;
}

function chooseOne(
  need: PlacementNeed,
  revision: RevisionNeed,
  area: readonly Cluster[],
  now: number,
): Choice {
  const ranked = inOrder(need, revision, area);
  const fitting = ranked.filter((cluster) => misfit(need, revision, cluster) === undefined);
  const usable = fitting.filter((cluster) => isUsable(cluster, now) || isMissed(need, cluster, now));
  const cluster = usable[0] ?? fitting.find(({ id }) => need.present.includes(id));
  if (cluster !== undefined) return { revision, cluster, isFit: true };
  const stays = [...holders(need, revision), ...(revision.askedIn ?? [])];
  const holder = ranked.find(({ id }) => stays.includes(id));
  return { revision, isFit: false, ...(holder ? { cluster: holder } : {}) };
}

/** Where it was chosen to be; where it is asked for now, among the `others`, when that is nowhere. */
function homeOf(
  { name, askedIn = [] }: RevisionNeed,
  choices: readonly (Choice | undefined)[],
  others: readonly Cluster[],
): Home {
  const chosen = choices.flatMap((choice) => (choice?.cluster ? [choice.cluster.id] : []));
  const stays = askedIn.filter((id) => others.some((cluster) => cluster.id === id));
  return {
    revision: name,
    clusterIds: chosen.length > 0 ? chosen : stays,
    isFit: choices.some((choice) => choice?.isFit),
  };
}

/** What holds the revision before the rest of what holds the service, behind both what holds it still and was left. */
function inOrder(need: PlacementNeed, revision: RevisionNeed, area: readonly Cluster[]): Cluster[] {
  const known = [...holders(need, revision), ...need.present, ...(revision.heldBy ?? [])];
  const rank = (cluster: Cluster): number => rankOf(need, revision, cluster, known);
  return inOrderOfId(area).sort((a, b) => rank(a) - rank(b));
}

function inOrderOfId(clusters: readonly Cluster[]): Cluster[] {
  return [...clusters].sort((a, b) => (a.id < b.id ? -1 : 1));
}

function holders({ present }: PlacementNeed, { heldBy = [] }: RevisionNeed): Id<'cls'>[] {
  return present.filter((id) => heldBy.includes(id));
}

/**
 * Lower is better: what is `known` in its order, then by a hash of service and cluster (rendezvous), those of which it is
 * not known that a node of theirs has the GPUs behind the others, last what is drained, what is known before the rest.
 */
function rankOf(
  { serviceId }: PlacementNeed,
  { gpuClasses = [], gpus }: RevisionNeed,
  cluster: Cluster,
  known: readonly Id<'cls'>[],
): number {
  const { id, drainingAt } = cluster;
  const index = known.indexOf(id);
  if (drainingAt !== undefined) return 2 * HASHES + (index < 0 ? known.length : index);
  if (index >= 0) return index - known.length;
  const isKnown = gpuClasses.every((gpuClass) => hasGpus(cluster, gpuClass, gpus));
  return stableHash(`${serviceId} ${id}`) + (isKnown ? 0 : HASHES);
}

function misfit(need: PlacementNeed, revision: RevisionNeed, cluster: Cluster): string | undefined {
  if (cluster.joinedAt === undefined) return 'no agent has joined yet';
  if (need.runtime !== undefined && need.runtime !== cluster.runtime) {
    return `its runtime is ${cluster.runtime}, the image was built for ${need.runtime}`;
  }
  if (cluster.cordonedAt !== undefined && !need.present.includes(cluster.id))
    return cluster.drainingAt === undefined ? 'it is cordoned: it takes no new services' : DRAINED;
  const missing = revision.capabilities?.find((capability) => !cluster.capabilities.includes(capability));
  return missing === undefined ? gpusMissing(need, revision, cluster) : `its agent cannot do: ${missing}`;
}

/** Taken ones count: an instance waits where they are. */
function gpusMissing(
  { gpusServed = [] }: PlacementNeed,
  { gpuClasses = [] }: RevisionNeed,
  cluster: Cluster,
): string | undefined {
  const missing = gpuClasses.find((gpuClass) => !mayHaveGpus(cluster, gpuClass, gpusServed));
  return missing && `none of its nodes has GPUs of class ${missing.name}`;
}

function isMissed(need: PlacementNeed, cluster: Cluster, now: number): boolean {
  return need.present.includes(cluster.id) && now - workedAt(cluster) < PATIENCE_MS;
}

/** Of every cluster of an area, as the newest revision finds it, or the newest of those that chose it. */
function verdicts(
  need: PlacementNeed,
  area: readonly Cluster[],
  choices: readonly Choice[],
  now: number,
): Verdict[] {
  const newest = choices.at(-1);
  if (newest === undefined) return [];
  return inOrder(need, newest.revision, area).map((cluster) => {
    const chooser = choices.findLast((choice) => choice.cluster?.id === cluster.id);
    const reason = reasonOf(need, chooser ?? newest, cluster, now);
    const whose = chooser && chooser !== newest ? `for ${chooser.revision.name}: ` : '';
    return { clusterId: cluster.id, chosen: chooser !== undefined, reason: `${whose}${reason}` };
  });
}

function reasonOf(
  need: PlacementNeed,
  { revision, cluster: chosen }: Choice,
  cluster: Cluster,
  now: number,
): string {
  const isChosen = chosen?.id === cluster.id;
  const wrong = misfit(need, revision, cluster);
  if (wrong === undefined) return choice(need, cluster, isChosen, now);
  return isChosen ? `it holds the service, though ${wrong}` : wrong;
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
