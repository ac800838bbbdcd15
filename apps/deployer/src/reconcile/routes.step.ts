import {
  deletedRoute,
  desiredRoutes,
  isServing,
  isSuspect,
  nextRoute,
  serviceAudience,
  serviceHost,
  standingOf,
} from '#libs/domain';
import type { Cluster, Id, RouteBackend, RouteBody, RouteDoor } from '#libs/domain';
import type { TargetRecord } from '#libs/store';
import type { Draft } from './draft.js';
import { askedIn, ownRoutes } from './own.routes.js';
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
    capped: draft.records.cap !== undefined,
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
  if (!revision || draft.giving.includes(name)) return undefined;
  return {
    revisionId: revision.id,
    revision: name,
    host: clusterHost(draft, revision),
    protocol: revision.spec.protocol,
    timeoutSeconds: revision.spec.timeoutSeconds,
    doors: doorsOf(draft, clustersOf(draft, name)),
  };
}

/**
 * Where a revision is reached, best first: clusters it is placed on that say it is ready (of the target that they have: one
 * that this very pass makes is known to nobody), or say nothing now (a report lags behind a new target) and are asked
 * today. Until every placed one serves, also others that serve: those that are asked today, all while no placed one does.
 * When nobody serves, where it is reached today; else where it is placed.
 */
function clustersOf(draft: Draft, revision: string): Id<'cls'>[] {
  const today = askedIn(draft, revision);
  const serves = (record: TargetRecord): boolean => {
    const { clusterId } = record.target;
    const standing = standingOf(
      revision,
      draft.reported.filter(({ target }) => target.clusterId === clusterId),
    );
    return standing === 'ready' || (standing === 'unknown' && today.includes(clusterId));
  };
  const home = draft.homeOf(revision) ?? draft.placed;
  const able = draft.targets.filter((record) => record.target.tombstone === undefined && serves(record));
  const settled = able.filter(({ target }) => home.includes(target.clusterId));
  const isMoved = home.length > 0 && settled.length === home.length;
  const left = able.filter(({ target }) => settled.length === 0 || today.includes(target.clusterId));
  const serving = isMoved ? settled : [...new Set([...settled, ...left])];
  if (serving.length > 0) return inOrder(home, serving).map(({ target }) => target.clusterId);
  return today.length > 0 ? today : [...home];
}

/** In the placement's order of preference; what the revision leaves comes last. */
function inOrder(home: readonly Id<'cls'>[], records: readonly TargetRecord[]): TargetRecord[] {
  const rank = ({ target }: TargetRecord): number =>
    home.includes(target.clusterId) ? home.indexOf(target.clusterId) : home.length;
  return records.toSorted((a, b) => rank(a) - rank(b));
}

/** Of several doors each says its region, and whether its cluster is silent while another answers. */
function doorsOf({ records, now }: Draft, clusterIds: readonly Id<'cls'>[]): RouteDoor[] {
  const clusters = clusterIds.flatMap((id) => records.clusters.filter((cluster) => cluster.id === id));
  const reached = clusters.flatMap((cluster) => (cluster.door ? [{ ...cluster, door: cluster.door }] : []));
  if (reached.length < 2) return reached.map(({ id, door }) => ({ clusterId: id, door }));
  const isStandby = (cluster: Cluster): boolean =>
    isSuspect(cluster, now) && !reached.every((one) => isSuspect(one, now));
  return reached.map((cluster) => ({
    clusterId: cluster.id,
    door: cluster.door,
    region: cluster.region,
    ...(isStandby(cluster) ? { standby: true as const } : {}),
  }));
}
