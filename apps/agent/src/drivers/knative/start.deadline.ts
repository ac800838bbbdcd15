import type { TargetRevision } from '#libs/domain';
import { startupSeconds } from './container.manifest.js';
import { conditionOf, containersOf, type Pod } from './knative.types.js';
import { PLACE_TIMEOUT, lateOf, startTimeout, type Readiness } from './readiness.rules.js';

/** Beyond its startup probe: what the cluster takes to see that it was answered; seconds. */
const SLACK = 10;

/** GPUs come free when somebody else lets go of them: Knative's deadline is final, so it is set where nobody waits for it. */
const GPU_WAIT_SECONDS = 30 * 24 * 3600;

/** Images for GPUs are of many GB: bringing one up may take that many times what others may. */
const GPU_PLACE_FACTOR = 10;

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
 * When the first of these instances has taken as long as a start may take, epoch ms; undefined while none runs that is not
 * ready. Knative's own deadline cannot say that: it counts from the wish, and finding a node and pulling the image is
 * no fault of the program. For an instance that holds GPUs it counts from its node, since Knative waits for weeks.
 */
export function startEnds(
  revision: TargetRevision,
  pods: readonly Pod[],
  settings: { startTimeoutSeconds: number; placeTimeoutSeconds: number },
): number | undefined {
  const coming = pods.filter(isComing);
  const start = startSeconds(revision, settings);
  const placed =
    revision.resources.gpus === undefined ? [] : coming.filter((pod) => startedAt(pod) === undefined);
  const ends = [
    ...coming.flatMap((pod) => later(startedAt(pod), start)),
    ...placed.flatMap((pod) => later(placedAt(pod), settings.placeTimeoutSeconds * GPU_PLACE_FACTOR + start)),
  ];
  return ends.length === 0 ? undefined : Math.min(...ends);
}

/** Whether a start that is told this goes on: after an exit the program runs again. */
export const mayBeLate = ({ status, reason }: Readiness): boolean =>
  status === 'unknown' || reason === 'ExitCode';

/** What a start that took too long is told: the program's fault only if it ran. */
export function lateStart(revision: TargetRevision, pods: readonly Pod[], { reason }: Readiness): Readiness {
  const ran = pods.some((pod) => startedAt(pod) !== undefined);
  return ran ? startTimeout(revision) : (lateOf(reason) ?? PLACE_TIMEOUT);
}

const later = (at: number | undefined, seconds: number): number[] =>
  at === undefined ? [] : [at + seconds * 1000];

const isComing = ({ metadata, status }: Pod): boolean =>
  metadata.deletionTimestamp === undefined && conditionOf(status?.conditions, 'Ready')?.status !== 'True';

/** When the last of its containers was started; undefined while one does not run. */
function startedAt(pod: Pod): number | undefined {
  const at = Math.max(...containersOf(pod).map(({ state }) => Date.parse(state?.running?.startedAt ?? '')));
  return Number.isFinite(at) ? at : undefined;
}

/** When its node took it. */
function placedAt({ status }: Pod): number | undefined {
  const at = Date.parse(status?.startTime ?? '');
  return Number.isNaN(at) ? undefined : at;
}
