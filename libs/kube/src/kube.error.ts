/** What the API server answers instead of an object (`metav1.Status`). */
interface Status {
  reason?: string;
  message?: string;
  details?: { retryAfterSeconds?: number; causes?: Cause[] };
}

/** One of several reasons that the server gives. */
interface Cause {
  field?: string;
  message?: string;
}

/** An answer of the API server that is no success. `message` is its own words: for logs and operators, not for tenants. */
export class KubeError extends Error {
  override readonly name = 'KubeError';

  constructor(
    readonly status: number,
    /** Kubernetes' reason (`NotFound`, `Conflict`, `AlreadyExists`, `Forbidden` …), or `` when it names none. */
    readonly reason: string,
    message: string,
    /** How long the server asks to wait before the next try. */
    readonly retryAfterMs: number | undefined = undefined,
    readonly causes: readonly Cause[] = [],
  ) {
    super(message);
  }

  /** From an answer's body, whatever it is: proxies answer without a Status. */
  static of(status: number, body: string, retryAfter?: string): KubeError {
    const { reason = '', message, details } = parse(body);
    const seconds = details?.retryAfterSeconds ?? (retryAfter === undefined ? undefined : Number(retryAfter));
    const waits = seconds !== undefined && Number.isFinite(seconds) ? seconds * 1000 : undefined;
    return new KubeError(
      status,
      reason,
      message ?? `The API server answered ${status}.`,
      waits,
      details?.causes,
    );
  }
}

function parse(body: string): Status {
  try {
    const value: unknown = JSON.parse(body);
    return typeof value === 'object' && value !== null ? value : {};
  } catch {
    return {};
  }
}
