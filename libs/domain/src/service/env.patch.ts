import { referenceOf, type AskedSecret } from './secret.patch.js';
import type { EnvEntry } from './service.types.js';

/** A change of a field: absent keeps, null goes back to the default (JSON Merge Patch, RFC 7396). */
export type Patch<T> = { [K in keyof T]?: T[K] | null | undefined };

/** A change of one environment entry; `value: null` removes the entry of that name. */
export interface EnvPatch {
  name: string;
  value?: string | null | undefined;
  secret?: AskedSecret | null | undefined;
}

/** Environment entries keyed by name: new ones go to the end, changed ones keep their place. */
export function patchEnv(env: readonly EnvEntry[], patch: readonly EnvPatch[]): EnvEntry[] {
  let next = [...env];
  for (const change of patch) {
    const entry = entryOf(change);
    const index = next.findIndex((old) => old.name === change.name);
    if (entry === undefined) next = next.filter((old) => old.name !== change.name);
    else if (index === -1) next.push(entry);
    else next[index] = entry;
  }
  return next;
}

/** What a field is after a change. */
export function patched<T>(old: T, change: T | null | undefined, fallback: T): T {
  if (change === undefined) return old;
  return change === null ? fallback : change;
}

function entryOf({ name, value, secret }: EnvPatch): EnvEntry | undefined {
  if (secret) return { name, secret: referenceOf(secret) };
  return typeof value === 'string' ? { name, value } : undefined;
}
