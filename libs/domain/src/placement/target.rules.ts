import { same } from '../canonical.js';
import type { GpuClass } from '../cluster/gpu-class.js';
import { revisionHost } from '../service/service.names.js';
import type { Revision } from '../service/service.types.js';
import type { Target, TargetReport, TargetRevision } from './placement.types.js';

/** How many revisions that served last stay in the clusters, so that a rollback to them takes effect at once. */
export const KEPT_AFTER_SERVING = 5;

/** A target without the numbers that order its versions. */
export type TargetBody = Omit<Target, 'generation' | 'epoch'>;

/**
 * Which revisions a cluster holds: the newest one, those that are wanted (traffic, tag, an operation that waits for
 * them) and the last five that served. Ascending by number.
 */
export function heldRevisions<R extends { name: string; number: number; servedAt?: number }>(
  revisions: readonly R[],
  wanted: ReadonlySet<string>,
): R[] {
  const ascending = [...revisions].sort((a, b) => a.number - b.number);
  const newest = ascending.at(-1);
  const served = ascending
    .filter((revision) => revision.servedAt !== undefined)
    .sort((a, b) => (b.servedAt ?? 0) - (a.servedAt ?? 0) || b.number - a.number)
    .slice(0, KEPT_AFTER_SERVING);
  return ascending.filter(
    (revision) => revision === newest || wanted.has(revision.name) || served.includes(revision),
  );
}

/** What a cluster is asked to run of a revision. `minInstances` is the service's, and 0 for one without traffic. */
export function targetRevision(
  { id, name, spec }: Revision,
  host: string,
  minInstances: number,
  gpuClasses: readonly GpuClass[],
): TargetRevision {
  return { id, name, host, ...spec, ...gpuNodesOf(spec, gpuClasses), minInstances };
}

function gpuNodesOf(
  { resources: { gpuClass } }: Revision['spec'],
  gpuClasses: readonly GpuClass[],
): Pick<TargetRevision, 'gpuNodes'> {
  const found = gpuClasses.find(({ name }) => name === gpuClass);
  if (found === undefined) return {};
  const { resource, nodeLabels, tolerations } = found;
  return { gpuNodes: { resource, nodeLabels, tolerations } };
}

/**
 * The host of a revision: the one it has wherever a cluster holds it already, so that a release that would name it
 * otherwise moves nothing that runs.
 */
export function keptHost(
  { id, name, projectId }: Revision,
  service: string,
  targets: readonly Pick<Target, 'revisions'>[],
): string {
  const held = targets.flatMap(({ revisions }) => revisions).find((known) => known.id === id);
  return held?.host ?? revisionHost(name, service, projectId);
}

/** The target after this one: the same object when it asks for the same, else the next generation. */
export function nextTarget(previous: Target | undefined, body: TargetBody, epoch: number): Target {
  if (previous === undefined) return { ...body, generation: 1, epoch };
  const { generation, epoch: oldEpoch, ...oldBody } = previous;
  const changed = !same(oldBody, body);
  if (!changed && oldEpoch >= epoch) return previous;
  return { ...body, generation: generation + (changed ? 1 : 0), epoch: Math.max(epoch, oldEpoch) };
}

/** Orders versions of a target: negative when `a` is older. A higher epoch beats every generation. */
export function compareVersions(
  a: Pick<Target, 'epoch' | 'generation'>,
  b: Pick<Target, 'epoch' | 'generation'>,
): number {
  return a.epoch - b.epoch || a.generation - b.generation;
}

/** Whether a report speaks of this version of the target, not of a former one. */
export function isCurrent(target: Target, report: TargetReport | undefined): report is TargetReport {
  return report !== undefined && compareVersions(report, target) >= 0;
}
