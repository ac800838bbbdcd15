import type { Condition } from '../condition.js';

/** The conditions of a service, in the order they are met. `Ready` sums up the others. */
export const SERVICE_CONDITIONS = [
  'BuildSucceeded',
  'RevisionReady',
  'Placed',
  'RoutesReady',
  'Ready',
] as const;
export type ServiceConditionType = (typeof SERVICE_CONDITIONS)[number];

interface Reason {
  type: ServiceConditionType;
  status: Condition['status'];
  /** The sentence a person reads when nothing more exact is known. */
  message: string;
}

/** The closed list of reasons: one word for programs, one sentence for people. */
export const SERVICE_REASONS = {
  BuildNotNeeded: { type: 'BuildSucceeded', status: 'true', message: 'The image was given or built before.' },
  BuildPending: { type: 'BuildSucceeded', status: 'unknown', message: 'The build waits for a builder.' },
  BuildCapped: {
    type: 'BuildSucceeded',
    status: 'unknown',
    message: 'The build waits until the cap leaves what it can cost.',
  },
  Building: { type: 'BuildSucceeded', status: 'unknown', message: 'The source is being built.' },
  Built: { type: 'BuildSucceeded', status: 'true', message: 'The source was built.' },
  BuildFailed: { type: 'BuildSucceeded', status: 'false', message: 'The source could not be built.' },
  ImageSought: { type: 'BuildSucceeded', status: 'unknown', message: 'The registry is asked for the image.' },
  ImageFound: { type: 'BuildSucceeded', status: 'true', message: 'The image is in its registry.' },
  ImageNotFound: { type: 'BuildSucceeded', status: 'false', message: 'The image is not in its registry.' },
  ImageNotAllowed: {
    type: 'BuildSucceeded',
    status: 'false',
    message: 'The registry does not let the image be read.',
  },
  RevisionPending: { type: 'RevisionReady', status: 'unknown', message: 'The revision is not made yet.' },
  RevisionStarting: { type: 'RevisionReady', status: 'unknown', message: 'The revision is starting.' },
  RevisionReplaces: {
    type: 'RevisionReady',
    status: 'unknown',
    message: 'The newest revision takes the place of those that hold its GPUs.',
  },
  RevisionServes: { type: 'RevisionReady', status: 'true', message: 'The newest revision can serve.' },
  RevisionFailed: { type: 'RevisionReady', status: 'false', message: 'The newest revision did not start.' },
  PlacementPending: { type: 'Placed', status: 'unknown', message: 'No cluster is chosen yet.' },
  Chosen: { type: 'Placed', status: 'true', message: 'Clusters that hold the service are chosen.' },
  HeldBack: {
    type: 'Placed',
    status: 'unknown',
    message: 'The hub was restored from an older copy; the service runs on as its clusters have it.',
  },
  Contested: {
    type: 'Placed',
    status: 'false',
    message: 'Somebody else in the cluster claims what the service needs.',
  },
  NoCluster: { type: 'Placed', status: 'false', message: 'No cluster can hold the service.' },
  RoutesPending: { type: 'RoutesReady', status: 'unknown', message: 'Gateways do not serve the split yet.' },
  RoutesServed: { type: 'RoutesReady', status: 'true', message: 'Every live gateway serves the split.' },
  GatewaysLag: {
    type: 'RoutesReady',
    status: 'unknown',
    message: 'Some gateways do not serve the split yet.',
  },
  RoutesRejected: { type: 'RoutesReady', status: 'false', message: 'A gateway refused the new routes.' },
  NoReadyRevision: { type: 'RoutesReady', status: 'false', message: 'No revision is ready to take traffic.' },
  Serving: { type: 'Ready', status: 'true', message: 'The service is ready.' },
  NotYet: { type: 'Ready', status: 'unknown', message: 'The service is not ready yet.' },
  Failed: { type: 'Ready', status: 'false', message: 'The service is not ready.' },
} as const satisfies Record<string, Reason>;
export type ServiceReason = keyof typeof SERVICE_REASONS;

/** Makes the condition of a reason; `more.message` replaces the general sentence. */
export function serviceCondition(
  reason: ServiceReason,
  nowMs: number,
  more: { message?: string; nextStep?: string } = {},
): Condition {
  const { type, status, message } = SERVICE_REASONS[reason];
  return {
    type,
    status,
    reason,
    message: more.message ?? message,
    ...(more.nextStep === undefined ? {} : { nextStep: more.nextStep }),
    changedAt: nowMs,
  };
}

/**
 * Sums the other conditions up: false when one is false, true when all four are true, else unknown. Its message
 * is the message of the first condition that stands in the way.
 */
export function readyCondition(conditions: readonly Condition[], nowMs: number): Condition {
  const parts = SERVICE_CONDITIONS.filter((type) => type !== 'Ready').map((type) =>
    conditions.find((condition) => condition.type === type),
  );
  const failed = parts.find((part) => part?.status === 'false');
  if (failed) return serviceCondition('Failed', nowMs, sentence(failed));
  const waiting = parts.find((part) => part?.status === 'unknown');
  if (waiting) return serviceCondition('NotYet', nowMs, sentence(waiting));
  return serviceCondition(parts.includes(undefined) ? 'NotYet' : 'Serving', nowMs);
}

function sentence(condition: Condition): { message: string; nextStep?: string } {
  const { message, nextStep } = condition;
  return nextStep === undefined ? { message } : { message, nextStep };
}
