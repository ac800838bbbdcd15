import type { SecretReference } from './service.types.js';

/** A reference as it is asked for: without a version it is the newest. */
export interface AskedSecret {
  name: string;
  version?: number | 'latest' | undefined;
}

export function referenceOf({ name, version }: AskedSecret): SecretReference {
  return { name, version: version ?? 'latest' };
}
