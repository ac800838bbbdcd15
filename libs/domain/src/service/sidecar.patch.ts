import { patchFiles, unlessEmpty, type ContainerPatch } from './container.patch.js';
import { patchEnv, patched, type EnvPatch, type Patch } from './env.patch.js';
import { keptPullSecret, referenceOf, type AskedSecret } from './secret.patch.js';
import type { Sidecar } from './service.types.js';
import {
  SIDECAR_DEFAULTS,
  SIDECAR_PROBE_KINDS,
  type SidecarOptions,
  type SidecarProbes,
  type VolumeMount,
} from './sidecar.types.js';

/** A change of one sidecar: what it does not say stays, null goes back to the default, `image: null` takes it away. */
export interface SidecarPatch {
  name: string;
  image?: string | null | undefined;
  pullSecret?: AskedSecret | null | undefined;
  command?: readonly string[] | null | undefined;
  args?: readonly string[] | null | undefined;
  env?: readonly EnvPatch[] | null | undefined;
  resources?: Patch<SidecarOptions['resources']> | null | undefined;
  probes?: Patch<SidecarProbes> | null | undefined;
  files?: ContainerPatch['files'];
  /** Keyed by volume; `mountPath: null` takes it out of the container. */
  mounts?: readonly { volume: string; mountPath: string | null }[] | null | undefined;
}

/** Sidecars keyed by name: new ones go to the end, changed ones keep their place; null takes all away. */
export function patchSidecars(
  { sidecars: before = [] }: { sidecars?: readonly Sidecar[] },
  patch: readonly SidecarPatch[] | null | undefined,
): { sidecars?: Sidecar[] } {
  if (patch === null) return {};
  const list = new Map(before.map((sidecar) => [sidecar.name, sidecar]));
  for (const change of patch ?? []) {
    if (change.image === null) list.delete(change.name);
    else list.set(change.name, patchSidecar(list.get(change.name) ?? newSidecar(change.name), change));
  }
  return unlessEmpty('sidecars', [...list.values()]);
}

function newSidecar(name: string): Sidecar {
  return { name, image: '', env: [], resources: SIDECAR_DEFAULTS.resources };
}

function patchSidecar(before: Sidecar, change: SidecarPatch): Sidecar {
  const image = change.image ?? before.image;
  const pull = patched(keptPullSecret(before, image), change.pullSecret, undefined);
  const probes = patchProbes(before.probes, change.probes);
  return {
    name: before.name,
    image,
    ...(pull ? { pullSecret: referenceOf(pull) } : {}),
    env: patchEnv(change.env === null ? [] : before.env, change.env ?? []),
    ...patchWords('command', before, change),
    ...patchWords('args', before, change),
    resources: patchResources(before.resources, change.resources),
    ...(Object.keys(probes).length === 0 ? {} : { probes }),
    ...patchFiles(before, change.files),
    ...unlessEmpty('mounts', patchMounts(before.mounts, change.mounts)),
  };
}

function patchWords(
  of: 'command' | 'args',
  before: Sidecar,
  change: SidecarPatch,
): { command?: string[]; args?: string[] } {
  return unlessEmpty(of, [...patched<readonly string[]>(before[of] ?? [], change[of], [])]);
}

function patchResources(
  before: SidecarOptions['resources'],
  change: SidecarPatch['resources'],
): SidecarOptions['resources'] {
  const { cpuMillis, memoryMiB } = SIDECAR_DEFAULTS.resources;
  if (change === null) return { cpuMillis, memoryMiB };
  return {
    cpuMillis: patched(before.cpuMillis, change?.cpuMillis, cpuMillis),
    memoryMiB: patched(before.memoryMiB, change?.memoryMiB, memoryMiB),
  };
}

function patchProbes(before: SidecarProbes = {}, change: SidecarPatch['probes']): SidecarProbes {
  if (change === null) return {};
  const kinds = SIDECAR_PROBE_KINDS.flatMap((kind) => {
    const next = patched(before[kind], change?.[kind], undefined);
    return next === undefined ? [] : [[kind, next] as const];
  });
  return Object.fromEntries(kinds);
}

function patchMounts(before: readonly VolumeMount[] = [], changes: SidecarPatch['mounts']): VolumeMount[] {
  if (changes === null) return [];
  const list = new Map(before.map(({ volume, mountPath }) => [volume, mountPath]));
  for (const { volume, mountPath } of changes ?? []) {
    if (mountPath === null) list.delete(volume);
    else list.set(volume, mountPath);
  }
  return [...list].map(([volume, mountPath]) => ({ volume, mountPath }));
}
