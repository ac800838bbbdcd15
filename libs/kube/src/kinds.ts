/** An object as the Kubernetes API takes and answers it. */
export interface KubeObject {
  apiVersion: string;
  kind: string;
  metadata: ObjectMeta;
  [field: string]: unknown;
}

export interface ObjectMeta {
  name: string;
  namespace?: string;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
  /** Written by the API server only. */
  uid?: string;
  resourceVersion?: string;
  generation?: number;
  creationTimestamp?: string;
  deletionTimestamp?: string;
  finalizers?: string[];
  /** Who holds which fields, and whether by applying them. */
  managedFields?: { manager: string; operation: 'Apply' | 'Update' }[];
}

/** A kind of object, and where its API is. */
export interface Kind {
  /** `v1`, or `<group>/<version>`. */
  apiVersion: string;
  kind: string;
  plural: string;
}

const kind = (apiVersion: string, name: string, plural = `${name.toLowerCase()}s`): Kind => ({
  apiVersion,
  kind: name,
  plural,
});

/** Every kind that Towpath reads or writes. */
export const KINDS = {
  namespace: kind('v1', 'Namespace'),
  node: kind('v1', 'Node'),
  pod: kind('v1', 'Pod'),
  event: kind('v1', 'Event'),
  secret: kind('v1', 'Secret'),
  configMap: kind('v1', 'ConfigMap'),
  service: kind('v1', 'Service'),
  serviceAccount: kind('v1', 'ServiceAccount'),
  resourceQuota: kind('v1', 'ResourceQuota'),
  limitRange: kind('v1', 'LimitRange'),
  deployment: kind('apps/v1', 'Deployment'),
  networkPolicy: kind('networking.k8s.io/v1', 'NetworkPolicy', 'networkpolicies'),
  endpointSlice: kind('discovery.k8s.io/v1', 'EndpointSlice'),
  runtimeClass: kind('node.k8s.io/v1', 'RuntimeClass', 'runtimeclasses'),
  storageClass: kind('storage.k8s.io/v1', 'StorageClass', 'storageclasses'),
  customResourceDefinition: kind('apiextensions.k8s.io/v1', 'CustomResourceDefinition'),
  knativeService: kind('serving.knative.dev/v1', 'Service'),
  revision: kind('serving.knative.dev/v1', 'Revision'),
  podAutoscaler: kind('autoscaling.internal.knative.dev/v1alpha1', 'PodAutoscaler'),
} as const satisfies Record<string, Kind>;

/** The path of a kind's collection, or of one object in it. */
export function pathOf({ apiVersion, plural }: Kind, namespace?: string, name?: string): string {
  const root = apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
  const parts = [...(namespace === undefined ? [] : ['namespaces', namespace]), plural];
  if (name !== undefined) parts.push(name);
  return `${root}/${parts.map(encodeURIComponent).join('/')}`;
}
