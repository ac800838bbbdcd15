import type { Id, Route } from '#libs/domain';
import type { Draft } from './draft.js';

/** Routes of the service itself, without rows of another one at a host it asks for. */
export function ownRoutes(draft: Draft): Route[] {
  return draft.routes.filter((route) => route.serviceId === draft.service.id);
}

/** Clusters that gateways ask for a revision, best first; before routes were decided: today. */
export function askedIn(draft: Draft, revision: string): Id<'cls'>[] {
  const backends = ownRoutes(draft).flatMap((route) => route.backends);
  return (
    backends.find((backend) => backend.revision === revision)?.doors.map(({ clusterId }) => clusterId) ?? []
  );
}
