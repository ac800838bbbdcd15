import { parseImageReference } from '../build/image-reference.js';
import type { SecretReference, Template } from './service.types.js';

/** A reference as it is asked for: without a version it is the newest. */
export interface AskedSecret {
  name: string;
  version?: number | 'latest' | undefined;
}

export function referenceOf({ name, version }: AskedSecret): SecretReference {
  return { name, version: version ?? 'latest' };
}

/** Credentials are for the registry they were given with. */
export function keptPullSecret(
  { image: before, pullSecret }: Pick<Template, 'image' | 'pullSecret'>,
  image: string | undefined,
): AskedSecret | undefined {
  const registryOf = (text = ''): string | undefined => parseImageReference(text)?.registry;
  return registryOf(before) === registryOf(image) ? pullSecret : undefined;
}
