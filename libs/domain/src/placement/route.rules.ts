import { same } from '../canonical.js';
import type { Id } from '../id.js';
import type { Access } from '../service/service.types.js';
import type { Route, RouteBackend, SplitLine } from './placement.types.js';

/** A route without the number that orders its versions. */
export type RouteBody = Omit<Route, 'version'>;

/** More than a host ever has; 2^20 epochs stay exact in a JS number. */
const VERSIONS_PER_EPOCH = 2 ** 32;

export interface RouteQuestion {
  organizationId: Id<'org'>;
  projectId: Id<'prj'>;
  serviceId: Id<'svc'>;
  access: Access;
  /** The organization is stopped. */
  suspended: boolean;
  /** It has a cap. */
  capped: boolean;
  /** What tokens for the service are made for. */
  audience: string;
  /** The split in force; empty when no revision has been ready yet. */
  lines: readonly SplitLine[];
  /** Makes the service's host, or the one of a tag. */
  hostOf: (tag?: string) => string;
  /** Where a revision is reached; undefined when it is nowhere. */
  backendOf: (revision: string) => Omit<RouteBackend, 'percent'> | undefined;
}

/** One route for the service's host and one for each tag. Backends of a route sum to 100, or there are none. */
export function desiredRoutes(question: RouteQuestion): RouteBody[] {
  const { lines } = question;
  const tagged = lines.flatMap(({ tag, revision }) => (tag === undefined ? [] : [{ tag, revision }]));
  return [
    routeOf(question, question.hostOf(), lines),
    ...tagged.map(({ tag, revision }) =>
      routeOf(question, question.hostOf(tag), [{ revision, percent: 100 }]),
    ),
  ];
}

/** The route that takes a host away; the row stays, so that a late reader cannot revive it. */
export function deletedRoute(route: Route): RouteBody {
  const { version: _version, ...body } = route;
  return { ...body, backends: [], deleted: true };
}

/**
 * The route after this one: the same object when it says the same, else the next version, above the version `held`
 * that gateways are shown (higher than ours after a restore from backup) and, when the hub's epoch has risen, above
 * every version of a former epoch: a gateway may keep one on its disk that is shown nowhere any more.
 */
export function nextRoute(
  previous: Route | undefined,
  { held, hubEpoch }: { held: number; hubEpoch: number },
  body: RouteBody,
): Route {
  const floor = Math.max(held, (hubEpoch - 1) * VERSIONS_PER_EPOCH);
  if (previous === undefined) return { ...body, version: floor + 1 };
  const { version, ...oldBody } = previous;
  if (version >= floor && same(oldBody, body)) return previous;
  return { ...body, version: Math.max(version, floor) + 1 };
}

function routeOf(question: RouteQuestion, host: string, lines: readonly SplitLine[]): RouteBody {
  const { organizationId, projectId, serviceId, access, suspended, capped, audience, backendOf } = question;
  const backends = [...percents(lines)].map(([revision, percent]) => ({
    backend: backendOf(revision),
    percent,
  }));
  const whole = backends.every(({ backend }) => backend !== undefined && backend.doors.length > 0);
  return {
    schemaVersion: 1,
    host,
    organizationId,
    projectId,
    serviceId,
    access,
    ...(suspended ? { refusal: 'suspended' as const } : {}),
    ...(capped ? { capped: true as const } : {}),
    ...(access === 'private' ? { audience } : {}),
    backends: whole
      ? backends.flatMap(({ backend, percent }) => (backend ? [{ ...backend, percent }] : []))
      : [],
  };
}

/** Percent by revision; lines of one revision add up, lines of 0 percent are left out. Sorted by name. */
function percents(lines: readonly SplitLine[]): Map<string, number> {
  const sums = new Map<string, number>();
  for (const { revision, percent } of lines) {
    if (percent > 0) sums.set(revision, (sums.get(revision) ?? 0) + percent);
  }
  return new Map([...sums].sort(([a], [b]) => (a < b ? -1 : 1)));
}
