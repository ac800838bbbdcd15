import { GATEWAYS_DOMAIN } from '#libs/domain';
import type { KubeObject } from '#libs/kube';
import { DOOR_FOLDER, DOOR_NAME, DOOR_PORT, doorBootstrap, file } from './door.bootstrap.js';
import { SYSTEM_NAMESPACE } from './knative.names.js';

export interface DoorSettings {
  /** An image of Envoy that the cluster can pull. */
  image: string;
  /** Where the cluster's ingress listens for its own hosts, inside the cluster. */
  ingress: { host: string; port: number };
}

/** What a gateway and the door show each other, PEM. Absent: the door is open, and only a test bed may have one. */
export interface DoorCertificates {
  chain: string;
  key: string;
  /** The root that vouches for gateways. */
  root: string;
  /** Who besides gateways may come in: the cluster's own agent. */
  agent: string;
}

const labels = { app: DOOR_NAME };

/** Where Kourier's gateway is. */
export const INGRESS_NAMESPACE = 'kourier-system';
/** The labels of its pods. */
export const INGRESS_PODS = { app: '3scale-kourier-gateway' };

/**
 * The door of a cluster: an Envoy that lets gateways in, by their certificate, and nobody else. It chooses nothing: the
 * host that the gateway set is the ingress's to route.
 */
export function doorManifests(settings: DoorSettings, certificates: DoorCertificates): KubeObject[] {
  const metadata = (name: string): KubeObject['metadata'] => ({ name, namespace: SYSTEM_NAMESPACE, labels });
  return [
    {
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { name: SYSTEM_NAMESPACE, labels: { 'pod-security.kubernetes.io/enforce': 'restricted' } },
    },
    { apiVersion: 'v1', kind: 'Secret', metadata: metadata(DOOR_NAME), data: folderOf(certificates) },
    deployment(settings, certificates.agent),
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: metadata(DOOR_NAME),
      spec: {
        type: 'NodePort',
        // Gateways are told the address of one node: every node leads to the door, wherever it runs.
        externalTrafficPolicy: 'Cluster',
        selector: labels,
        ports: [{ name: 'door', port: DOOR_PORT, targetPort: DOOR_PORT, protocol: 'TCP' }],
      },
    },
  ];
}

/** Nobody but the door (and Knative itself) reaches the ingress inside the cluster. */
export function ingressPolicy(): KubeObject {
  const from = (namespace: string, podLabels?: Record<string, string>): unknown => ({
    namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': namespace } },
    ...(podLabels === undefined ? {} : { podSelector: { matchLabels: podLabels } }),
  });
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: { name: DOOR_NAME, namespace: INGRESS_NAMESPACE, labels },
    spec: {
      podSelector: { matchLabels: INGRESS_PODS },
      policyTypes: ['Ingress'],
      ingress: [
        {
          from: [from(SYSTEM_NAMESPACE, labels)],
          ports: [8080, 8081].map((port) => ({ protocol: 'TCP', port })),
        },
        // its controller probes that a route is in force
        { from: [from('knative-serving')] },
      ],
    },
  };
}

/** Gateways, and the one agent: an agent of another cluster has a certificate of the same root. */
function callers(agent: string): unknown {
  const named = (matcher: unknown): unknown => ({ san_type: 'DNS', matcher });
  return {
    trusted_ca: file('ca.crt'),
    match_typed_subject_alt_names: [
      named({ safe_regex: { regex: `gw-[a-z0-9]+\\.${GATEWAYS_DOMAIN.replaceAll('.', '\\.')}` } }),
      named({ exact: agent }),
    ],
  };
}

/** Certificates are read from files that a watched folder swaps, so a new one needs no restart. */
function folderOf({ chain, key, root, agent }: DoorCertificates): Record<string, string> {
  const own = { certificate_chain: file('tls.crt'), private_key: file('tls.key') };
  const files = {
    'tls.crt': chain,
    'tls.key': key,
    'ca.crt': root,
    'certificate.json': JSON.stringify(secretFile('door', { tls_certificate: own })),
    'gateways.json': JSON.stringify(secretFile('gateways', { validation_context: callers(agent) })),
  };
  return Object.fromEntries(
    Object.entries(files).map(([name, text]) => [name, Buffer.from(text).toString('base64')]),
  );
}

function secretFile(name: string, secret: Record<string, unknown>): unknown {
  return {
    resources: [
      { '@type': 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.Secret', name, ...secret },
    ],
  };
}

function deployment({ image, ingress }: DoorSettings, agent: string): KubeObject {
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: DOOR_NAME, namespace: SYSTEM_NAMESPACE, labels },
    spec: {
      replicas: 1,
      selector: { matchLabels: labels },
      template: {
        metadata: { labels },
        spec: {
          automountServiceAccountToken: false,
          enableServiceLinks: false,
          tolerations: [{ key: 'nvidia.com/gpu', operator: 'Exists' }],
          containers: [
            {
              name: 'envoy',
              image,
              args: [
                ...['--config-yaml', JSON.stringify(doorBootstrap(ingress, agent))],
                ...['--concurrency', '1', '--log-level', 'warning'],
              ],
              ports: [{ name: 'door', containerPort: DOOR_PORT, protocol: 'TCP' }],
              readinessProbe: { tcpSocket: { port: DOOR_PORT }, periodSeconds: 1 },
              resources: { requests: { cpu: '50m', memory: '64Mi' }, limits: { memory: '512Mi' } },
              securityContext: {
                runAsNonRoot: true,
                runAsUser: 65_532,
                allowPrivilegeEscalation: false,
                capabilities: { drop: ['ALL'] },
                seccompProfile: { type: 'RuntimeDefault' },
              },
              volumeMounts: [{ name: 'door', mountPath: DOOR_FOLDER, readOnly: true }],
            },
          ],
          volumes: [{ name: 'door', secret: { secretName: DOOR_NAME } }],
        },
      },
    },
  };
}
