import type { EnvView } from '../client/wire.types.js';
import { usageError } from '../exit.js';

/** What the flags say about the environment; `set` replaces all entries of its kind. */
export interface EnvFlags {
  setEnvVars?: Map<string, string> | undefined;
  updateEnvVars?: Map<string, string> | undefined;
  removeEnvVars?: string[] | undefined;
  clearEnvVars?: boolean | undefined;
  setSecrets?: Map<string, string> | undefined;
  updateSecrets?: Map<string, string> | undefined;
  removeSecrets?: string[] | undefined;
  clearSecrets?: boolean | undefined;
}

/** One entry of a merge patch: the list is keyed by name and a null value removes. */
export type EnvChange =
  | { name: string; value: string | null }
  | { name: string; secret: { name: string; version: number | 'latest' } };

/** The entries to send, undefined when no flag speaks of the environment. */
export function envChanges(flags: EnvFlags, current: readonly EnvView[]): EnvChange[] | undefined {
  const changes = new Map<string, EnvChange>();
  const remove = (names: readonly string[]): void =>
    names.forEach((name) => changes.set(name, { name, value: null }));
  if (flags.setEnvVars !== undefined || flags.clearEnvVars === true) remove(namesOf(current, 'value'));
  if (flags.setSecrets !== undefined || flags.clearSecrets === true) remove(namesOf(current, 'secret'));
  remove([...(flags.removeEnvVars ?? []), ...(flags.removeSecrets ?? [])]);
  for (const [name, value] of [...(flags.setEnvVars ?? []), ...(flags.updateEnvVars ?? [])]) {
    changes.set(name, { name, value });
  }
  for (const [name, reference] of [...(flags.setSecrets ?? []), ...(flags.updateSecrets ?? [])]) {
    changes.set(name, { name, secret: secretReference(name, reference) });
  }
  const spoken = Object.values(flags).some((flag) => flag !== undefined && flag !== false);
  return spoken ? [...changes.values()] : undefined;
}

/** Whether the entries depend on what the service holds now, so that a change meanwhile must be noticed. */
export function replacesEnv(flags: EnvFlags): boolean {
  const { setEnvVars, clearEnvVars, setSecrets, clearSecrets } = flags;
  return [setEnvVars, clearEnvVars, setSecrets, clearSecrets].some(
    (flag) => flag !== undefined && flag !== false,
  );
}

/** `secret:3` or `secret:latest`. */
function secretReference(variable: string, text: string): { name: string; version: number | 'latest' } {
  const [, name, version] = /^([^:]+):(latest|\d{1,9})$/.exec(text) ?? [];
  if (name === undefined || version === undefined) {
    throw usageError(
      `"${text}" of ${variable} is not a secret's version.`,
      'Write NAME=secret:1 or NAME=secret:latest.',
    );
  }
  return { name, version: version === 'latest' ? version : Number(version) };
}

function namesOf(env: readonly EnvView[], kind: 'value' | 'secret'): string[] {
  return env.filter((entry) => kind in entry).map((entry) => entry.name);
}
