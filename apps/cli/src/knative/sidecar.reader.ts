import type { SidecarProbe, VolumeMount } from '#libs/domain';
import type { SidecarBody } from '../flags/sidecar.flags.js';
import { readEntry, readMount, readProbe, readResources, type Mount } from './container.reader.js';
import { present, type Fields } from './fields.js';

/** A container without a port, beside the one that serves. */
export function readSidecar(of: Fields, volumes: ReadonlySet<string | undefined>): SidecarBody {
  const [name, image] = [of.text('name'), of.text('image')];
  if (name === undefined) of.problem('name', 'is missing');
  if (image === undefined) of.problem('image', 'is missing');
  const env = of.list('env').flatMap((entry) => readEntry(entry) ?? []);
  const { cpuMillis, memoryMiB } = readResources(of, false);
  const startup = readSidecarProbe(of.object('startupProbe'));
  const liveness = readSidecarProbe(of.object('livenessProbe'));
  const mounts = of.list('volumeMounts').flatMap((mount) => readMount(mount) ?? []);
  const probes = present({ startup, liveness });
  const body: SidecarBody = {
    ...{ name: name ?? '', image: image ?? '' },
    ...present({ command: of.texts('command'), args: of.texts('args') }),
    ...(env.length === 0 ? {} : { env }),
    resources: { ...present({ cpuMillis, memoryMiB }) },
    ...(Object.keys(probes).length === 0 ? {} : { probes }),
    ...(mounts.length === 0 ? {} : { mounts: mounts.flatMap((mount) => placeOf(mount, volumes)) }),
  };
  of.end();
  return body;
}

/** Only empty folders are shared: a secret is a file of the container that serves. */
function placeOf(
  { name, mountPath, subject }: Mount,
  volumes: ReadonlySet<string | undefined>,
): VolumeMount[] {
  if (volumes.has(name)) return [{ volume: name, mountPath }];
  subject.problem('name', 'is no emptyDir volume that the serving container mounts');
  return [];
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
