import { clusterUnderTest, kubectlOf, type RealCluster } from './kubectl.js';

/** What Towpath writes in a cluster. */
const KINDS = [
  ...['namespaces', 'resourcequotas', 'limitranges', 'serviceaccounts', 'secrets', 'networkpolicies'],
  ...['services.serving.knative.dev', 'revisions.serving.knative.dev', 'services', 'deployments'],
];
/** All field managers of Towpath are named so. */
const OWN_MANAGERS = 'towpath-';

interface Marked {
  kind: string;
  metadata: {
    namespace?: string;
    name: string;
    uid: string;
    managedFields?: { manager: string; operation: string; time?: string }[];
  };
}

/**
 * Of every object that Towpath wrote in a cluster which one it is, and when what of it: a write that changes anything, and an
 * object in place of another, change that. What Kubernetes and Knative write into the same objects does not.
 */
export async function clusterMarks(
  cluster: RealCluster = clusterUnderTest(),
): Promise<Record<string, string>> {
  const flags = ['--all-namespaces', '--show-managed-fields', '-o', 'json'];
  const text = await kubectlOf(cluster, 'get', KINDS.join(','), ...flags);
  const { items } = JSON.parse(text) as { items: Marked[] };
  return Object.fromEntries(
    items.flatMap(({ kind, metadata: { namespace = '', name, uid, managedFields = [] } }) => {
      const own = managedFields.filter(({ manager }) => manager.startsWith(OWN_MANAGERS));
      const writes = own.map(({ manager, operation, time }) => `${manager} ${operation} ${time}`).sort();
      return own.length === 0 ? [] : [[`${kind} ${namespace}/${name}`, [uid, ...writes].join(', ')]];
    }),
  );
}
