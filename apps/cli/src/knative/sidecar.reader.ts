import type { SidecarProbe } from '#libs/domain';
import type { SidecarBody } from '../flags/sidecar.flags.js';
import { readEntry, readProbe, readResources } from './container.reader.js';
import { present, type Fields } from './fields.js';
import type { Mounted } from './volume.reader.js';

/** A container without a port, beside the one that serves. @param shared names of the volumes that the serving one has */
export function readSidecar(
  of: Fields,
  name: string | undefined,
  { files, folders }: Mounted,
  shared: ReadonlySet<string>,
): SidecarBody {
  const image = of.text('image');
  if (name === undefined) of.problem('name', 'is missing');
  if (image === undefined) of.problem('image', 'is missing');
  const env = of.list('env').flatMap((entry) => readEntry(entry) ?? []);
  const { cpuMillis, memoryMiB } = readResources(of, false);
  const startup = readSidecarProbe(of.object('startupProbe'));
  const liveness = readSidecarProbe(of.object('livenessProbe'));
  for (const { mount } of folders)
    if (!shared.has(mount.name))
      mount.subject.problem('name', 'is no emptyDir volume that the serving container mounts');
  const mounts = folders.map(({ mount: { name: volume, mountPath } }) => ({ volume, mountPath }));
  const probes = present({ startup, liveness });
  const body: SidecarBody = {
    ...{ name: name ?? '', image: image ?? '' },
    ...present({ command: of.texts('command'), args: of.texts('args') }),
    ...(env.length === 0 ? {} : { env }),
    resources: { ...present({ cpuMillis, memoryMiB }) },
    ...(Object.keys(probes).length === 0 ? {} : { probes }),
    ...(files.length === 0 ? {} : { files }),
    ...(mounts.length === 0 ? {} : { mounts }),
  };
  of.end();
  return body;
}

function readSidecarProbe(of: Fields | undefined): SidecarProbe | undefined {
  if (of === undefined) return undefined;
  let port: number | undefined;
  const probe = readProbe(of, (question) => {
    port = question.whole('port');
    if (port === undefined) question.problem('port', 'is missing: a sidecar serves none');
  });
  return probe && port !== undefined ? { ...probe, port } : undefined;
}
