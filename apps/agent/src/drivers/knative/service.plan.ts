import type { Target, TargetRevision } from '#libs/domain';
import { revisionTag } from '#libs/domain';
import type { KubeObject } from '#libs/kube';
import { conditionOf, isObserved, type KnativeRevision, type KnativeService } from './knative.types.js';
import { lacksGpuNodes } from './gpu.manifest.js';
import { isolationOf, madeWith, type Isolation } from './isolation.manifest.js';
import { lacksSandbox, serviceManifest, trafficOf, type ManifestSettings } from './service.manifest.js';

/** What of a service is in the cluster now. */
export interface Seen {
  service: KnativeService | undefined;
  revisions: readonly KnativeRevision[];
}

/** What to do next for one service. Applied again with every change of what is seen, until nothing is left to do. */
export interface ServicePlan {
  /** The Knative Service as it should be now. */
  manifest: KubeObject;
  /** Revisions that the target no longer names and that nothing routes to. */
  remove: string[];
}

/**
 * Revisions are made one after the other, in the order of the target: a Knative Service has one template, and each
 * template makes one revision. Traffic is pinned to revisions that can serve. Undefined when there is none to make.
 */
export function planService(target: Target, seen: Seen, settings: ManifestSettings): ServicePlan | undefined {
  const exists = (name: string): boolean => seen.revisions.some(({ metadata }) => metadata.name === name);
  const known = target.revisions.filter(
    (revision) => exists(revision.name) || !(lacksGpuNodes(revision) || lacksSandbox(revision, settings)),
  );
  const missing = known.filter(({ name }) => !exists(name));
  const next = missing[0] ?? templateNow(target, seen.service) ?? known.at(-1);
  if (next === undefined) return undefined;
  const traffic = trafficOf(target.service.name, servable(target, seen));
  const named = new Set([
    ...target.revisions.map(({ name }) => name),
    ...routed(seen.service),
    templateName(seen.service),
  ]);
  return {
    manifest: serviceManifest(target, next, traffic, settings, isolationNow(next, seen.service, settings)),
    remove: seen.revisions.map(({ metadata }) => metadata.name).filter((name) => !named.has(name)),
  };
}

/**
 * Those that are Ready, and of those that are routed also which wait for a node: Knative holds their requests until one
 * has room. It refuses all traffic that is new while any of it waits, so these give way to one that comes Ready.
 */
function servable(target: Target, { service, revisions }: Seen): TargetRevision[] {
  const of = ({ name }: TargetRevision): KnativeRevision | undefined =>
    revisions.find(({ metadata }) => metadata.name === name);
  const ready = target.revisions.filter((revision) => isReady(of(revision)));
  const pinned = service?.spec.traffic?.map(({ revisionName }) => revisionName) ?? [];
  if (!ready.every(({ name }) => pinned.includes(name))) return ready;
  return target.revisions.filter(
    (revision) => ready.includes(revision) || (pinned.includes(revision.name) && waitsForNode(of(revision))),
  );
}

function waitsForNode(revision: KnativeRevision | undefined): boolean {
  return conditionOf(revision?.status?.conditions, 'Ready')?.reason === 'Unschedulable';
}

/** Whether the cluster routes the revision's own host: its tag is in the status of the Service. */
export function isTagged(
  service: KnativeService | undefined,
  revision: TargetRevision,
  name: string,
): boolean {
  const tag = revisionTag(revision.name, name);
  const routes = conditionOf(service?.status?.conditions, 'RoutesReady');
  return (
    service !== undefined &&
    isObserved(service) &&
    routes?.status === 'True' &&
    (service.status?.traffic ?? []).some((line) => line.tag === tag && line.revisionName === revision.name)
  );
}

/** Whether the cluster routes to it by its name, as only to what was Ready. */
export function isPinned(service: KnativeService | undefined, revision: string): boolean {
  return routed(service).includes(revision);
}

export function isReady(revision: KnativeRevision | undefined): boolean {
  return (
    revision !== undefined &&
    isObserved(revision) &&
    conditionOf(revision.status?.conditions, 'Ready')?.status === 'True'
  );
}

/** The template stays what it is while the target still names it: a template of a former name would be a new revision. */
function templateNow(target: Target, service: KnativeService | undefined): TargetRevision | undefined {
  const name = templateName(service);
  return target.revisions.find((revision) => revision.name === name);
}

function isolationNow(
  revision: TargetRevision,
  service: KnativeService | undefined,
  settings: ManifestSettings,
): Isolation {
  return service !== undefined && templateName(service) === revision.name
    ? madeWith(service)
    : isolationOf(revision, settings);
}

const templateName = (service: KnativeService | undefined): string | undefined =>
  service?.spec.template.metadata.name;

const routed = (service: KnativeService | undefined): string[] =>
  [...(service?.spec.traffic ?? []), ...(service?.status?.traffic ?? [])].flatMap(
    ({ revisionName }) => revisionName ?? [],
  );
