import { SIDECAR_PROBE_KINDS } from '#libs/domain';
import type { EnvEntry, Probe, Sidecar, Template } from '#libs/domain';

/** What only containers have, as Knative reads it, of the one that serves. */
export function containerParts({ args, probes = {}, port }: Template, mounts: readonly object[]): object {
  return {
    ...(args === undefined ? {} : { args }),
    ...(probes.startup === undefined ? {} : { startupProbe: probeOf(probes.startup, port) }),
    ...(probes.readiness === undefined ? {} : { readinessProbe: probeOf(probes.readiness, port) }),
    ...(probes.liveness === undefined ? {} : { livenessProbe: probeOf(probes.liveness, port) }),
    ...mountsPart(mounts),
  };
}

const mountsPart = (mounts: readonly object[]): object =>
  mounts.length === 0 ? {} : { volumeMounts: mounts };

/** A container beside the one that serves. @param image by digest, when a revision was made of it */
export function sidecarManifest(sidecar: Sidecar, image: string, mounts: readonly object[]): object {
  const { name, command, args, resources, probes = {} } = sidecar;
  const asked = SIDECAR_PROBE_KINDS.flatMap((kind) => {
    const { port, ...probe } = probes[kind] ?? { type: 'tcp', port: 0 };
    return probes[kind] === undefined ? [] : [[`${kind}Probe`, probeOf(probe, port)] as const];
  });
  return {
    name,
    image,
    ...(command === undefined ? {} : { command }),
    ...(args === undefined ? {} : { args }),
    ...envOf(sidecar),
    resources: { limits: { cpu: `${resources.cpuMillis}m`, memory: `${resources.memoryMiB}Mi` } },
    ...Object.fromEntries(asked),
    ...mountsPart(mounts),
  };
}

/** Variables of a container; a secret is a key of its version. */
export function envOf({ env }: { env: readonly EnvEntry[] }): { env?: object[] } {
  return env.length === 0 ? {} : { env: env.map(entryOf) };
}

function entryOf(entry: EnvEntry): object {
  if ('value' in entry) return entry;
  const { name, version } = entry.secret;
  return { name: entry.name, valueFrom: { secretKeyRef: { name, key: `version-${version}` } } };
}

function probeOf({ type, path, service, ...numbers }: Probe, port: number): object {
  if (type === 'http') return { httpGet: { path, port }, ...numbers };
  if (type === 'grpc') return { grpc: { port, ...(service === undefined ? {} : { service }) }, ...numbers };
  return { tcpSocket: { port }, ...numbers };
}
