import { SIDECAR_PROBE_KINDS, folderOf } from '#libs/domain';
import type { EnvEntry, Probe, Sidecar, Template } from '#libs/domain';

/** What only containers have, as Knative reads it: of the pod, and of the container that serves. */
export function containerParts(template: Template): { pod: object; container: object } {
  const { args, probes = {}, port } = template;
  const pulls = pullSecretsOf(template);
  const mounted = [...secretFolders(template), ...emptyFolders(template)];
  return {
    pod: {
      ...(pulls.length === 0 ? {} : { imagePullSecrets: pulls.map((name) => ({ name })) }),
      ...(mounted.length === 0 ? {} : { volumes: mounted.map(({ volume }) => volume) }),
    },
    container: {
      ...(args === undefined ? {} : { args }),
      ...(probes.startup === undefined ? {} : { startupProbe: probeOf(probes.startup, port) }),
      ...(probes.readiness === undefined ? {} : { readinessProbe: probeOf(probes.readiness, port) }),
      ...(probes.liveness === undefined ? {} : { livenessProbe: probeOf(probes.liveness, port) }),
      ...(mounted.length === 0 ? {} : { volumeMounts: mounted.map(({ mount }) => mount) }),
    },
  };
}

/** A container beside the one that serves. @param image by digest, when a revision was made of it */
export function sidecarManifest(sidecar: Sidecar, image: string): object {
  const { name, command, args, resources, probes = {}, mounts = [] } = sidecar;
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
    ...(mounts.length === 0
      ? {}
      : { volumeMounts: mounts.map(({ volume, mountPath }) => ({ name: volume, mountPath })) }),
  };
}

function pullSecretsOf({ pullSecret, sidecars = [] }: Template): string[] {
  const all = [pullSecret, ...sidecars.map((sidecar) => sidecar.pullSecret)];
  return [...new Set(all.flatMap((secret) => secret?.name ?? []))];
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

interface Mounted {
  volume: object;
  mount: object;
}

function probeOf({ type, path, service, ...numbers }: Probe, port: number): object {
  if (type === 'http') return { httpGet: { path, port }, ...numbers };
  if (type === 'grpc') return { grpc: { port, ...(service === undefined ? {} : { service }) }, ...numbers };
  return { tcpSocket: { port }, ...numbers };
}

/** Secrets of one folder may be several: their values are not in the bundle, their names and versions are. */
function secretFolders({ files = [] }: Template): Mounted[] {
  const folders = [...new Set(files.map(({ path }) => folderOf(path)))];
  return folders.map((mountPath, at) => {
    const name = `files-${at}`;
    const sources = files
      .filter(({ path }) => folderOf(path) === mountPath)
      .map(({ path, secret }) => ({
        secret: {
          name: secret.name,
          items: [{ key: `version-${secret.version}`, path: path.slice(mountPath.length + 1) }],
        },
      }));
    return { volume: { name, projected: { sources } }, mount: { name, mountPath, readOnly: true } };
  });
}

function emptyFolders({ volumes = [] }: Template): Mounted[] {
  return volumes.map(({ name, mountPath, medium, sizeMiB }) => {
    const emptyDir = { sizeLimit: `${sizeMiB}Mi`, ...(medium === 'memory' ? { medium: 'Memory' } : {}) };
    return { volume: { name, emptyDir }, mount: { name, mountPath } };
  });
}
