/** How a failed attempt may be repeated: what went wrong, and whether the request may have been carried out. */
export interface Failure {
  /** `refused`: never connected. `lost`: the connection broke. `busy`: the API said 503 or 429. */
  kind: 'refused' | 'lost' | 'busy';
  /** What the API asked to wait, in ms. */
  retryAfterMs?: number;
}

export const ATTEMPTS = 6;
const FIRST_WAIT_MS = 200;
const LONGEST_WAIT_MS = 5_000;

const REFUSED = new Set(['ECONNREFUSED', 'EAI_AGAIN', 'ENETUNREACH', 'EHOSTUNREACH']);
const LOST = new Set(['ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'ECONNABORTED']);

/** What a connection error means for a repetition; undefined when repeating is of no use. */
export function failureOf(error: unknown): Failure | undefined {
  const code = codeOf(error);
  if (REFUSED.has(code)) return { kind: 'refused' };
  if (LOST.has(code)) return { kind: 'lost' };
  return undefined;
}

/** The system's error code, also of an error that holds one error per address. */
export function codeOf(error: unknown): string {
  const one = error instanceof AggregateError ? (error.errors[0] as unknown) : error;
  const code = (one as { code?: unknown } | undefined)?.code;
  return typeof code === 'string' ? code : '';
}

/** What a status means for a repetition. `retryAfter` is the header: seconds. */
export function failureOfStatus(status: number, retryAfter: string | undefined): Failure | undefined {
  if (status !== 503 && status !== 429) return undefined;
  const seconds = Number(retryAfter);
  if (retryAfter === undefined || !Number.isFinite(seconds) || seconds < 0) return { kind: 'busy' };
  return { kind: 'busy', retryAfterMs: seconds * 1000 };
}

/** Whether a request may be sent again: always when it never left, otherwise only if doing it twice is the same. */
export function mayRepeat(method: string, hasKey: boolean, failure: Failure): boolean {
  if (failure.kind === 'refused') return true;
  return method === 'GET' || method === 'PUT' || hasKey;
}

/** How long to wait before attempt `attempt` + 1 (from 1): doubling, with jitter, never shorter than asked for. */
export function waitBefore(attempt: number, failure: Failure, random: number): number {
  const doubled = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** (attempt - 1));
  return Math.max(doubled * (0.5 + random / 2), failure.retryAfterMs ?? 0);
}
