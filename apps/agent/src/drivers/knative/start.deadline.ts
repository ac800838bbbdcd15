import type { TargetRevision } from '#libs/domain';
import { startupSeconds } from './container.manifest.js';
import { conditionOf, containersOf, type Pod } from './knative.types.js';

/** Beyond its startup probe: what the cluster takes to see that it was answered; seconds. */
const SLACK = 10;

/** GPUs come free when somebody else lets go of them: Knative's deadline is final, so it is set where nobody waits for it. */
const GPU_WAIT_SECONDS = 30 * 24 * 3600;

/** How long a revision's first instance may wait for a node and its image, seconds. */
export function placeSeconds(
  { resources }: TargetRevision,
  { placeTimeoutSeconds }: { placeTimeoutSeconds: number },
): number {
  return resources.gpus === undefined ? placeTimeoutSeconds : GPU_WAIT_SECONDS;
}

/** How long a revision's container may run before its instance is ready, seconds. */
export function startSeconds(
  revision: TargetRevision,
  { startTimeoutSeconds }: { startTimeoutSeconds: number },
): number {
  return Math.max(startTimeoutSeconds, startupSeconds(revision) + SLACK);
}

/**
 * When the first of these instances has run as long as a start may take, epoch ms; undefined while none runs that is not
 * ready. Knative's own deadline cannot say that: it counts from the wish, and finding a node and pulling the image is
 * no fault of the program.
 */
export function startEnds(
  revision: TargetRevision,
  pods: readonly Pod[],
  settings: { startTimeoutSeconds: number },
): number | undefined {
  const begun = pods.filter(isComing).flatMap((pod) => startedAt(pod) ?? []);
  return begun.length === 0 ? undefined : Math.min(...begun) + startSeconds(revision, settings) * 1000;
}

const isComing = ({ metadata, status }: Pod): boolean =>
  metadata.deletionTimestamp === undefined && conditionOf(status?.conditions, 'Ready')?.status !== 'True';

/** When the last of its containers was started; undefined while one does not run. */
function startedAt(pod: Pod): number | undefined {
  const at = Math.max(...containersOf(pod).map(({ state }) => Date.parse(state?.running?.startedAt ?? '')));
  return Number.isFinite(at) ? at : undefined;
}
