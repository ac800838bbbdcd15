import { isCurrent, neededCapabilities, place, regionsWithout, same } from '#libs/domain';
import type { Cluster, Placement, PlacementNeed, PublicError } from '#libs/domain';
import type { Draft } from './draft.js';
import { gpusServed, holdersOf, wantedRevisions } from './targets.step.js';

/**
 * Owns Placed: decides which clusters hold which revisions and stores the decision with its reasons. What serves goes on
 * where it is when no cluster can run the newest.
 */
export function placementStep(draft: Draft): void {
  const { records, now } = draft;
  const newest = draft.revisions.at(-1);
  if (newest === undefined) {
    draft.say('PlacementPending');
    return draft.state('placement', 'running', 'Waits for the first revision.');
  }
  const need = needOf(draft);
  const decision = place(need, records.clusters, now);
  settle(draft, decision);
  if (draft.homes.at(-1)?.isFit !== true) {
    const { reasons } = place({ ...need, revisions: need.revisions.slice(-1) }, records.clusters, now);
    return refuse(draft, newest.name, reasons);
  }
  const message = sentence(draft);
  const contested = contestedIn(draft);
  if (contested) draft.say('Contested', contested);
  else draft.say('Chosen', { message });
  draft.state('placement', 'succeeded', message);
}

/** With a cluster for none of its revisions a service stays as it is. */
function settle(draft: Draft, { homes, ...decision }: ReturnType<typeof place>): void {
  draft.homes = homes;
  if (decision.clusterIds.length === 0) return;
  if (decision.clusterIds.join() !== draft.placed.join() || tellsOfDrain(draft, decision.reasons)) {
    draft.placement = { serviceId: draft.service.id, ...decision, decidedAt: draft.now };
  }
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
function sentence({ service, placed, homes, records: { clusters } }: Draft): string {
  const isSplit = homes.some(({ clusterIds }) => clusterIds.join() !== placed.join());
  const names = placed.map((id) => {
    const here = homes.filter(({ clusterIds }) => clusterIds.includes(id)).map(({ revision }) => revision);
    return isSplit ? `${nameOf(clusters, id)} (${here.join(', ')})` : nameOf(clusters, id);
  });
  const missing = regionsWithout(service.regions ?? [], homes.at(-1)?.clusterIds ?? [], clusters);
  const rest = missing.length === 0 ? '' : ` No cluster can hold it in ${missing.join(', ')}.`;
  return `Held by ${names.join(', ')}.${rest}`;
}

/** An image runs where it was built: on the runtime of the cluster that built it. */
function runtimeOf({ build, records }: Draft): Cluster['runtime'] | undefined {
  return records.clusters.find((cluster) => cluster.id === build?.clusterId)?.runtime;
}

/** The newest revision and those that are wanted; a former one that is kept decides about no cluster. */
function needOf(draft: Draft): PlacementNeed {
  const { service, placed: present, revisions, targets, records } = draft;
  const wanted = wantedRevisions(draft);
  const runtime = runtimeOf(draft);
  return {
    serviceId: service.id,
    regions: service.regions ?? [],
    present,
    gpusServed: gpusServed(draft),
    ...(runtime ? { runtime } : {}),
    revisions: revisions
      .filter((revision, index) => index === revisions.length - 1 || wanted.has(revision.name))
      .map(({ name, spec }) => ({
        name,
        capabilities: neededCapabilities(spec),
        gpuClasses: records.gpuClasses.filter((one) => one.name === spec.resources.gpuClass),
        heldBy: holdersOf(targets, name),
      })),
  };
}

function refuse(draft: Draft, revision: string, reasons: Placement['reasons']): void {
  const said = reasons.map(
    ({ clusterId, reason }) => `${nameOf(draft.records.clusters, clusterId)}: ${reason}`,
  );
  const why = said.length === 0 ? 'no cluster exists' : said.join('; ');
  const serves = draft.split.map((line) => line.revision).filter((name) => name !== revision);
  const rest = serves.length === 0 ? '' : ` ${[...new Set(serves)].join(', ')} serves on.`;
  const error: PublicError = {
    code: 'PLACEMENT_FAILED',
    message: `No cluster can hold ${revision} (${why}).${rest}`,
    nextStep: 'An operator must join a cluster that fits, or bring one back.',
  };
  draft.wakeIn(5_000);
  draft.say('NoCluster', { message: error.message });
  draft.state('placement', 'running', error.message, error);
}

function nameOf(clusters: readonly Cluster[], id: string): string {
  return clusters.find((cluster) => cluster.id === id)?.name ?? id;
}
