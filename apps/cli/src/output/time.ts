const SECOND = 1000;
const MINUTE = 60 * SECOND;

/** `2026-11-20T12:00:05Z`: a time of the API without its milliseconds. */
export function shortTime(time: string | undefined): string | undefined {
  return time?.replace(/\.\d+Z$/, 'Z');
}

/** `850 ms`, `4.2 s`, `3 min 5 s`: a span between two times of the API, undefined when one is missing. */
export function spanOf(from: string | undefined, to: string | undefined): string | undefined {
  if (from === undefined || to === undefined) return undefined;
  const ms = Date.parse(to) - Date.parse(from);
  if (!Number.isFinite(ms) || ms < 0) return undefined;
  if (ms < SECOND) return `${ms} ms`;
  if (ms < MINUTE) return `${(ms / SECOND).toFixed(1)} s`;
  return `${Math.floor(ms / MINUTE)} min ${Math.round((ms % MINUTE) / SECOND)} s`;
}
