import type { RevisionJson } from '../../support/faces.js';
import {
  applyObject,
  clusterUnderTest,
  kubeGet,
  kubectl,
  namespaceOfService,
} from '../../support/kubectl.js';
import { Tenant } from '../../support/tenant.js';
import { until } from '../../support/until.js';

interface KnativeRevision {
  status?: { conditions?: { type: string; status: string; lastTransitionTime: string }[] };
}

/** For how long Knative says Ready of what is not: whoever asks for it has asked twice. */
const STANDS_MS = 12_000;
/** Who sends requests to instances: the ingress, where its activator is on the way that too. */
const SENDERS = ['kourier-system', 'knative-serving'];
const BLOCK = 'story-block';

/** Keeps all that Knative sends from the pods of a namespace while the work lasts; the rest goes on. */
async function blocked(namespace: string, work: () => Promise<void>): Promise<void> {
  const others = {
    matchExpressions: [{ key: 'kubernetes.io/metadata.name', operator: 'NotIn', values: [namespace] }],
  };
  const outside = { cidr: '0.0.0.0/0', except: [clusterUnderTest().pods] };
  const egress = [{ to: [{ namespaceSelector: others }, { ipBlock: outside }] }];
  try {
    for (const sender of SENDERS)
      await applyObject({
        apiVersion: 'networking.k8s.io/v1',
        kind: 'NetworkPolicy',
        metadata: { name: BLOCK, namespace: sender },
        spec: { podSelector: {}, policyTypes: ['Egress'], egress },
      });
    await work();
  } finally {
    for (const sender of SENDERS)
      await kubectl('delete', 'networkpolicy', BLOCK, '-n', sender, '--ignore-not-found');
  }
}

describe('a service whose instances run, and that nothing reaches', () => {
  let tenant: Tenant;
  let namespace: string;
  beforeAll(async () => {
    tenant = await Tenant.create('route');
    namespace = await namespaceOfService((await tenant.mustDeploy('first')).id);
  }, 120_000);

  const ready = async (service: string): Promise<RevisionJson['status']['conditions'][number] | undefined> =>
    (await tenant.revisions(service))[0]?.status.conditions.find(({ type }) => type === 'Ready');
  /** Since when Knative says that its first revision is Ready, ms; undefined while it does not. */
  const knativeSays = async (service: string): Promise<number | undefined> => {
    const { items } = await kubeGet<{ items: KnativeRevision[] }>(
      ...['revisions.serving.knative.dev', '-n', namespace, '-l', `serving.knative.dev/service=${service}`],
    );
    const said = items[0]?.status?.conditions?.find(({ type }) => type === 'Ready');
    return said?.status === 'True' ? Date.parse(said.lastTransitionTime) : undefined;
  };

  it.each([
    ['requests go to instances themselves', 'many', 80],
    ['requests go by the activator, which answers probes itself', 'single', 1],
  ])(
    'is not Ready, with its reason, until it is reached: where %s',
    async (_way, service, concurrency) => {
      let deploy: ReturnType<Tenant['deploy']> | undefined;
      await blocked(namespace, async () => {
        deploy = tenant.deploy(service, { template: { concurrency } });
        await until('Knative to call it Ready, and to stand by that', 120_000, async () => {
          const since = await knativeSays(service);
          return since !== undefined && Date.now() - since > STANDS_MS;
        });
        expect(await ready(service)).toMatchObject({ status: 'unknown', reason: 'RouteComing' });
      });
      expect(await deploy).toMatchObject({ status: 'succeeded' });
      expect(await ready(service)).toMatchObject({ status: 'true' });
      expect((await tenant.call(service)).status).toBe(200);
    },
    240_000,
  );
});
