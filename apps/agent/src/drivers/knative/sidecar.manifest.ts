import { SIDECAR_PROBE_KINDS, pinnedImage, type PinnedSidecar, type TargetRevision } from '#libs/domain';
import {
  RESTRICTED,
  environmentOf,
  limitsAndRequests,
  probeOf,
  volumeName,
  type RequestShares,
} from './container.manifest.js';
import { environmentSecretOf } from './knative.names.js';

/** The containers beside the one that serves: Knative knows them by their having no port. */
export function sidecarContainers(
  { id, sidecars = [] }: TargetRevision,
  shares: RequestShares,
): Record<string, unknown>[] {
  return sidecars.map((sidecar) => {
    const { name, image, imageDigest, command, args, env, resources, mounts = [] } = sidecar;
    return {
      name,
      image: pinnedImage(image, imageDigest),
      ...(command === undefined ? {} : { command }),
      ...(args === undefined ? {} : { args }),
      env: environmentOf(env, environmentSecretOf(id, name)),
      resources: limitsAndRequests(resources, shares),
      ...probesOf(sidecar),
      ...(mounts.length === 0
        ? {}
        : { volumeMounts: mounts.map(({ volume, mountPath }) => ({ name: volumeName(volume), mountPath })) }),
      securityContext: RESTRICTED,
    };
  });
}

function probesOf({ probes = {} }: PinnedSidecar): Record<string, unknown> {
  const asked = SIDECAR_PROBE_KINDS.flatMap((kind) => {
    const probe = probes[kind];
    return probe === undefined ? [] : [[`${kind}Probe`, probeOf(probe, probe.port)] as const];
  });
  return Object.fromEntries(asked);
}
