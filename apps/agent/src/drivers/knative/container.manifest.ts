import { CONTAINER_BOUNDS, folderOf } from '#libs/domain';
import type { PinnedEnvEntry, Probe, TargetRevision } from '#libs/domain';
import { filesSecretOf, fileKey } from './knative.names.js';
import { cpuQuantity, memoryQuantity } from './quantity.js';

/** The probes of the container that serves. What Knative and Kubernetes would fill in is said here. */
export function probesOf({ port, probes = {} }: TargetRevision): Record<string, unknown> {
  const { startup, readiness, liveness } = probes;
  return {
    readinessProbe: readiness === undefined ? PORT_IS_OPEN : readinessOf(readiness, port),
    ...(startup === undefined ? {} : { startupProbe: probeOf(startup, port) }),
    ...(liveness === undefined ? {} : { livenessProbe: probeOf(liveness, port) }),
  };
}

/** How long the startup probes of its containers may take before one has failed, seconds. */
export function startupSeconds({ probes, sidecars = [] }: TargetRevision): number {
  const all = [probes, ...sidecars.map((sidecar) => sidecar.probes)];
  return Math.max(...all.map((one) => probeSeconds(one?.startup)));
}

function probeSeconds(probe: Probe | undefined): number {
  const { initialDelaySeconds, periodSeconds, failureThreshold } = numbersOf(probe ?? {});
  return probe === undefined ? 0 : initialDelaySeconds + periodSeconds * failureThreshold;
}

/** Entries of a container; secrets are read from the Secret of that name. */
export function environmentOf(env: readonly PinnedEnvEntry[], secret: string): unknown[] {
  return env.map((entry) =>
    'value' in entry
      ? { name: entry.name, value: entry.value }
      : { name: entry.name, valueFrom: { secretKeyRef: { name: secret, key: entry.name } } },
  );
}

/** How much of a container's limit the scheduler keeps for it, percent. */
export interface RequestShares {
  cpuRequestPercent: number;
  memoryRequestPercent: number;
}

/** What a container may have at most, and what of it the scheduler keeps for it. */
export function limitsAndRequests(
  { cpuMillis, memoryMiB }: { cpuMillis: number; memoryMiB: number },
  { cpuRequestPercent, memoryRequestPercent }: RequestShares,
): { limits: Record<string, string>; requests: Record<string, string> } {
  const share = (value: number, percent: number): number => Math.max(1, Math.ceil((value * percent) / 100));
  return {
    limits: { cpu: cpuQuantity(cpuMillis), memory: memoryQuantity(memoryMiB) },
    requests: {
      cpu: cpuQuantity(share(cpuMillis, cpuRequestPercent)),
      memory: memoryQuantity(share(memoryMiB, memoryRequestPercent)),
    },
  };
}

const PORT_IS_OPEN = {
  tcpSocket: { port: 0 },
  periodSeconds: 1,
  timeoutSeconds: 1,
  failureThreshold: 3,
  successThreshold: 1,
};

/** Kubernetes' period of 10 s makes one missed first probe cost 10 s (measured). */
function readinessOf(probe: Probe, port: number): Record<string, unknown> {
  const often = { periodSeconds: probe.timeoutSeconds ?? 1, ...probe };
  return { ...probeOf(often, port), successThreshold: 1 };
}

/** A probe with every number that Kubernetes would fill in. */
export function probeOf(probe: Probe, port: number): Record<string, unknown> {
  return { ...wayOf(probe, port), ...numbersOf(probe) };
}

function wayOf({ type, path = '/', service = '' }: Probe, port: number): Record<string, unknown> {
  if (type === 'http') return { httpGet: { path, port } };
  return type === 'grpc' ? { grpc: { port, service } } : { tcpSocket: { port } };
}

function numbersOf({
  initialDelaySeconds = 0,
  periodSeconds = CONTAINER_BOUNDS.periodSeconds.fallback,
  timeoutSeconds = 1,
  failureThreshold = CONTAINER_BOUNDS.failureThreshold.fallback,
}: Partial<Probe>): Record<
  'initialDelaySeconds' | 'periodSeconds' | 'timeoutSeconds' | 'failureThreshold',
  number
> {
  return { initialDelaySeconds, periodSeconds, timeoutSeconds, failureThreshold };
}

/** A volume of the pod, and where a container has it. */
export interface Mounted {
  volume: Record<string, unknown>;
  mount: { name: string; mountPath: string; readOnly?: true };
}

/** Volumes of the pod and where the container has them: folders of secrets, and empty ones. */
export function volumesOf(revision: TargetRevision): { volumes: unknown[]; mounts: unknown[] } {
  const { id, files = [] } = revision;
  const all = [...secretFolders('files', files, filesSecretOf(id)), ...emptyFolders(revision)];
  return { volumes: all.map(({ volume }) => volume), mounts: all.map(({ mount }) => mount) };
}

/** Folders of a container that has secrets as files. @param named how their volumes' names begin */
export function secretFolders(
  named: string,
  files: readonly { path: string }[],
  secretName: string,
): Mounted[] {
  const folders = [...new Set(files.map(({ path }) => folderOf(path)))];
  return folders.map((mountPath, at) => {
    const name = `${named}-${at}`;
    const items = files.flatMap(({ path }, index) =>
      folderOf(path) === mountPath ? [{ key: fileKey(index), path: path.slice(mountPath.length + 1) }] : [],
    );
    return {
      volume: { name, secret: { secretName, items } },
      mount: { name, mountPath, readOnly: true },
    };
  });
}

/** What a customer's volume is called in a pod. */
export const volumeName = (given: string): string => `volume-${given}`;

function emptyFolders({ volumes = [] }: TargetRevision): Mounted[] {
  return volumes.map(({ name: given, mountPath, medium, sizeMiB }) => {
    const name = volumeName(given);
    const emptyDir = {
      sizeLimit: memoryQuantity(sizeMiB),
      ...(medium === 'memory' ? { medium: 'Memory' } : {}),
    };
    return { volume: { name, emptyDir }, mount: { name, mountPath } };
  });
}
