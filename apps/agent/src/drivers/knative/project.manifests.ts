import { kubernetesName, type Id } from '#libs/domain';
import type { KubeObject } from '#libs/kube';
import type { Egress } from './egress.rules.js';
import { networkPolicies } from './network.manifests.js';
import { cpuQuantity, memoryQuantity } from './quantity.js';
import { LABELS, PULL_SECRET, namespaceOf } from './knative.names.js';

/** What an operator allows every project of a cluster. */
export interface ProjectLimits {
  pods: number;
  cpuMillis: number;
  memoryMiB: number;
  gpus: number;
}

/** Registry credentials as a kubelet reads them (`.dockerconfigjson`). */
export interface PullCredentials {
  server: string;
  username: string;
  password: string;
}

export interface ProjectFacts {
  clusterId: Id<'cls'>;
  organizationId: Id<'org'>;
  projectId: Id<'prj'>;
  limits: ProjectLimits;
  pull: PullCredentials | undefined;
  egress: Egress;
  /** What nodes offer the GPUs of its services as. */
  gpuResources: readonly string[];
}

/**
 * Everything a project has in a cluster before its first service, in the order in which it is applied.
 * @param cluster addresses of nodes and API servers
 */
export function projectManifests(facts: ProjectFacts, cluster: readonly string[]): KubeObject[] {
  const namespace = namespaceOf(facts.projectId);
  return [
    namespaceManifest(facts),
    ...networkPolicies({ namespace, labels: labelsOf(facts) }, facts.egress, cluster),
    {
      apiVersion: 'v1',
      kind: 'ResourceQuota',
      metadata: { name: 'towpath', namespace, labels: labelsOf(facts) },
      spec: {
        hard: {
          pods: String(facts.limits.pods),
          'limits.cpu': cpuQuantity(facts.limits.cpuMillis),
          'limits.memory': memoryQuantity(facts.limits.memoryMiB),
          ...Object.fromEntries(
            facts.gpuResources.map((resource) => [`requests.${resource}`, String(facts.limits.gpus)]),
          ),
        },
      },
    },
    {
      apiVersion: 'v1',
      kind: 'LimitRange',
      metadata: { name: 'towpath', namespace, labels: labelsOf(facts) },
      // Knative's own sidecar names no limits; the quota counts only what has them.
      spec: {
        limits: [
          {
            type: 'Container',
            default: { cpu: '1', memory: '256Mi', 'ephemeral-storage': '1Gi' },
            defaultRequest: { cpu: '10m', memory: '32Mi', 'ephemeral-storage': '16Mi' },
          },
        ],
      },
    },
    {
      apiVersion: 'v1',
      kind: 'ServiceAccount',
      metadata: { name: 'default', namespace, labels: labelsOf(facts) },
      // A token nobody needs is one that can be stolen; without its volume a cold start is 0.3 s shorter.
      automountServiceAccountToken: false,
      ...(facts.pull === undefined ? {} : { imagePullSecrets: [{ name: PULL_SECRET }] }),
    },
    ...(facts.pull === undefined ? [] : [pullSecret(namespace, facts, facts.pull)]),
  ];
}

function labelsOf({ clusterId, organizationId, projectId }: ProjectFacts): Record<string, string> {
  return {
    [LABELS.owner]: kubernetesName(clusterId),
    [LABELS.organization]: kubernetesName(organizationId),
    [LABELS.project]: kubernetesName(projectId),
  };
}

function namespaceManifest(facts: ProjectFacts): KubeObject {
  return {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: {
      name: namespaceOf(facts.projectId),
      labels: {
        ...labelsOf(facts),
        // Knative's sidecar does not pass `restricted`; our own containers set its fields.
        'pod-security.kubernetes.io/enforce': 'baseline',
        'pod-security.kubernetes.io/enforce-version': 'latest',
      },
    },
  };
}

function pullSecret(namespace: string, facts: ProjectFacts, pull: PullCredentials): KubeObject {
  const auth = Buffer.from(`${pull.username}:${pull.password}`).toString('base64');
  const config = { auths: { [pull.server]: { username: pull.username, password: pull.password, auth } } };
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: PULL_SECRET, namespace, labels: labelsOf(facts) },
    type: 'kubernetes.io/dockerconfigjson',
    data: { '.dockerconfigjson': Buffer.from(JSON.stringify(config)).toString('base64') },
  };
}
