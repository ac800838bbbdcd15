/** Why a request is answered by the ingress and not by an instance. */
export interface Refusal {
  status: 404 | 502 | 503;
  /** One CamelCase word a program can switch on. */
  reason: string;
  /** One public sentence. */
  detail: string;
  nextStep?: string;
  /** False when no byte of the request reached an instance, so that it costs nothing. */
  reached: boolean;
}

/** On answers that no instance gave; the gateway meters by it. Taken off an instance's own answers. */
export const NOT_REACHED = 'x-towpath-not-reached';

const TITLES = { 404: 'Not found', 502: 'Bad gateway', 503: 'Unavailable' } as const;
const CODES = { 404: 'NOT_FOUND', 502: 'UNAVAILABLE', 503: 'UNAVAILABLE' } as const;

export const UNKNOWN_HOST: Refusal = {
  status: 404,
  reason: 'UnknownHost',
  detail: 'No revision on this cluster has this host.',
  nextStep: 'Call the service by its URL.',
  reached: false,
};

export const STOPPING: Refusal = {
  status: 503,
  reason: 'Stopping',
  detail: 'The cluster is being stopped.',
  nextStep: 'Try again in a moment.',
  reached: false,
};

export const REVISION_GONE: Refusal = {
  status: 503,
  reason: 'RevisionRemoved',
  detail: 'The revision was removed from this cluster.',
  nextStep: 'Try again in a moment.',
  reached: false,
};

export const CONNECTION_LOST: Refusal = {
  status: 502,
  reason: 'InstanceEndedConnection',
  detail: 'The instance closed the connection before it answered.',
  nextStep: 'Look at the log of the revision.',
  reached: true,
};

export const INSTANCE_AWAY: Refusal = {
  status: 503,
  reason: 'InstanceAway',
  detail: 'The instance did not take the connection.',
  nextStep: 'Try again in a moment.',
  reached: false,
};

export const WRONG_PROTOCOL: Refusal = {
  status: 502,
  reason: 'WrongProtocol',
  detail: 'The request came as HTTP/2, and the revision is declared to speak HTTP/1.1.',
  nextStep: 'Deploy the service with protocol h2c, or call it over HTTP/1.1.',
  reached: false,
};

export function queueFull(limit: number): Refusal {
  return {
    status: 503,
    reason: 'QueueFull',
    detail: `All instances are busy and ${limit} requests are waiting already.`,
    nextStep: 'Try again, or raise max instances or concurrency.',
    reached: false,
  };
}

export function waitedTooLong(ms: number): Refusal {
  return {
    status: 503,
    reason: 'QueueTimeout',
    detail: `No instance had a free place within ${Math.round(ms / 1000)} s.`,
    nextStep: 'Try again, or raise max instances or concurrency.',
    reached: false,
  };
}

export function startFailed(reason: string, message: string): Refusal {
  return {
    status: 503,
    reason,
    detail: `The revision could not be started. ${message}`,
    nextStep: 'Look at the log of the revision.',
    reached: false,
  };
}

/** RFC 9457 body. */
export function refusalBody(refusal: Refusal): string {
  return JSON.stringify({
    title: TITLES[refusal.status],
    status: refusal.status,
    code: CODES[refusal.status],
    reason: refusal.reason,
    detail: refusal.detail,
    ...(refusal.nextStep === undefined ? {} : { nextStep: refusal.nextStep }),
  });
}
