import type { ErrorCode } from '#libs/domain';

/** An answer that a gateway gives by itself. */
export interface Refusal {
  status: number;
  code: ErrorCode;
  message: string;
  nextStep: string;
}

/** Of private services. */
export const NO_TOKEN: Refusal = {
  status: 401,
  code: 'UNAUTHENTICATED',
  message: 'This service is private, and the request carries no valid token.',
  nextStep: 'Send `Authorization: Bearer` with what `tow services token` prints; it works for some minutes.',
};

export const OTHER_AUDIENCE: Refusal = {
  status: 403,
  code: 'PERMISSION_DENIED',
  message: 'The token was made for another service.',
  nextStep: 'Ask for one of this service with `tow services token`.',
};

/** Pushed as part of a host's route. As Google's APIs refuse who is suspended or has no billing: nothing that the caller changes helps. */
export const SUSPENDED: Refusal = {
  status: 403,
  code: 'PERMISSION_DENIED',
  message: 'The owner of this service is suspended on this installation.',
  nextStep: 'Ask the owner of the service; the owner finds the reason with `tow orgs describe`.',
};

export const NOT_ADMITTED: Refusal = {
  status: 503,
  code: 'UNAVAILABLE',
  message: 'The gateway cannot say now whether the owner of this service may spend more.',
  nextStep: 'Try again shortly.',
};

export const NO_REVISION: Refusal = {
  status: 503,
  code: 'UNAVAILABLE',
  message: 'No revision of this service is ready.',
  nextStep: 'Try again shortly; the owner sees the reason with `tow services describe`.',
};

/** Part of the static listener. */
export const UNKNOWN_HOST: Refusal = {
  status: 404,
  code: 'NOT_FOUND',
  message: 'No service answers at this address.',
  nextStep: 'Check the address; `tow services list` shows the URL of every service.',
};

export const TIMED_OUT: Refusal = {
  status: 504,
  code: 'DEADLINE_EXCEEDED',
  message: "The request ran longer than the revision's timeout.",
  nextStep: 'Answer faster, or deploy with a larger --timeout.',
};

export const NO_ANSWER: Refusal = {
  status: 503,
  code: 'UNAVAILABLE',
  message: 'The service did not answer.',
  nextStep: 'Try again shortly.',
};

export const TOO_LARGE: Refusal = {
  status: 413,
  code: 'PAYLOAD_TOO_LARGE',
  message: 'The request is larger than the gateway takes.',
  nextStep: 'Send less at once.',
};

export const HEADERS_TOO_LARGE: Refusal = {
  status: 431,
  code: 'INVALID_ARGUMENT',
  message: "The request's headers are larger than the gateway takes.",
  nextStep: 'Send fewer or shorter headers.',
};

export const NOT_HTTP: Refusal = {
  status: 400,
  code: 'INVALID_ARGUMENT',
  message: 'The gateway could not read the request as HTTP.',
  nextStep: 'Check the request line, the Host and the headers.',
};
