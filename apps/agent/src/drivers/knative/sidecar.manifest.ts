import {
  SIDECAR_PROBE_KINDS,
  pinnedImage,
  type Id,
  type PinnedSidecar,
  type TargetRevision,
} from '#libs/domain';
import {
  environmentOf,
  limitsAndRequests,
  probeOf,
  secretFolders,
  volumeName,
  type Mounted,
  type RequestShares,
} from './container.manifest.js';
import { environmentSecretOf, filesSecretOf } from './knative.names.js';

/** The containers beside the one that serves: Knative knows them by their having no port. */
export function sidecarContainers(
  { id, sidecars = [] }: TargetRevision,
  shares: RequestShares,
  securityContext: Record<string, unknown>,
): Record<string, unknown>[] {
  return sidecars.map((sidecar) => {
    const { name, image, imageDigest, command, args, env, resources } = sidecar;
    const mounts = mountsOf(id, sidecar);
    return {
      name,
      image: pinnedImage(image, imageDigest),
      ...(command === undefined ? {} : { command }),
      ...(args === undefined ? {} : { args }),
      env: environmentOf(env, environmentSecretOf(id, name)),
      resources: limitsAndRequests(resources, shares),
      ...probesOf(sidecar),
      ...(mounts.length === 0 ? {} : { volumeMounts: mounts }),
      securityContext,
    };
  });
}

/** Volumes of the pod that sidecars have for themselves. */
export function sidecarVolumes({ id, sidecars = [] }: TargetRevision): unknown[] {
  return sidecars.flatMap((sidecar) => foldersOf(id, sidecar).map(({ volume }) => volume));
}

function foldersOf(id: Id<'rev'>, { name, files = [] }: PinnedSidecar): Mounted[] {
  return secretFolders(`files-${name}`, files, filesSecretOf(id, name));
}

function mountsOf(id: Id<'rev'>, sidecar: PinnedSidecar): Mounted['mount'][] {
  const shared = (sidecar.mounts ?? []).map(({ volume, mountPath }) => ({
    name: volumeName(volume),
    mountPath,
  }));
  return [...foldersOf(id, sidecar).map(({ mount }) => mount), ...shared];
}

function probesOf({ probes = {} }: PinnedSidecar): Record<string, unknown> {
  const asked = SIDECAR_PROBE_KINDS.flatMap((kind) => {
    const probe = probes[kind];
    return probe === undefined ? [] : [[`${kind}Probe`, probeOf(probe, probe.port)] as const];
  });
  return Object.fromEntries(asked);
}
