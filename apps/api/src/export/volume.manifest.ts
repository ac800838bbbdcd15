import { SERVING_CONTAINER, folderOf } from '#libs/domain';
import type { SecretFile, Sidecar, Template } from '#libs/domain';

/** Volumes of a pod, and where each of its containers has them. */
export interface PodVolumes {
  volumes: object[];
  mountsOf: (container: string) => object[];
}

interface Mounted {
  /** Absent: it is another container's too, and declared there. */
  volume?: object;
  mount: object;
}

/** Folders of secrets, one for each container that has files there, and empty folders. */
export function podVolumes(template: Template): PodVolumes {
  const { files = [], volumes = [], sidecars = [] } = template;
  const names = freeNames(new Set(volumes.map(({ name }) => name)));
  const mounted = new Map<string, Mounted[]>([
    [SERVING_CONTAINER, [...secretFolders(files, names), ...emptyFolders(template)]],
    ...sidecars.map((sidecar): [string, Mounted[]] => [
      sidecar.name,
      [...secretFolders(sidecar.files ?? [], names), ...sharedFolders(sidecar)],
    ]),
  ]);
  return {
    volumes: [...mounted.values()].flat().flatMap(({ volume }) => volume ?? []),
    mountsOf: (container) => (mounted.get(container) ?? []).map(({ mount }) => mount),
  };
}

/** Names that the customer has given to no volume. */
function* freeNames(taken: ReadonlySet<string>): Generator<string, never> {
  for (let at = 0; ; at++) if (!taken.has(`files-${at}`)) yield `files-${at}`;
}

/** Secrets of one folder may be several: their values are not in the bundle, their names and versions are. */
function secretFolders(files: readonly SecretFile[], names: Generator<string, never>): Mounted[] {
  const folders = [...new Set(files.map(({ path }) => folderOf(path)))];
  return folders.map((mountPath) => {
    const name = names.next().value;
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

function sharedFolders({ mounts = [] }: Sidecar): Mounted[] {
  return mounts.map(({ volume, mountPath }) => ({ mount: { name: volume, mountPath } }));
}
