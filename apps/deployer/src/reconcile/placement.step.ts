import { isCurrent, neededCapabilities, place, regionsWithout, same } from '#libs/domain';
import type { Cluster, Placement, PlacementNeed, PublicError } from '#libs/domain';
import type { Draft } from './draft.js';
import { gpusServed, wantedRevisions } from './targets.step.js';

/** Owns Placed: decides which clusters hold the service and stores the decision with its reasons. */
export function placementStep(draft: Draft): void {
  if (draft.revisions.length === 0) {
    draft.say('PlacementPending');
    return draft.state('placement', 'running', 'Waits for the first revision.');
  }
  const { service, records, now } = draft;
  const runtime = runtimeOf(draft);
  const decision = place(
    {
      serviceId: service.id,
      regions: service.regions ?? [],
      present: draft.placed,
      ...needOf(draft),
      ...(runtime ? { runtime } : {}),
    },
    records.clusters,
    now,
  );
  if (decision.clusterIds.length === 0) return refuse(draft, decision.reasons);
  if (decision.clusterIds.join() !== draft.placed.join() || tellsOfDrain(draft, decision.reasons)) {
    draft.placement = { serviceId: service.id, ...decision, decidedAt: now };
  }
  const message = sentence(draft, decision.clusterIds);
  const contested = contestedIn(draft);
  if (contested) draft.say('Contested', contested);
  else draft.say('Chosen', { message });
  draft.state('placement', 'succeeded', message);
}

/** Whoever drains a cluster waits for what is left there: why is told as it is now, not as it was. */
function tellsOfDrain({ placement, records }: Draft, reasons: Placement['reasons']): boolean {
  const drained = records.clusters.filter(({ drainingAt }) => drainingAt !== undefined).map(({ id }) => id);
  const about = (list: Placement['reasons'] = []): Placement['reasons'] =>
    list.filter(({ clusterId }) => drained.includes(clusterId));
  return !same(about(placement?.reasons), about(reasons));
}

/** What somebody else claims in the first cluster that says so. */
function contestedIn({ holdings, records }: Draft): { message: string; nextStep?: string } | undefined {
  const said = holdings.find(({ target, report }) => isCurrent(target, report) && report.contested);
  if (said?.report?.contested === undefined) return undefined;
  const { message, nextStep } = said.report.contested;
  const where = nameOf(records.clusters, said.target.clusterId);
  return { message: `${where}: ${message}`, ...(nextStep === undefined ? {} : { nextStep }) };
}

/** A region without a cluster that fits does not keep the others from serving. */
function sentence({ service, records: { clusters } }: Draft, held: readonly Cluster['id'][]): string {
  const names = held.map((id) => nameOf(clusters, id)).join(', ');
  const missing = regionsWithout(service.regions ?? [], held, clusters);
  const rest = missing.length === 0 ? '' : ` No cluster can hold it in ${missing.join(', ')}.`;
  return `Held by ${names}.${rest}`;
}

/** An image runs where it was built: on the runtime of the cluster that built it. */
function runtimeOf({ build, records }: Draft): Cluster['runtime'] | undefined {
  return records.clusters.find((cluster) => cluster.id === build?.clusterId)?.runtime;
}

/** What the newest revision and those that are wanted need; a former one that is kept decides about no cluster. */
function needOf(draft: Draft): Pick<PlacementNeed, 'capabilities' | 'gpuClasses' | 'gpusServed'> {
  const wanted = wantedRevisions(draft);
  const specs = draft.revisions
    .filter((revision, index, { length }) => index === length - 1 || wanted.has(revision.name))
    .map(({ spec }) => spec);
  const asked = specs.map(({ resources }) => resources.gpuClass);
  return {
    capabilities: [...new Set(specs.flatMap(neededCapabilities))].sort(),
    gpuClasses: draft.records.gpuClasses.filter(({ name }) => asked.includes(name)),
    gpusServed: gpusServed(draft),
  };
}

function refuse(draft: Draft, reasons: readonly { clusterId: string; reason: string }[]): void {
  const said = reasons.map(
    ({ clusterId, reason }) => `${nameOf(draft.records.clusters, clusterId)}: ${reason}`,
  );
  const why = said.length === 0 ? 'no cluster exists' : said.join('; ');
  const error: PublicError = {
    code: 'PLACEMENT_FAILED',
    message: `No cluster can hold the service (${why}).`,
    nextStep: 'An operator must join a cluster that fits, or bring one back.',
  };
  draft.wakeIn(5_000);
  draft.say('NoCluster', { message: error.message });
  draft.state('placement', 'running', error.message, error);
}

function nameOf(clusters: readonly Cluster[], id: string): string {
  return clusters.find((cluster) => cluster.id === id)?.name ?? id;
}
