import { parseImageReference } from '../build/image-reference.js';
import type { Resources, SecretReference, Sidecar, Template } from './service.types.js';

/** What one instance has of CPU and memory: all of its containers together. */
export function instanceResources({
  resources,
  sidecars = [],
}: {
  resources: Resources;
  sidecars?: readonly Pick<Sidecar, 'resources'>[];
}): Resources {
  const all = [resources, ...sidecars.map((sidecar) => sidecar.resources)];
  return {
    ...resources,
    cpuMillis: all.reduce((sum, { cpuMillis }) => sum + cpuMillis, 0),
    memoryMiB: all.reduce((sum, { memoryMiB }) => sum + memoryMiB, 0),
  };
}

/** An image that a template names, and what its registry asks for. */
export interface AskedImage {
  /** The path of the field that names it. */
  field: string;
  image: string;
  pullSecret?: SecretReference;
}

/** Every image that a template names, the serving container's first; one that is built is none of them. */
export function askedImages({ image, pullSecret, sidecars = [] }: Template): AskedImage[] {
  const registry = registryOf(image);
  const own = image === undefined ? [] : [{ field: 'template.image', image, ...credentials(pullSecret) }];
  const beside = sidecars.map((sidecar, index) => ({
    field: `template.sidecars[${index}].image`,
    image: sidecar.image,
    // credentials are for the registry they were given with
    ...credentials(
      sidecar.pullSecret ??
        (registry !== undefined && registryOf(sidecar.image) === registry ? pullSecret : undefined),
    ),
  }));
  return [...own, ...beside];
}

const credentials = (pullSecret: SecretReference | undefined): Pick<AskedImage, 'pullSecret'> =>
  pullSecret === undefined ? {} : { pullSecret };

const registryOf = (image: string | undefined): string | undefined =>
  image === undefined ? undefined : parseImageReference(image)?.registry;
