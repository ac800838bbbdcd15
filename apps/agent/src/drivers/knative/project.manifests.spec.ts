import { testId } from '#libs/testing';
import { CLUSTER, PROJECT } from './knative.factory.rig.js';
import { projectManifests } from './project.manifests.js';

const NAMESPACE = PROJECT.replace('_', '-');
const facts = {
  clusterId: CLUSTER,
  organizationId: testId('org'),
  projectId: PROJECT,
  limits: { pods: 10, cpuMillis: 1500, memoryMiB: 1024, gpus: 4 },
  egress: { open: [], closed: [] },
  gpuResources: [],
  pull: { server: 'registry.test', username: 'u', password: 'p' },
};
const labels = {
  'towpath.dev/cluster': CLUSTER.replace('_', '-'),
  'towpath.dev/organization': facts.organizationId.replace('_', '-'),
  'towpath.dev/project': NAMESPACE,
};
const metadata = (name: string): object => ({ name, namespace: NAMESPACE, labels });
const policy = (name: string, spec: object): object => ({
  ...{ apiVersion: 'networking.k8s.io/v1', kind: 'NetworkPolicy', metadata: metadata(name), spec },
});
const tcp = (...ports: number[]): object[] => ports.map((port) => ({ protocol: 'TCP', port }));
const pods = (namespace: string, matchLabels: object): object => ({
  namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': namespace } },
  podSelector: { matchLabels },
});
const revisions = { matchExpressions: [{ key: 'serving.knative.dev/revision', operator: 'Exists' }] };

/** Everything before the first service of a project, in the order in which it comes into the cluster. */
const GOLDEN = [
  {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: {
      name: NAMESPACE,
      labels: {
        ...labels,
        'pod-security.kubernetes.io/enforce': 'baseline',
        'pod-security.kubernetes.io/enforce-version': 'latest',
      },
    },
  },
  policy('towpath-deny', { podSelector: {}, policyTypes: ['Ingress', 'Egress'] }),
  policy('towpath-ingress', {
    podSelector: revisions,
    policyTypes: ['Ingress'],
    ingress: [
      {
        from: [
          pods('knative-serving', { app: 'activator' }),
          pods('kourier-system', { app: '3scale-kourier-gateway' }),
        ],
        ports: tcp(8012, 8013, 8112),
      },
      { from: [pods('knative-serving', { app: 'autoscaler' })], ports: tcp(9090) },
    ],
  }),
  policy('towpath-egress', {
    podSelector: revisions,
    policyTypes: ['Egress'],
    egress: [
      {
        to: [pods('kube-system', { 'k8s-app': 'kube-dns' })],
        ports: [{ protocol: 'UDP', port: 53 }, ...tcp(53), { protocol: 'UDP', port: 5353 }, ...tcp(5353)],
      },
      {
        to: [
          {
            ipBlock: {
              cidr: '0.0.0.0/0',
              except: [
                '10.0.0.0/8',
                '100.64.0.0/10',
                '169.254.0.0/16',
                '172.16.0.0/12',
                '192.168.0.0/16',
                '224.0.0.0/4',
              ],
            },
          },
        ],
      },
    ],
  }),
  {
    ...{ apiVersion: 'v1', kind: 'ResourceQuota', metadata: metadata('towpath') },
    spec: { hard: { pods: '10', 'limits.cpu': '1500m', 'limits.memory': '1Gi' } },
  },
  {
    ...{ apiVersion: 'v1', kind: 'LimitRange', metadata: metadata('towpath') },
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
    ...{ apiVersion: 'v1', kind: 'ServiceAccount', metadata: metadata('default') },
    automountServiceAccountToken: false,
    imagePullSecrets: [{ name: 'towpath-pull' }],
  },
  {
    ...{ apiVersion: 'v1', kind: 'Secret', metadata: metadata('towpath-pull') },
    type: 'kubernetes.io/dockerconfigjson',
    data: {
      // {"auths":{"registry.test":{"username":"u","password":"p","auth":"dTpw"}}}
      '.dockerconfigjson':
        'eyJhdXRocyI6eyJyZWdpc3RyeS50ZXN0Ijp7InVzZXJuYW1lIjoidSIsInBhc3N3b3JkIjoicCIsImF1dGgiOiJkVHB3In19fQ==',
    },
  },
];

describe('a project', () => {
  it('is this in a cluster', () => {
    expect(projectManifests(facts, [])).toEqual(GOLDEN);
  });

  it('may hold so many GPUs of each resource that its services use', () => {
    const quota = projectManifests({ ...facts, gpuResources: ['amd.com/gpu', 'nvidia.com/gpu'] }, [])[4];
    expect(quota).toMatchObject({
      spec: { hard: { 'requests.amd.com/gpu': '4', 'requests.nvidia.com/gpu': '4' } },
    });
  });

  it('has no pull secret where the registry asks for none', () => {
    const open = projectManifests({ ...facts, pull: undefined }, []);
    expect(open.some(({ kind }) => kind === 'Secret')).toBe(false);
  });

  it('does not reach nodes and API servers at public addresses', () => {
    const [policies] = [projectManifests(facts, ['198.51.100.7'])];
    const egress = policies.find(({ metadata: { name } }) => name === 'towpath-egress');
    expect(JSON.stringify(egress)).toContain('"198.51.100.7/32"');
  });
});
