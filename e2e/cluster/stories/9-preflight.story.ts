import type { List } from '../../support/faces.js';
import { Api } from '../../support/api.js';
import { kubeGet } from '../../support/kubectl.js';
import { platform } from '../../support/tenant.js';
import { until } from '../../support/until.js';

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
      'Kubernetes Knative Settings Ingress InternalTls Addressing Sandbox Storage Gpus Clock'.split(' ');
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
});
