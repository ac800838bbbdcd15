import type { ServiceJson } from '../../support/faces.js';
import { applyObject, kubeGet, kubectl, namespaceOfService } from '../../support/kubectl.js';
import { Tenant } from '../../support/tenant.js';
import { tow } from '../../support/tow.js';
import { until } from '../../support/until.js';

/** The agent looks every 30 s whether a claim stands. */
const SETTLED_MS = 90_000;

describe('what somebody else claims', () => {
  let tenant: Tenant;
  let namespace: string;
  beforeAll(async () => {
    tenant = await Tenant.create('contested');
    namespace = await namespaceOfService((await tenant.mustDeploy('first')).id);
  }, 120_000);

  const placed = async (name: string): Promise<{ reason: string; message: string } | undefined> => {
    const at = `/v1/projects/${tenant.project}/services/${name}`;
    const { status } = await tenant.api.ok<ServiceJson>('GET', at);
    return status.conditions.find(({ type }) => type === 'Placed') as
      { reason: string; message: string } | undefined;
  };
  const apply = (manifest: object, manager: string): Promise<void> =>
    applyObject(manifest, '--server-side', '--force-conflicts', `--field-manager=${manager}`);

  it('an object of a name that a service needs is left alone, and said', async () => {
    await apply(
      {
        apiVersion: 'serving.knative.dev/v1',
        kind: 'Service',
        metadata: { name: 'taken', namespace, annotations: { 'example.test/whose': 'mine' } },
        spec: { template: { spec: { containers: [{ image: 'registry.test/nobody:1' }] } } },
      },
      'somebody',
    );
    const deployed = await tow(
      tenant,
      'deploy',
      'taken',
      '--source',
      'examples/hello',
      '--allow-unauthenticated',
    );
    expect(deployed.code).not.toBe(0);
    expect(await placed('taken')).toMatchObject({
      reason: 'Contested',
      message: expect.stringContaining(`Service ${namespace}/taken was made by somebody`) as string,
    });
    const theirs = await kubeGet<{ spec: { template: { spec: { containers: { image: string }[] } } } }>(
      ...(['services.serving.knative.dev', 'taken', '-n', namespace] as const),
    );
    expect(theirs.spec.template.spec.containers[0]?.image).toBe('registry.test/nobody:1');
    await kubectl('delete', 'services.serving.knative.dev', 'taken', '-n', namespace);
    await until('the service', SETTLED_MS, async () => (await tenant.call('taken')).status === 200);
    expect(await placed('taken')).toMatchObject({ reason: 'Chosen' });
  }, 300_000);

  it('a field that another manager applies stays as he wants it, and is said', async () => {
    const quota = { apiVersion: 'v1', kind: 'ResourceQuota', metadata: { name: 'towpath', namespace } };
    await apply({ ...quota, spec: { hard: { pods: '7' } } }, 'gitops');
    const said = await until('the claim', SETTLED_MS, async () => {
      const now = await placed('first');
      return now?.reason === 'Contested' && now;
    });
    expect(said.message).toContain('.spec.hard.pods (gitops)');
    const there = await kubeGet<{ spec: { hard: { pods: string } } }>(
      'resourcequota',
      'towpath',
      '-n',
      namespace,
    );
    expect(there.spec.hard.pods).toBe('7');
    expect((await tenant.call('first')).status).toBe(200);
    // he wants nothing of it any more
    await apply(quota, 'gitops');
    await until('the end of the claim', SETTLED_MS, async () => (await placed('first'))?.reason === 'Chosen');
  }, 300_000);
});
