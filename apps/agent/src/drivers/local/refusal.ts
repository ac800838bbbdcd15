/** Why a request is answered by the ingress and not by an instance. */
export interface Refusal {
  status: 403 | 404 | 502 | 503;
  /** One CamelCase word a program can switch on. */
  reason: string;
  /** One public sentence. */
  message: string;
  nextStep?: string;
  /** False when no byte of the request reached an instance, so that it costs nothing. */
  reached: boolean;
}

/** On answers that no instance gave; the gateway meters by it. Taken off an instance's own answers. */
export const NOT_REACHED = 'x-towpath-not-reached';

const CODES = { 403: 'PERMISSION_DENIED', 404: 'NOT_FOUND', 502: 'UNAVAILABLE', 503: 'UNAVAILABLE' } as const;

export const UNKNOWN_HOST: Refusal = {
  status: 404,
  reason: 'UnknownHost',
  message: 'No revision on this cluster has this host.',
  nextStep: 'Call the service by its URL.',
  reached: false,
};

export const STOPPING: Refusal = {
  status: 503,
  reason: 'Stopping',
  message: 'The cluster is being stopped.',
  nextStep: 'Try again in a moment.',
  reached: false,
};

export const REVISION_GONE: Refusal = {
  status: 503,
  reason: 'RevisionRemoved',
  message: 'The revision was removed from this cluster.',
  nextStep: 'Try again in a moment.',
  reached: false,
};

export const SUSPENDED: Refusal = {
  status: 403,
  reason: 'Suspended',
  message: 'The owner of the service is suspended, so nothing of it runs.',
  reached: false,
};

export const CONNECTION_LOST: Refusal = {
  status: 502,
  reason: 'InstanceEndedConnection',
  message: 'The instance closed the connection before it answered.',
  nextStep: 'Look at the log of the revision.',
  reached: true,
};

export const INSTANCE_AWAY: Refusal = {
  status: 503,
  reason: 'InstanceAway',
  message: 'The instance did not take the connection.',
  nextStep: 'Try again in a moment.',
  reached: false,
};

export const WRONG_PROTOCOL: Refusal = {
  status: 502,
  reason: 'WrongProtocol',
  message: 'The request came as HTTP/2, and the revision is declared to speak HTTP/1.1.',
  nextStep: 'Deploy the service with protocol h2c, or call it over HTTP/1.1.',
  reached: false,
};

export function queueFull(limit: number): Refusal {
  return {
    status: 503,
    reason: 'QueueFull',
    message: `All instances are busy and ${limit} requests are waiting already.`,
    nextStep: 'Try again, or raise max instances or concurrency.',
    reached: false,
  };
}

export function waitedTooLong(ms: number): Refusal {
  return {
    status: 503,
    reason: 'QueueTimeout',
    message: `No instance had a free place within ${Math.round(ms / 1000)} s.`,
    nextStep: 'Try again, or raise max instances or concurrency.',
    reached: false,
  };
}

/** Only the reason: what the application wrote before it failed is for its owner, not for who calls it. */
export function startFailed(reason: string): Refusal {
  return {
    status: 503,
    reason,
    message: 'The revision could not be started.',
    nextStep: 'Look at the log of the revision.',
    reached: false,
  };
}

/** The shape of every answer that the platform gives in an application's place; the gateway's has it too. */
export function refusalBody({ status, reason, message, nextStep }: Refusal): string {
  return JSON.stringify({
    code: CODES[status],
    message,
    reason,
    ...(nextStep === undefined ? {} : { nextStep }),
  });
}
