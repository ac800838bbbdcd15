import { folderOf, type Probe, type Template } from '#libs/domain';

/** What only containers have, as Knative reads it: of the pod, and of its one container. */
export function containerParts(template: Template): { pod: object; container: object } {
  const { args, probes = {}, port, pullSecret } = template;
  const mounted = [...secretFolders(template), ...emptyFolders(template)];
  return {
    pod: {
      ...(pullSecret === undefined ? {} : { imagePullSecrets: [{ name: pullSecret.name }] }),
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
