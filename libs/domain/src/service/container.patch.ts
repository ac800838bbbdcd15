import {
  PROBE_KINDS,
  type ContainerOptions,
  type Probe,
  type Probes,
  type Volume,
} from './container.types.js';
import type { AskedSecret } from './secret.patch.js';
import { referenceOf } from './secret.patch.js';
import type { SecretFile, Template } from './service.types.js';

/** A change of what only containers have; lists are keyed, null takes away. */
export interface ContainerPatch {
  args?: readonly string[] | null | undefined;
  probes?: { [K in keyof Probes]?: Probe | null | undefined } | null | undefined;
  /** Keyed by path. */
  files?: readonly { path: string; secret: AskedSecret | null }[] | null | undefined;
  /** Keyed by name; a change says the whole volume. */
  volumes?: readonly VolumePatch[] | null | undefined;
}

export interface VolumePatch {
  name: string;
  mountPath: string | null;
  medium?: Volume['medium'] | undefined;
  sizeMiB?: number | undefined;
}

const VOLUME_DEFAULTS = { medium: 'disk', sizeMiB: 64 } as const;

/** Lays a change over what a template has; what is empty is absent. */
export function patchContainer(before: Options, patch: ContainerPatch): Options {
  const args = patch.args === undefined ? (before.args ?? []) : (patch.args ?? []);
  const probes = patchProbes(before.probes, patch.probes);
  return {
    ...(args.length === 0 ? {} : { args: [...args] }),
    ...(Object.keys(probes).length === 0 ? {} : { probes }),
    ...patchFiles(before, patch.files),
    ...unlessEmpty('volumes', merged(before.volumes, patch.volumes, volumeOf)),
  };
}

type Options = ContainerOptions & Pick<Template, 'files'>;

/** Keyed by path; null takes all away. */
export function patchFiles(
  { files }: { files?: readonly SecretFile[] },
  patch: ContainerPatch['files'],
): { files?: SecretFile[] } {
  return unlessEmpty('files', merged(files, patch, fileOf));
}

/** A list that is empty is absent. */
export function unlessEmpty<K extends string, T>(name: K, list: T[]): { [P in K]?: T[] } {
  return (list.length === 0 ? {} : { [name]: list }) as { [P in K]?: T[] };
}

function patchProbes(before: Probes = {}, patch: ContainerPatch['probes']): Probes {
  if (patch === null) return {};
  const kinds = PROBE_KINDS.flatMap((kind) => {
    const next = patch?.[kind] === undefined ? before[kind] : patch[kind];
    return next ? [[kind, next] as const] : [];
  });
  return Object.fromEntries(kinds);
}

type Keyed<T> = { key: string; entry: T | undefined };

const fileOf = ({ path, secret }: { path: string; secret: AskedSecret | null }): Keyed<SecretFile> => ({
  key: path,
  entry: secret === null ? undefined : { path, secret: referenceOf(secret) },
});

const volumeOf = ({ name, mountPath, medium, sizeMiB }: VolumePatch): Keyed<Volume> => ({
  key: name,
  entry:
    mountPath === null
      ? undefined
      : {
          name,
          mountPath,
          medium: medium ?? VOLUME_DEFAULTS.medium,
          sizeMiB: sizeMiB ?? VOLUME_DEFAULTS.sizeMiB,
        },
});

/** New entries go to the end, changed ones keep their place; null takes all away. */
function merged<T extends { path: string } | { name: string }, C>(
  before: readonly T[] = [],
  changes: readonly C[] | null | undefined,
  read: (change: C) => Keyed<T>,
): T[] {
  if (changes === null) return [];
  const list = new Map(before.map((entry) => ['path' in entry ? entry.path : entry.name, entry]));
  for (const { key, entry } of (changes ?? []).map(read)) {
    if (entry === undefined) list.delete(key);
    else list.set(key, entry);
  }
  return [...list.values()];
}
