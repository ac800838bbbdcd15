/**
 * The closed list of error codes. `http` is the REST status, `exit` the CLI's exit code
 * (0 ok, 1 failure, 2 usage, 3 not allowed, 4 not found, 5 conflict or limit, 124 time-out).
 */
export const ERROR_CODES = {
  INVALID_ARGUMENT: { http: 400, exit: 2, title: 'The request is not valid' },
  UNAUTHENTICATED: { http: 401, exit: 3, title: 'The request carries no valid credential' },
  PERMISSION_DENIED: { http: 403, exit: 3, title: 'The credential does not allow this' },
  NOT_FOUND: { http: 404, exit: 4, title: 'There is no such thing, or you cannot see it' },
  ALREADY_EXISTS: { http: 409, exit: 5, title: 'A thing of that name exists' },
  VERSION_CONFLICT: { http: 409, exit: 5, title: 'The thing changed since you read it' },
  IDEMPOTENCY_CONFLICT: { http: 409, exit: 5, title: 'The Idempotency-Key was used for another request' },
  FAILED_PRECONDITION: { http: 409, exit: 5, title: 'The state of the thing does not allow this now' },
  CAP_REACHED: { http: 402, exit: 5, title: 'The most that may be spent is reached' },
  PAYLOAD_TOO_LARGE: { http: 413, exit: 5, title: 'The body is larger than allowed' },
  UNSUPPORTED_MEDIA_TYPE: { http: 415, exit: 2, title: 'The body has a type this address does not read' },
  METHOD_NOT_ALLOWED: { http: 405, exit: 2, title: 'The address exists but not with this method' },
  RATE_LIMITED: { http: 429, exit: 5, title: 'Too many requests' },
  NOT_SUPPORTED: { http: 422, exit: 1, title: 'This installation does not do that' },
  BUILD_FAILED: { http: 422, exit: 1, title: 'The build failed' },
  START_FAILED: { http: 422, exit: 1, title: 'The revision did not become ready' },
  PLACEMENT_FAILED: { http: 422, exit: 1, title: 'No cluster can hold the service' },
  DEADLINE_EXCEEDED: { http: 504, exit: 124, title: 'The work did not end in time' },
  UNAVAILABLE: { http: 503, exit: 1, title: 'A part of the platform does not answer' },
  INTERNAL: { http: 500, exit: 1, title: 'Something went wrong on our side' },
} as const;

export type ErrorCode = keyof typeof ERROR_CODES;

/** One reason why an input was refused. `field` is a path like `template.resources.memory` or `traffic[1].percent`. */
export interface Violation {
  field: string;
  message: string;
}

/** What an error says to the outside: cause, fields, next step. Never inner text. */
export interface PublicError {
  code: ErrorCode;
  /** One public sentence: the cause. */
  message: string;
  violations?: Violation[];
  nextStep?: string;
  /** When trying again makes sense, in whole seconds from now. */
  retryAfterSeconds?: number;
}

/** The only error that is shown to callers; anything else becomes INTERNAL with an id. */
export class TowpathError extends Error implements PublicError {
  readonly code: ErrorCode;
  readonly violations?: Violation[];
  readonly nextStep?: string;
  readonly retryAfterSeconds?: number;

  constructor(
    code: ErrorCode,
    message: string,
    more: {
      violations?: Violation[];
      nextStep?: string;
      retryAfterSeconds?: number;
      cause?: unknown;
    } = {},
  ) {
    super(message, { cause: more.cause });
    this.name = 'TowpathError';
    this.code = code;
    if (more.violations) this.violations = more.violations;
    if (more.nextStep) this.nextStep = more.nextStep;
    if (more.retryAfterSeconds !== undefined) this.retryAfterSeconds = more.retryAfterSeconds;
  }
}

/** Throws one INVALID_ARGUMENT that carries all violations, if there are any. */
export function refuseIfAny(violations: readonly Violation[]): void {
  if (violations.length === 0) return;
  const first = violations[0] as Violation;
  const message =
    violations.length === 1
      ? `${first.field}: ${first.message}`
      : `${violations.length} fields are not valid, the first is ${first.field}: ${first.message}`;
  throw new TowpathError('INVALID_ARGUMENT', message, { violations: [...violations] });
}

/** The body that REST (RFC 9457), operations and the CLI share. */
export function toPublicError(error: TowpathError): PublicError {
  return {
    code: error.code,
    message: error.message,
    ...(error.violations ? { violations: error.violations } : {}),
    ...(error.nextStep ? { nextStep: error.nextStep } : {}),
    ...(error.retryAfterSeconds === undefined ? {} : { retryAfterSeconds: error.retryAfterSeconds }),
  };
}
