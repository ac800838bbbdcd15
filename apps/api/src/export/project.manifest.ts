import { ACCELERATOR, secretReferences } from '#libs/domain';
import type { Project, Service, Template } from '#libs/domain';
import { findGpuClass, findRevision, listServices } from '#libs/store';
import { dump } from 'js-yaml';
import { byId, each, own, type Reading } from './reading.js';
import { NO_REGISTRY, serviceManifest } from './service.manifest.js';

/** A service's manifest with the image of its newest ready revision. */
export async function manifestOf(read: Reading, project: Project, service: Service): Promise<string> {
  const name = service.status.latestReadyRevision;
  const ready =
    name === undefined ? undefined : await read((call) => findRevision(call.tx, own(call), service.id, name));
  const { gpuClass } = service.template.resources;
  const found = gpuClass === undefined ? undefined : await read((call) => findGpuClass(call.tx, gpuClass));
  return serviceManifest(service, project, ready, found?.resource);
}

/** Documents that make a project, or one service of it, on a cluster with Knative and without Towpath; part by part. */
export async function* projectManifest(
  read: Reading,
  project: Project,
  only: Service | undefined,
): AsyncGenerator<Buffer> {
  const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: project.handle } };
  yield Buffer.from(dump(namespace));
  for await (const service of only === undefined ? servicesOf(read, project) : [only]) {
    const manifest = await manifestOf(read, project, service);
    const needs = needsOf(service.template, manifest).map((need) => `# needs ${need}\n`);
    yield Buffer.from(`---\n${needs.join('')}${manifest}`);
  }
}

const servicesOf = (read: Reading, project: Project): AsyncGenerator<Service> =>
  each(read, (call, page) => listServices(call.tx, own(call), project.id, page), byId);

/** What has to be there before it serves, since nobody gets it out of Towpath: values of secrets, images that were built. */
function needsOf(template: Template, manifest: string): string[] {
  const { gpuClass } = template.resources;
  const named = secretReferences(template).map(({ field, secret: { name, version } }) =>
    field.endsWith('.pullSecret')
      ? `the Secret ${name} of type kubernetes.io/dockerconfigjson`
      : `the Secret ${name} with the key version-${version}`,
  );
  return [
    ...new Set(named),
    ...(gpuClass === undefined ? [] : [`nodes with GPUs that have the label ${ACCELERATOR}: ${gpuClass}`]),
    ...(manifest.includes(`${NO_REGISTRY}/`)
      ? [`its image in a registry: put its name in the place of ${NO_REGISTRY}/...`]
      : []),
  ];
}
