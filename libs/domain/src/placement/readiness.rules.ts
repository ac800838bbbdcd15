import type { Condition } from '../condition.js';
import type { Target, TargetReport } from './placement.types.js';
import { isCurrent } from './target.rules.js';

/** A cluster's target and what it last said about it. */
export interface Holding {
  target: Target;
  report?: TargetReport;
}

/** Whether a revision can take traffic somewhere. */
export type Standing = 'ready' | 'failed' | 'unknown';

/** A revision's condition of this type is its readiness. */
export const REVISION_READY = 'Ready';
/** The reason of a start that only takes its time. */
export const STARTING = 'Starting';
/** The reason of a start of which an instance runs and is not routed to yet. */
export const ROUTE_COMING = 'RouteComing';

/** What one cluster says about a revision; a report of a former version of the target says nothing. */
export function reportedReady(holding: Holding, revision: string): Condition | undefined {
  const said = reported(holding, revision);
  return said?.status === 'unknown' ? undefined : said;
}

/** The same, with what it waits for. */
export function reported({ target, report }: Holding, revision: string): Condition | undefined {
  if (target.tombstone || !target.revisions.some((held) => held.name === revision)) return undefined;
  if (!isCurrent(target, report)) return undefined;
  return report.revisions.find((one) => one.name === revision)?.ready;
}

/** What a start waits for where that is more than time: room in a cluster, a registry, a secret. */
function waitOf(revision: string, holdings: readonly Holding[]): Condition | undefined {
  const said = holdings.map((holding) => reported(holding, revision));
  return said.find((ready) => ready?.status === 'unknown' && ready.reason !== STARTING);
}

/** Ready when it is in one cluster; failed when every cluster that holds it says so. */
export function standingOf(revision: string, holdings: readonly Holding[]): Standing {
  const said = holdings
    .filter(({ target }) => target.revisions.some(({ name }) => name === revision))
    .map((holding) => reportedReady(holding, revision)?.status);
  if (said.includes('true')) return 'ready';
  return said.length > 0 && said.every((status) => status === 'false') ? 'failed' : 'unknown';
}

/** The readiness of a revision over all clusters; what was decided stays until a report decides otherwise. */
export function foldReady(
  revision: string,
  holdings: readonly Holding[],
  before: Condition | undefined,
  now: number,
): Condition {
  const standing = standingOf(revision, holdings);
  if (standing === 'ready') {
    return condition('true', 'Started', 'The revision started and can serve.', now);
  }
  if (standing === 'failed') {
    const said = holdings.map((holding) => reportedReady(holding, revision)).find((c) => c !== undefined);
    if (said) return { ...said, type: REVISION_READY, changedAt: now };
  }
  if (before !== undefined && before.status !== 'unknown') return before;
  const wait = waitOf(revision, holdings);
  if (wait !== undefined) return { ...wait, type: REVISION_READY, changedAt: now };
  return condition('unknown', STARTING, 'No cluster has said yet whether the revision starts.', now);
}

/** How many instances of a revision run now, over all clusters, by their last reports. */
export function reportedInstances(revision: string, holdings: readonly Holding[]): number {
  return holdings
    .flatMap((holding) => holding.report?.revisions ?? [])
    .filter((reported) => reported.name === revision)
    .reduce((sum, reported) => sum + reported.instances, 0);
}

function condition(
  status: Condition['status'],
  reason: string,
  message: string,
  changedAt: number,
): Condition {
  return { type: REVISION_READY, status, reason, message, changedAt };
}
