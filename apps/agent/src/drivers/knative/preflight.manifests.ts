import { INTERNAL_DOMAIN, kubernetesName, type Id } from '#libs/domain';
import type { KubeObject } from '#libs/kube';
import { LABELS } from './knative.names.js';

export const KNATIVE_NAMESPACE = 'knative-serving';

/** Keys of one of Knative's maps of settings. */
export interface KnativeSettings extends KubeObject {
  data: Record<string, string>;
}

/**
 * What Towpath needs of a cluster's Knative settings, key by key; every other key stays whoever's it is. The domain is
 * bound to a label of ours, so that services of others keep theirs.
 */
export function preflightManifests(clusterId: Id<'cls'>): KnativeSettings[] {
  const settings = (name: string, data: Record<string, string>): KnativeSettings => ({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name, namespace: KNATIVE_NAMESPACE },
    data,
  });
  return [
    settings('config-domain', {
      [INTERNAL_DOMAIN]: `selector:\n  ${LABELS.owner}: ${kubernetesName(clusterId)}\n`,
    }),
    // Knative's own maximum is 600 s.
    settings('config-defaults', { 'max-revision-timeout-seconds': '3600' }),
    settings('config-features', {
      'kubernetes.podspec-nodeselector': 'enabled',
      'kubernetes.podspec-tolerations': 'enabled',
      'kubernetes.podspec-runtimeclassname': 'enabled',
      // without it a container that has no port may have no probe
      'multi-container-probing': 'enabled',
    }),
  ];
}
