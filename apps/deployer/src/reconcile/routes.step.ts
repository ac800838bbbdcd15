import {
  deletedRoute,
  desiredRoutes,
  isServing,
  nextRoute,
  serviceAudience,
  serviceHost,
  standingOf,
} from '#libs/domain';
import type { Door, Id, Route, RouteBackend, RouteBody } from '#libs/domain';
import type { TargetRecord } from '#libs/store';
import type { Draft } from './draft.js';
import { clusterHost } from './targets.step.js';

/** Says what gateways serve: a route for the service's host and one for each tag; hosts no longer wanted are deleted. */
export function routesStep(draft: Draft): void {
  const { id: serviceId, organizationId, projectId, access } = draft.service;
  const desired = desiredRoutes({
    organizationId,
    projectId,
    serviceId,
    access,
    suspended: !isServing(draft.records.organizationStatus),
    audience: serviceAudience(draft.service.name, draft.records.projectHandle, draft.tools.domain),
    lines: draft.split,
    hostOf: (tag) => hostOf(draft, tag),
    backendOf: (revision) => backendOf(draft, revision),
  });
  const hosts = new Set(desired.map((route) => route.host));
  const gone = ownRoutes(draft).filter((route) => !hosts.has(route.host));
  setRoutes(draft, [...desired, ...gone.map(deletedRoute)]);
}

/** Takes every host of a deleted service away. */
export function deleteRoutesStep(draft: Draft): void {
  setRoutes(draft, ownRoutes(draft).map(deletedRoute));
}

export function hostOf(draft: Draft, tag?: string): string {
  return serviceHost(tag, draft.service.name, draft.records.projectHandle, draft.tools.domain);
}

/** Routes of the service itself, without rows of another one at a host it asks for. */
export function ownRoutes(draft: Draft): Route[] {
  return draft.routes.filter((route) => route.serviceId === draft.service.id);
}

function setRoutes(draft: Draft, bodies: readonly RouteBody[]): void {
  for (const body of bodies) {
    const before = draft.routes.find((route) => route.host === body.host);
    const held = draft.seen.shownRoutes.get(body.host)?.value.version ?? 0;
    const route = nextRoute(before, { held, hubEpoch: draft.records.hubEpoch }, body);
    if (route !== before) draft.routes = [...draft.routes.filter((other) => other !== before), route];
  }
}

function backendOf(draft: Draft, name: string): Omit<RouteBackend, 'percent'> | undefined {
  const revision = draft.revisions.find((known) => known.name === name);
  if (!revision) return undefined;
  return {
    revisionId: revision.id,
    revision: name,
    host: clusterHost(draft, revision),
    protocol: revision.spec.protocol,
    timeoutSeconds: revision.spec.timeoutSeconds,
    doors: clustersOf(draft, name).flatMap((clusterId) => {
      const door = doorOf(draft, clusterId);
      return door ? [{ clusterId, door }] : [];
    }),
  };
}

/**
 * Where a revision is reached, best first: placed clusters that say it is ready, else one it is leaving that says so;
 * when none says so now (a report lags behind a new target), where it is reached today; else where it is placed.
 */
function clustersOf(draft: Draft, revision: string): Id<'cls'>[] {
  const leaving = draft.targets.filter((record) => !draft.holdings.includes(record));
  for (const records of [draft.holdings, leaving]) {
    const ready = records.filter((record) => standingOf(revision, [record]) === 'ready');
    if (ready.length > 0) return inOrder(draft, ready).map(({ target }) => target.clusterId);
  }
  const today = ownRoutes(draft).flatMap((route) =>
    route.backends.filter((backend) => backend.revision === revision),
  );
  const doors = today[0]?.doors.map(({ clusterId }) => clusterId) ?? [];
  return doors.length > 0 ? doors : [...draft.placed];
}

/** In the placement's order of preference. */
function inOrder({ placed }: Draft, records: readonly TargetRecord[]): TargetRecord[] {
  return records.toSorted((a, b) => placed.indexOf(a.target.clusterId) - placed.indexOf(b.target.clusterId));
}

function doorOf(draft: Draft, clusterId: Id<'cls'>): Door | undefined {
  return draft.records.clusters.find((cluster) => cluster.id === clusterId)?.door;
}
