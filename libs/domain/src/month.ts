import { TowpathError } from './error.js';

export const HOUR_MS = 3_600_000;

/** [startMs, endMs) in UTC ms. */
interface Span {
  startMs: number;
  endMs: number;
}

/**
 * The span of a UTC month.
 * @throws TowpathError INVALID_ARGUMENT naming field `month`
 */
export function monthSpan(month: string): Span {
  const match = /^(\d{4})-(0[1-9]|1[0-2])$/.exec(month);
  if (!match) {
    const violations = [{ field: 'month', message: 'must be a month like 2026-11' }];
    throw new TowpathError('INVALID_ARGUMENT', 'month: must be a month like 2026-11', { violations });
  }
  const [year, index] = [Number(match[1]), Number(match[2]) - 1];
  return { startMs: Date.UTC(year, index), endMs: Date.UTC(year, index + 1) };
}

/** The UTC month an instant lies in, as `YYYY-MM`. */
export function monthOf(atMs: number): string {
  return new Date(atMs).toISOString().slice(0, 7);
}

/** What of a span lies in each UTC month, ascending. */
export function monthParts({ startMs, endMs }: Span): (Span & { month: string })[] {
  const parts: (Span & { month: string })[] = [];
  for (let at = startMs; at < endMs;) {
    const end = Math.min(endMs, monthAround(at).endMs);
    parts.push({ month: monthOf(at), startMs: at, endMs: end });
    at = end;
  }
  return parts;
}

/** The span of the UTC month an instant lies in. */
export function monthAround(atMs: number): Span {
  const day = new Date(atMs);
  const [year, month] = [day.getUTCFullYear(), day.getUTCMonth()];
  return { startMs: Date.UTC(year, month), endMs: Date.UTC(year, month + 1) };
}
