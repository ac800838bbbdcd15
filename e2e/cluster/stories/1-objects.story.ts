import { kubeGet, kubectl, namespaceOfService } from '../../support/kubectl.js';
import { Tenant } from '../../support/tenant.js';
import { until } from '../../support/until.js';

interface Listed<T> {
  items: T[];
}
interface Pod {
  metadata: { name: string; labels: Record<string, string>; deletionTimestamp?: string };
  spec: { automountServiceAccountToken?: boolean; containers: { name: string; securityContext?: object }[] };
}

describe('in the cluster', () => {
  let tenant: Tenant;
  let namespace: string;
  beforeAll(async () => {
    tenant = await Tenant.create('objects');
    const { id } = await tenant.mustDeploy('plain', { service: { minInstances: 1 } });
    namespace = await namespaceOfService(id);
  }, 120_000);

  const podsOf = async (revision: string): Promise<Pod[]> => {
    const label = `serving.knative.dev/revision=${revision}`;
    const { items } = await kubeGet<Listed<Pod>>('pods', '-n', namespace, '-l', label);
    return items.filter(({ metadata }) => metadata.deletionTimestamp === undefined);
  };

  it('a service is a plain Knative Service, its revision named as the customer sees it', async () => {
    const service = await kubeGet<{ spec: { template: { metadata: { name: string } }; traffic: object[] } }>(
      'services.serving.knative.dev',
      'plain',
      '-n',
      namespace,
    );
    expect(service.spec.template.metadata.name).toBe('plain-00001');
    expect(service.spec.traffic).toEqual([
      { latestRevision: false, percent: 100, revisionName: 'plain-00001', tag: 'v-00001--of' },
    ]);
  });

  it('an instance has no token and no right to become more', async () => {
    const [pod] = await until('the instance', 30_000, async () => {
      const pods = await podsOf('plain-00001');
      return pods.length > 0 && pods;
    });
    expect(pod?.spec.automountServiceAccountToken).toBe(false);
    expect(pod?.spec.containers.find(({ name }) => name === 'app')?.securityContext).toMatchObject({
      runAsNonRoot: true,
      allowPrivilegeEscalation: false,
      capabilities: { drop: ['ALL'] },
      seccompProfile: { type: 'RuntimeDefault' },
    });
    const inside = kubectl(
      'exec',
      '-n',
      namespace,
      pod?.metadata.name ?? '',
      '-c',
      'app',
      '--',
      'ls',
      '/var/run/secrets',
    );
    await expect(inside).rejects.toThrow();
  });

  it('minInstances run for the revision with traffic; a tagged one at 0 % runs nothing', async () => {
    await tenant.mustDeploy('plain', { template: { env: [{ name: 'ROUND', value: '2' }] } });
    const traffic = [
      { revision: 'plain-00002', percent: 100 },
      { revision: 'plain-00001', percent: 0, tag: 'old' },
    ];
    await tenant.api.change('PUT', tenant.at('plain', '/traffic'), { traffic });
    await until('the new revision runs one, the old one nothing', 150_000, async () => {
      const [old, now] = [await podsOf('plain-00001'), await podsOf('plain-00002')];
      return old.length === 0 && now.length === 1;
    });
    expect((await tenant.call('plain', '/', { tag: 'old' })).status).toBe(200);
  }, 240_000);
});
