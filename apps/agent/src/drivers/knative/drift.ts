/**
 * The first place where what is there does not hold what was asked for; undefined when it does. Fields that nobody
 * asked for do not count: defaults, status and other writers' own. Lists are compared whole, element by element.
 */
export function firstDifference(desired: unknown, actual: unknown, path = ''): string | undefined {
  if (actual === undefined && isZero(desired)) return undefined;
  if (Array.isArray(desired)) return listDifference(desired, actual, path);
  if (isRecord(desired)) return recordDifference(desired, actual, path);
  return desired === actual ? undefined : path;
}

function listDifference(desired: unknown[], actual: unknown, path: string): string | undefined {
  if (!Array.isArray(actual) || actual.length !== desired.length) return path;
  return first(desired.map((value, at) => firstDifference(value, actual[at], `${path}[${at}]`)));
}

function recordDifference(
  desired: Record<string, unknown>,
  actual: unknown,
  path: string,
): string | undefined {
  if (!isRecord(actual)) return path;
  const below = path === '' ? '' : `${path}.`;
  return first(
    Object.entries(desired).map(([key, value]) => firstDifference(value, actual[key], `${below}${key}`)),
  );
}

/** What Kubernetes leaves out of what it gives back. */
function isZero(value: unknown): boolean {
  if (typeof value === 'object' && value !== null) return Object.keys(value).length === 0;
  return value === 0 || value === false || value === '';
}

const first = (found: (string | undefined)[]): string | undefined => found.find((path) => path !== undefined);

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null;
