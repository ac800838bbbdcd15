import type { List } from '../../support/faces.js';
import { Api } from '../../support/api.js';
import { applyObject, clusterUnderTest, kubeGet, kubectl } from '../../support/kubectl.js';
import { platform } from '../../support/tenant.js';
import { until } from '../../support/until.js';

/** The ingress is tried every 30 s. */
const TRIED_MS = 120_000;
/** Lets this machine, and whatever is sent by the node, past the door. */
const OPEN = {
  apiVersion: 'networking.k8s.io/v1',
  kind: 'NetworkPolicy',
  metadata: { name: 'story-open', namespace: 'kourier-system' },
  spec: {
    podSelector: { matchLabels: { app: '3scale-kourier-gateway' } },
    policyTypes: ['Ingress'],
    ingress: [
      {
        from: [clusterUnderTest().machine, clusterUnderTest().node].map((ip) => ({
          ipBlock: { cidr: `${ip}/32` },
        })),
      },
    ],
  },
};

interface ClusterJson {
  runtime: string;
  gpus: object[];
  conditions: { type: string; status: string; message: string }[];
}

describe('what the agent finds of its cluster', () => {
  it('are conditions of the cluster, and what Knative lacked is set', async () => {
    const at = platform();
    const operator = new Api(at.apiUrl, at.operatorKey);
    const types =
      'Kubernetes Knative Settings Ingress InternalTls Addressing Sandbox Storage Gpus Clock IngressClosed'.split(
        ' ',
      );
    const { said, gpus } = await until('conditions that are all true', 60_000, async () => {
      const { items } = await operator.ok<List<ClusterJson>>('GET', '/v1/clusters');
      const { conditions = [], gpus } = items.find(({ runtime }) => runtime === 'knative') ?? {};
      const said = new Map(conditions.map(({ type, ...rest }) => [type, rest]));
      expect(types.map((type) => [type, said.get(type)?.status])).toEqual(
        types.map((type) => [type, 'true']),
      );
      return { said, gpus };
    });
    const { items: nodes } = await kubeGet<{
      items: { status: { nodeInfo: { kubeletVersion: string }; allocatable: Record<string, string> } }[];
    }>('nodes');
    expect(said.get('Kubernetes')?.message).toContain(nodes[0]?.status.nodeInfo.kubeletVersion);
    expect(gpus).toHaveLength(nodes.some(({ status }) => 'nvidia.com/gpu' in status.allocatable) ? 1 : 0);
    const features = await kubeGet<{ data: Record<string, string> }>(
      ...(['configmap', 'config-features', '-n', 'knative-serving'] as const),
    );
    expect(features.data).toMatchObject({ 'kubernetes.podspec-tolerations': 'enabled' });
  }, 120_000);

  it('are not well when the ingress is reached around the door, and the cluster takes no service until it is closed', async () => {
    const operator = new Api(platform().apiUrl, platform().operatorKey);
    const said = (expected: string): Promise<string> =>
      until(expected, TRIED_MS, async () => {
        const { items } = await operator.ok<List<ClusterJson>>('GET', '/v1/clusters');
        const { conditions = [] } = items.find(({ runtime }) => runtime === 'knative') ?? {};
        const of = (type: string): ClusterJson['conditions'][number] | undefined =>
          conditions.find((one) => one.type === type);
        const now = ['IngressClosed', 'Answers'].map((type) => `${type} ${of(type)?.status}`).join(', ');
        if (now !== expected) throw new Error(now);
        return of('IngressClosed')?.message ?? '';
      });
    await said('IngressClosed true, Answers true');
    const { items } = await kubeGet<{ items: { status: { podIP: string } }[] }>(
      ...['pods', '-n', 'kourier-system', '-l', 'app=3scale-kourier-gateway'],
    );
    await applyObject(OPEN);
    try {
      const message = await said('IngressClosed false, Answers unknown');
      expect(message).toContain(items[0]?.status.podIP);
    } finally {
      await kubectl('delete', 'networkpolicy', 'story-open', '-n', 'kourier-system');
    }
    await said('IngressClosed true, Answers true');
  }, 400_000);
});
