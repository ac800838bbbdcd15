import type { SecretReference } from '#libs/domain';
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
export type EnvChange = { name: string; value: string | null } | { name: string; secret: SecretReference };

/** The entries to send, undefined when no flag speaks of the environment. */
export function envChanges(flags: EnvFlags, current: readonly EnvView[]): EnvChange[] | undefined {
  if (!isSpoken(flags, ALL_FLAGS)) return undefined;
  const gone = [
    ...(isSpoken(flags, ['setEnvVars', 'clearEnvVars']) ? namesOf(current, 'value') : []),
    ...(isSpoken(flags, ['setSecrets', 'clearSecrets']) ? namesOf(current, 'secret') : []),
    ...listed(flags.removeEnvVars),
    ...listed(flags.removeSecrets).filter((name) => !isPath(name)),
  ];
  const values = [...pairs(flags.setEnvVars), ...pairs(flags.updateEnvVars)];
  const secrets = secretPairs(flags).filter(([name]) => !isPath(name));
  const changes: EnvChange[] = [
    ...gone.map((name) => ({ name, value: null })),
    ...values.map(([name, value]) => ({ name, value })),
    ...secrets.map(([name, text]) => ({ name, secret: secretReference(name, text) })),
  ];
  return [...new Map(changes.map((change) => [change.name, change])).values()];
}

/** One file of a merge patch; the list is keyed by path. */
export interface FileChange {
  path: string;
  secret: SecretReference | null;
}

/** The secrets that are files: those whose name is a path, as gcloud has it. */
export function fileChanges(flags: EnvFlags, current: readonly { path: string }[]): FileChange[] | undefined {
  const replaced = isSpoken(flags, ['setSecrets', 'clearSecrets']) ? current.map(({ path }) => path) : [];
  const gone = [...replaced, ...listed(flags.removeSecrets).filter(isPath)];
  const changes: FileChange[] = [
    ...gone.map((path) => ({ path, secret: null })),
    ...secretPairs(flags)
      .filter(([name]) => isPath(name))
      .map(([path, text]) => ({ path, secret: secretReference(path, text) })),
  ];
  if (changes.length === 0) return undefined;
  return [...new Map(changes.map((change) => [change.path, change])).values()];
}

/** A secret whose name is a path is a file. */
export const isPath = (name: string): boolean => name.startsWith('/');

function secretPairs(flags: EnvFlags): [string, string][] {
  return [...pairs(flags.setSecrets), ...pairs(flags.updateSecrets)];
}

/** Whether the entries depend on what the service holds now, so that a change meanwhile must be noticed. */
export function replacesEnv(flags: EnvFlags): boolean {
  return isSpoken(flags, ['setEnvVars', 'clearEnvVars', 'setSecrets', 'clearSecrets']);
}

const ALL_FLAGS = [
  'setEnvVars',
  'updateEnvVars',
  'removeEnvVars',
  'clearEnvVars',
  'setSecrets',
  'updateSecrets',
  'removeSecrets',
  'clearSecrets',
] as const satisfies readonly (keyof EnvFlags)[];

function isSpoken(flags: EnvFlags, names: readonly (keyof EnvFlags)[]): boolean {
  return names.some((name) => flags[name] !== undefined && flags[name] !== false);
}

function listed(names: readonly string[] | undefined): readonly string[] {
  return names ?? [];
}

function pairs(map: Map<string, string> | undefined): [string, string][] {
  return [...(map ?? [])];
}

/** Reads a flag's `secret` (its newest version), `secret:3` or `secret:latest`. */
export function secretOf(flag: string): (text: string) => SecretReference {
  return (text) => secretReference(flag, text.includes(':') ? text : `${text}:latest`);
}

/** `secret:3` or `secret:latest`. */
function secretReference(variable: string, text: string): SecretReference {
  const [, name, version] = /^([^:]+):(latest|\d{1,9})$/.exec(text) ?? [];
  if (name === undefined || version === undefined) {
    throw usageError(
      `"${text}" of ${variable} is not a secret's version.`,
      'Write the version as secret:1 or secret:latest.',
    );
  }
  return { name, version: version === 'latest' ? version : Number(version) };
}

function namesOf(env: readonly EnvView[], kind: 'value' | 'secret'): string[] {
  return env.filter((entry) => kind in entry).map((entry) => entry.name);
}
