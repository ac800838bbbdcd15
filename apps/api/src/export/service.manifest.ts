import { ACCELERATOR, GPU_RESOURCE, ROLLOUT, SERVING_CONTAINER, pinnedImage } from '#libs/domain';
import type { Project, Resources, Revision, Service } from '#libs/domain';
import { dump } from 'js-yaml';
import { containerParts, envOf, sidecarManifest } from './container.manifest.js';
import { pullSecretParts } from './pull-secret.manifest.js';
import { podVolumes, type PodVolumes } from './volume.manifest.js';

/** Where an image would be pulled from that exists as content only: to be replaced by a registry it was pushed to. */
export const NO_REGISTRY = 'registry.invalid';

/**
 * A service as Knative reads it, without anything of Towpath: its newest intent, with the image of the revision that
 * was ready last. Revisions of before are not in it, so traffic is the newest one's.
 * @param resource what nodes offer the GPUs of its class as
 */
export function serviceManifest(
  service: Service,
  project: Project,
  ready: Revision | undefined,
  resource = GPU_RESOURCE,
): string {
  const manifest = {
    apiVersion: 'serving.knative.dev/v1',
    kind: 'Service',
    metadata: {
      name: service.name,
      namespace: project.handle,
      // without our gateway nobody would check who calls a private service
      ...(service.access === 'private'
        ? { labels: { 'networking.knative.dev/visibility': 'cluster-local' } }
        : {}),
      ...(service.rollout === 'replace' ? { annotations: { [ROLLOUT]: service.rollout } } : {}),
    },
    spec: {
      template: templateOf(service, imageOf(service, project, ready), ready, resource),
      traffic: [{ latestRevision: true, percent: 100, ...tagOf(service) }],
    },
  };
  return dump(manifest, { lineWidth: -1, noRefs: true });
}

function imageOf({ name, template }: Service, { handle }: Project, ready: Revision | undefined): string {
  if (template.image !== undefined)
    return ready?.spec.image === undefined
      ? template.image
      : pinnedImage(ready.spec.image, ready.spec.imageDigest);
  const image = `${NO_REGISTRY}/${handle}/${name}`;
  return ready === undefined ? `${image}:not-built` : `${image}@${ready.spec.imageDigest}`;
}

/** Their images as the revision resolved them, where it has the same. */
function sidecarsOf({ template }: Service, ready: Revision | undefined, { mountsOf }: PodVolumes): object[] {
  return (template.sidecars ?? []).map((sidecar) => {
    const made = ready?.spec.sidecars?.find(
      ({ name, image }) => name === sidecar.name && image === sidecar.image,
    );
    const image = made ? pinnedImage(made.image, made.imageDigest) : sidecar.image;
    return sidecarManifest(sidecar, image, mountsOf(sidecar.name));
  });
}

function templateOf(service: Service, image: string, ready: Revision | undefined, resource: string): object {
  const { template, minInstances } = service;
  const { resources, concurrency, timeoutSeconds, maxInstances, port, protocol, command } = template;
  const folders = podVolumes(template);
  const pulls = pullSecretParts(template);
  return {
    metadata: {
      annotations: {
        'autoscaling.knative.dev/min-scale': String(minInstances),
        'autoscaling.knative.dev/max-scale': String(maxInstances),
        ...pulls.annotations,
      },
    },
    spec: {
      containerConcurrency: concurrency,
      timeoutSeconds,
      ...pulls.pod,
      ...(folders.volumes.length === 0 ? {} : { volumes: folders.volumes }),
      ...(resources.gpuClass === undefined ? {} : { nodeSelector: { [ACCELERATOR]: resources.gpuClass } }),
      containers: [
        {
          name: SERVING_CONTAINER,
          image,
          ...(command === undefined ? {} : { command }),
          ...containerParts(template, folders.mountsOf(SERVING_CONTAINER)),
          ports: [{ name: protocol, containerPort: port }],
          ...envOf(template),
          resources: { limits: limitsOf(resources, resource) },
        },
        ...sidecarsOf(service, ready, folders),
      ],
    },
  };
}

function limitsOf({ cpuMillis, memoryMiB, gpus }: Resources, resource: string): object {
  const limits = { cpu: `${cpuMillis}m`, memory: `${memoryMiB}Mi` };
  return gpus === undefined ? limits : { ...limits, [resource]: String(gpus) };
}

/** A tag of the newest revision goes with it. */
function tagOf({ traffic }: Service): { tag?: string } {
  const tag = traffic.find((line) => line.revision === 'latest' && line.tag !== undefined)?.tag;
  return tag === undefined ? {} : { tag };
}
