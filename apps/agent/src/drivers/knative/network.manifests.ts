import type { KubeObject } from '#libs/kube';
import { egressRules, type Egress } from './egress.rules.js';

/** Ports of Knative's sidecar: HTTP/1.1, h2c, TLS; and where the autoscaler asks. */
const SIDECAR_PORTS = [8012, 8013, 8112];
const METRICS_PORT = 9090;
const tcp = (port: number): { protocol: 'TCP'; port: number } => ({ protocol: 'TCP', port });
const pods = (namespace: string, labels: Record<string, string>): unknown => ({
  namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': namespace } },
  podSelector: { matchLabels: labels },
});

/**
 * Who may come to the pods of a project, and where these may go.
 * @param cluster addresses of nodes and API servers
 */
export function networkPolicies(
  metadata: { namespace: string; labels: Record<string, string> },
  egress: Egress,
  cluster: readonly string[],
): KubeObject[] {
  const policy = (name: string, spec: Record<string, unknown>): KubeObject => ({
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: { name, ...metadata },
    spec,
  });
  const revisions = { matchExpressions: [{ key: 'serving.knative.dev/revision', operator: 'Exists' }] };
  return [
    policy('towpath-deny', { podSelector: {}, policyTypes: ['Ingress', 'Egress'] }),
    policy('towpath-ingress', {
      podSelector: revisions,
      policyTypes: ['Ingress'],
      // Never the user's own port: it would go around the sidecar's limits.
      ingress: [
        {
          from: [
            pods('knative-serving', { app: 'activator' }),
            pods('kourier-system', { app: '3scale-kourier-gateway' }),
          ],
          ports: SIDECAR_PORTS.map(tcp),
        },
        { from: [pods('knative-serving', { app: 'autoscaler' })], ports: [tcp(METRICS_PORT)] },
      ],
    }),
    policy('towpath-egress', {
      podSelector: revisions,
      policyTypes: ['Egress'],
      egress: [
        {
          to: [pods('kube-system', { 'k8s-app': 'kube-dns' })],
          ports: [53, 5353].flatMap((port) => [{ protocol: 'UDP', port }, tcp(port)]),
        },
        ...egressRules(egress, cluster),
      ],
    }),
  ];
}
