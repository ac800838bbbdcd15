import {
  canRun,
  heldRevisions,
  isServing,
  keptHost,
  makesRevision,
  nextTarget,
  targetRevision,
} from '#libs/domain';
import type { GpusServed, Id, Revision, TargetBody, TargetRevision } from '#libs/domain';
import type { TargetRecord } from '#libs/store';
import type { Draft } from './draft.js';
import { askedIn } from './own.routes.js';
import { serving } from './traffic.step.js';

/**
 * Says what each cluster that holds the service should run, also one that is left and still holds it; a new generation only
 * when that changes.
 */
export function targetsStep(draft: Draft): void {
  if (draft.revisions.length === 0) return;
  const wanted = wantedRevisions(draft);
  // At the organization's cap nothing is kept warm; what runs ends by itself.
  const kept = draft.records.cap?.reached ? 0 : draft.service.minInstances;
  const held = heldRevisions(draft.revisions, wanted);
  const asked = (revision: Revision, clusterId: Id<'cls'>): TargetRevision =>
    targetRevision(
      revision,
      clusterHost(draft, revision),
      isKeptWarm(draft, revision.name, clusterId) ? kept : 0,
      draft.records.gpuClasses,
    );
  const stopped = isServing(draft.records.organizationStatus) ? {} : { suspended: true as const };
  const gpus = gpusServed(draft);
  for (const clusterId of new Set([...draft.placed, ...draft.live.map(({ target }) => target.clusterId)])) {
    const sent = draft.placed.includes(clusterId)
      ? held.filter((revision) => isSent(draft, gpus, clusterId, revision))
      : draft.revisions.filter(({ name }) => holdersOf(draft.targets, name).includes(clusterId));
    const revisions = sent.map((revision) => asked(revision, clusterId));
    draft.targets = withTarget(draft, { ...bodyOf(draft, clusterId), ...stopped, revisions });
  }
}

/** A revision with traffic that does not give way, where it is at home and where gateways still ask for it. */
function isKeptWarm(draft: Draft, revision: string, clusterId: Id<'cls'>): boolean {
  if (!serving(draft.split).has(revision) || draft.giving.includes(revision)) return false;
  const home = draft.homeOf(revision) ?? draft.placed;
  return home.includes(clusterId) || askedIn(draft, revision).includes(clusterId);
}

/**
 * A cluster is told of the revisions that are placed on it, and of what is only kept where it can run that. What it has it
 * keeps, whatever its agent can do after a restart, and whichever nodes are away for a moment; of a GPU class that served
 * there it takes new ones.
 */
function isSent(draft: Draft, gpus: GpusServed, clusterId: Id<'cls'>, { name, spec }: Revision): boolean {
  const { records, targets } = draft;
  if (holdersOf(targets, name).includes(clusterId)) return true;
  const home = draft.homeOf(name);
  if (home !== undefined) return home.includes(clusterId);
  const cluster = records.clusters.find((one) => one.id === clusterId);
  return cluster !== undefined && canRun(spec, cluster, records.gpuClasses, gpus);
}

/** Clusters that are told of a revision. */
export function holdersOf(targets: readonly TargetRecord[], revision: string): Id<'cls'>[] {
  return targets.flatMap(({ target }) =>
    target.revisions.some(({ name }) => name === revision) ? [target.clusterId] : [],
  );
}

/** Clusters and the GPU classes of what they hold and served: nodes that are away there come back. */
export function gpusServed({ revisions, holdings }: Draft): GpusServed {
  const served = revisions.filter(({ servedAt }) => servedAt !== undefined).map(({ id }) => id);
  return holdings.flatMap(({ target: { clusterId, revisions: held } }) =>
    held.flatMap(({ id, resources: { gpuClass } }) =>
      gpuClass !== undefined && served.includes(id) ? [{ clusterId, gpuClass }] : [],
    ),
  );
}

/** The host by which clusters route to the revision. */
export function clusterHost({ service, targets }: Draft, revision: Revision): string {
  return keptHost(
    revision,
    service.name,
    targets.map(({ target }) => target),
  );
}

/** What a target of this service says besides its revisions. */
export function bodyOf({ service }: Draft, clusterId: Id<'cls'>): TargetBody {
  const { id, organizationId, projectId, name } = service;
  return { schemaVersion: 1, clusterId, organizationId, projectId, service: { id, name }, revisions: [] };
}

/** The targets with one brought to `body`; the same list when that changes nothing. */
export function withTarget(draft: Draft, body: TargetBody): TargetRecord[] {
  const record = draft.targets.find(({ target }) => target.clusterId === body.clusterId);
  const target = nextTarget(record?.target, body, draft.records.hubEpoch);
  if (record?.target === target) return draft.targets;
  return [...draft.targets.filter((other) => other !== record), { ...record, target }];
}

/** Names of those with traffic or a tag, asked for or in force, of those that operations wait for, and of the newest ready. */
export function wantedRevisions(draft: Draft): Set<string> {
  const awaited = draft.operations
    .filter(makesRevision)
    .map(({ generation }) => draft.revisionOf(generation)?.name);
  const named = [...draft.service.traffic, ...draft.split].map((line) => line.revision);
  return new Set([...named, ...awaited, draft.latestReady].filter((name) => name !== undefined));
}
