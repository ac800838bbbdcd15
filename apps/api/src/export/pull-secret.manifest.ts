import { PULL_SECRETS, SERVING_CONTAINER, askedImages, parseImageReference } from '#libs/domain';
import type { SecretReference, Template } from '#libs/domain';

/**
 * What registries ask for: clusters try all of a list at each image, so an annotation says which container one is for, and
 * its version. The newest of one for all images, of one registry, needs no word of ours: it is read so without one.
 */
export function pullSecretParts(template: Template): { annotations: object; pod: object } {
  const named = pullSecretsOf(template);
  if (named.length === 0) return { annotations: {}, pod: {} };
  const names = [...new Set(named.map(({ secret }) => secret.name))];
  const said = named.map(({ container, secret }) => `${container}=${secret.name}:${secret.version}`);
  return {
    annotations: isForAll(template, named) ? {} : { [PULL_SECRETS]: said.join(',') },
    pod: { imagePullSecrets: names.map((name) => ({ name })) },
  };
}

interface Named {
  container: string;
  secret: SecretReference;
}

function isForAll(template: Template, [first, ...others]: readonly Named[]): boolean {
  const registries = new Set(askedImages(template).map(({ image }) => parseImageReference(image)?.registry));
  const isPlain = first?.container === SERVING_CONTAINER && first.secret.version === 'latest';
  return isPlain && others.length === 0 && registries.size === 1;
}

function pullSecretsOf({ pullSecret, sidecars = [] }: Template): Named[] {
  return [{ name: SERVING_CONTAINER, pullSecret }, ...sidecars].flatMap(({ name, pullSecret: secret }) =>
    secret === undefined ? [] : [{ container: name, secret }],
  );
}
