import type { SecretReference } from '#libs/domain';
import type { VolumeFlag } from '../flags/container.flags.js';
import { sizeMiB } from '../flags/quantity.js';
import { quantity, readVersion } from './container.reader.js';
import type { Fields } from './fields.js';

/** Where a container has a volume of the pod. */
export interface Mount {
  name: string;
  mountPath: string;
  subject: Fields;
}

/** An empty folder, or a folder whose files are secrets. */
type PodVolume = { empty: Pick<VolumeFlag, 'medium' | 'sizeMiB'> } | { files: FileOfFolder[] };

interface FileOfFolder {
  /** Within the folder. */
  path: string;
  secret: SecretReference;
}

/** What a container has where it mounts volumes of the pod. */
export interface Mounted {
  files: { path: string; secret: SecretReference }[];
  folders: { mount: Mount; volume: VolumeFlag }[];
}

export function readMounts(of: Fields): Mount[] {
  return of.list('volumeMounts').flatMap((mount) => readMount(mount) ?? []);
}

function readMount(mount: Fields): Mount | undefined {
  const name = mount.text('name');
  const mountPath = mount.text('mountPath');
  mount.only('readOnly', true, false);
  mount.end();
  if (name !== undefined && mountPath !== undefined) return { name, mountPath, subject: mount };
  mount.problem(undefined, 'needs name and mountPath');
  return undefined;
}

/** Volumes of a pod, as what its containers mount: `mounted` answers for one of them, given its mounts. */
export function readVolumes(
  list: readonly Fields[],
  mounts: readonly Mount[],
): (mounts: readonly Mount[]) => Mounted {
  const volumes = new Map<string | undefined, PodVolume>();
  for (const of of list) {
    const name = of.text('name');
    if (!mounts.some((mount) => mount.name === name)) of.problem(undefined, 'is mounted nowhere');
    volumes.set(name, readVolume(of));
    of.end();
  }
  for (const { name, subject } of mounts)
    if (!volumes.has(name)) subject.problem('name', 'is no volume of the template');
  return (of) => mounted(of, volumes);
}

function mounted(mounts: readonly Mount[], volumes: ReadonlyMap<string | undefined, PodVolume>): Mounted {
  const found: Mounted = { files: [], folders: [] };
  for (const mount of mounts) {
    const { name, mountPath, subject } = mount;
    const volume = volumes.get(name);
    if (volume === undefined) continue;
    if ('files' in volume)
      found.files.push(...volume.files.map(({ path, secret }) => ({ path: `${mountPath}/${path}`, secret })));
    else if (found.folders.some((other) => other.mount.name === name))
      subject.problem('name', 'is mounted twice: a container has an empty folder once');
    else found.folders.push({ mount, volume: { name, mountPath, ...volume.empty } });
  }
  return found;
}

function readVolume(of: Fields): PodVolume {
  const empty = of.object('emptyDir');
  if (empty !== undefined) return { empty: readEmpty(empty) };
  const secret = of.object('secret');
  if (secret !== undefined) return { files: readItems(secret, 'secretName') };
  const projected = of.object('projected');
  if (projected !== undefined) return { files: readSources(projected) };
  of.problem(undefined, 'must have one of emptyDir, secret, projected');
  return { files: [] };
}

function readEmpty(of: Fields): Pick<VolumeFlag, 'medium' | 'sizeMiB'> {
  const size = quantity(of, 'sizeLimit', (text) => sizeMiB(text, 'sizeLimit'));
  const medium = of.text('medium') ?? '';
  if (medium !== '' && medium !== 'Memory') of.problem('medium', 'must be Memory, or absent for the disk');
  of.end();
  return {
    medium: medium === 'Memory' ? 'memory' : 'disk',
    ...(size === undefined ? {} : { sizeMiB: size }),
  };
}

function readSources(of: Fields): FileOfFolder[] {
  const files = of.list('sources').flatMap((source) => {
    const secret = source.object('secret');
    source.end();
    return secret === undefined ? [] : readItems(secret, 'name');
  });
  of.end();
  return files;
}

/** A key of a Secret names a version. @param naming the field that says which Secret */
function readItems(of: Fields, naming: string): FileOfFolder[] {
  const name = of.text(naming);
  if (name === undefined) of.problem(naming, 'is missing');
  const items = of.list('items').flatMap((item) => {
    const version = readVersion(item);
    const path = item.text('path');
    if (path === undefined) item.problem('path', 'is missing');
    item.end();
    return version === undefined || path === undefined
      ? []
      : [{ path, secret: { name: name ?? '', version } }];
  });
  if (items.length === 0) of.problem('items', 'must name a version of the secret for each file');
  of.end();
  return items;
}
