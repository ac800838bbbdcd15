import { PULL_SECRETS, SERVING_CONTAINER } from '#libs/domain';
import type { SecretReference, Template } from '#libs/domain';

/** What registries ask for: clusters try all of a list at each image, so an annotation says which container one is for. */
export function pullSecretParts(template: Template): { annotations: object; pod: object } {
  const named = pullSecretsOf(template);
  if (named.length === 0) return { annotations: {}, pod: {} };
  const names = [...new Set(named.map(({ secret }) => secret.name))];
  const said = named.map(({ container, secret }) => `${container}=${secret.name}:${secret.version}`);
  return {
    annotations: { [PULL_SECRETS]: said.join(',') },
    pod: { imagePullSecrets: names.map((name) => ({ name })) },
  };
}

function pullSecretsOf({
  pullSecret,
  sidecars = [],
}: Template): { container: string; secret: SecretReference }[] {
  return [{ name: SERVING_CONTAINER, pullSecret }, ...sidecars].flatMap(({ name, pullSecret: secret }) =>
    secret === undefined ? [] : [{ container: name, secret }],
  );
}
