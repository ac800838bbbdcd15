import { isCurrent, isUsable, neededCapabilities, place, regionsWithout, same } from '#libs/domain';
import type { Cluster, Placement, PlacementNeed, PublicError, StepFact } from '#libs/domain';
import type { Draft } from './draft.js';
import { askedIn } from './own.routes.js';
import { gpusServed, holdersOf, wantedRevisions } from './targets.step.js';
import { serving } from './traffic.step.js';

/** While no cluster fits: joined ones are no event of the service. */
const LOOK_AGAIN_MS = 5_000;

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
  settle(draft, place(need, records.clusters, now));
  draft.unfit = unfitOf(draft, need);
  const own = placementFact(draft, newest.name);
  draft.state('placement', own.status, own.message, own.error);
  sayPlaced(draft, newest.name);
}

/** What the place of a revision means for an operation that waits for it. */
export function placementFact(draft: Draft, revision: string): StepFact {
  const error = draft.unfit.get(revision);
  if (error === undefined) return { name: 'placement', status: 'succeeded', message: sentence(draft) };
  return { name: 'placement', status: 'running', message: error.message, error };
}

/** The newest revision and every one that has traffic or a tag, or is to have it, must have a place. */
function sayPlaced(draft: Draft, newest: string): void {
  const named = [...draft.service.traffic, ...draft.split].map((line) => line.revision);
  const missing = [...new Set([newest, ...named])].flatMap((name) => draft.unfit.get(name) ?? []);
  const contested = contestedIn(draft);
  if (missing.length > 0) {
    draft.wakeIn(LOOK_AGAIN_MS);
    const sentences = [...missing.map(({ message }) => message), goesOn(draft, newest)];
    draft.say('NoCluster', { message: sentences.filter((one) => one !== '').join(' ') });
  } else if (contested) draft.say('Contested', contested);
  else draft.say('Chosen', { message: sentence(draft) });
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
        ...(spec.resources.gpus === undefined ? {} : { gpus: spec.resources.gpus }),
        heldBy: holdersOf(targets, name),
        askedIn: askedIn(draft, name),
      })),
  };
}

/** Each alone: why a cluster cannot hold one does not depend on the others. */
function unfitOf(draft: Draft, need: PlacementNeed): Map<string, PublicError> {
  const { clusters } = draft.records;
  const lost = need.revisions.filter((_, index) => draft.homes[index]?.isFit !== true);
  return new Map(
    lost.map((revision) => {
      const { reasons } = place({ ...need, revisions: [revision] }, clusters, draft.now);
      const said = reasons.map(({ clusterId, reason }) => `${nameOf(clusters, clusterId)}: ${reason}`);
      const why = said.length === 0 ? 'no cluster exists' : said.join('; ');
      const error: PublicError = {
        code: 'PLACEMENT_FAILED',
        message: `No cluster can hold ${revision.name} (${why}).`,
        nextStep: 'An operator must join a cluster that fits, or bring one back.',
      };
      return [revision.name, error];
    }),
  );
}

/** What becomes of the other revisions with traffic: served from a cluster that answers, or left where they are. */
function goesOn(draft: Draft, newest: string): string {
  const { clusters } = draft.records;
  const others = [...serving(draft.split)].filter((name) => name !== newest);
  const isServed = (name: string): boolean =>
    !draft.unfit.has(name) &&
    clusters.some((cluster) => draft.homeOf(name)?.includes(cluster.id) && isUsable(cluster, draft.now));
  const served = others.filter(isServed);
  const left = others.filter((name) => !isServed(name));
  return [
    ...(served.length === 0 ? [] : [`${served.join(', ')} ${verb(served, 'serve')} on.`]),
    ...(left.length === 0
      ? []
      : [`${left.join(', ')} ${verb(left, 'stay')} where ${left.length === 1 ? 'it is' : 'they are'}.`]),
  ].join(' ');
}

function verb(subjects: readonly string[], word: string): string {
  return subjects.length === 1 ? `${word}s` : word;
}

function nameOf(clusters: readonly Cluster[], id: string): string {
  return clusters.find((cluster) => cluster.id === id)?.name ?? id;
}
