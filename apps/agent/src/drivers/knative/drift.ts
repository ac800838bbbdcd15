import { same } from '#libs/domain';
import type { KubeObject } from '#libs/kube';

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

/** What was asked for of an object, and its versions. */
export interface Wish {
  manifest: KubeObject;
  /** As it was seen then; undefined: it was not there. */
  seen: string | undefined;
  /** What it became when it was applied; absent: it held the wish. */
  applied?: string | undefined;
}

/**
 * Whether somebody else changed the object: it does not hold what was asked for before. What is seen may be older than
 * the last apply; it says nothing then.
 */
export function isDrift(before: Wish | undefined, now: Wish): boolean {
  if (before === undefined || !same(before.manifest, now.manifest)) return false;
  if (now.seen === undefined) return before.seen !== undefined;
  const last = before.applied ?? before.seen;
  return last === undefined || isNewer(now.seen, last);
}

/** Versions of one object are numbers that grow (Kubernetes 1.35 says so of all of its own kinds and of CRDs). */
const isNewer = (version: string, than: string): boolean => {
  const isNumber = [version, than].every((text) => /^\d+$/.test(text));
  return isNumber ? BigInt(version) > BigInt(than) : version !== than;
};

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
