import { isCurrent, mayRemoveDerived } from '#libs/domain';
import type { Id, Target } from '#libs/domain';
import type { TargetRecord } from '#libs/store';
import type { Draft } from './draft.js';
import { routesAreServed } from './gateways.step.js';
import { ownRoutes } from './own.routes.js';
import { bodyOf, withTarget } from './targets.step.js';

/**
 * Takes the service out of clusters it is no longer placed on, once no route leads there. A removal that nobody asked
 * for stops and asks when the cluster would lose too many.
 */
export function leaveStep(draft: Draft): void {
  const leaving = draft.live.filter((record) => !draft.holdings.includes(record));
  for (const { target } of leaving) {
    if (!routesAreServed(draft) || isRouted(draft, target)) continue;
    const by = authorityOf(draft, target);
    if (by !== 'derived' || mayLeave(draft, target.clusterId)) bury(draft, target, by);
  }
}

/** Counts are of clusters that the rows are leaving: of one that this pass leaves they are known to the next. */
function mayLeave(draft: Draft, clusterId: Id<'cls'>): boolean {
  const counted = draft.seen.held.get(clusterId);
  if (counted === undefined) draft.wakeIn(0);
  return counted !== undefined && mayRemoveDerived(counted.held, counted.removing + 1);
}

/** Draining a cluster is an operator's word, changing the regions of a service its customer's. */
function authorityOf(
  { service, records }: Draft,
  { clusterId }: Target,
): 'customer' | 'operator' | 'derived' {
  const cluster = records.clusters.find(({ id }) => id === clusterId);
  if (cluster?.drainingAt !== undefined) return 'operator';
  const isAsked = cluster === undefined || (service.regions ?? [cluster.region]).includes(cluster.region);
  return isAsked ? 'derived' : 'customer';
}

/** Takes a deleted service out of every cluster, after its routes are gone; ends when every cluster says it is gone. */
export function removalStep(draft: Draft): void {
  if (!routesAreServed(draft)) {
    draft.wakeIn(1_000);
    return draft.state('removal', 'running', 'Waits until gateways no longer route to it.');
  }
  // what a cluster has confirmed is over: it may have left the installation since
  for (const record of draft.targets) if (!isRemoved(record)) bury(draft, record.target, 'customer');
  const left = draft.targets.filter((record) => !isRemoved(record)).map(({ target }) => target.clusterId);
  if (left.length > 0) return draft.state('removal', 'running', `Being removed from ${left.join(', ')}.`);
  draft.removedAt = draft.now;
  draft.state('removal', 'succeeded', 'Nothing of it is left.');
}

function bury(draft: Draft, target: Target, by: 'customer' | 'operator' | 'derived'): void {
  draft.targets = withTarget(draft, { ...bodyOf(draft, target.clusterId), tombstone: { by } });
}

function isRemoved({ target, report }: TargetRecord): boolean {
  return target.tombstone !== undefined && isCurrent(target, report) && report.removed;
}

function isRouted(draft: Draft, target: Target): boolean {
  return ownRoutes(draft).some((route) =>
    route.backends.some((backend) => backend.doors.some((door) => door.clusterId === target.clusterId)),
  );
}
