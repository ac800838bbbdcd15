import type { OperationJson, RevisionJson } from '../../support/faces.js';
import { clusterUnderTest, kubeGet, namespaceOfService } from '../../support/kubectl.js';
import { Tenant } from '../../support/tenant.js';
import { tow } from '../../support/tow.js';
import { until } from '../../support/until.js';

const PROGRAM = `require('node:http').createServer((_q, r) => r.end('from ' + process.env.K_REVISION)).listen(process.env.PORT)`;

describe('an image of a registry', () => {
  const { registry } = clusterUnderTest();
  const image = `${registry.address}/runtime/node:local`;
  let tenant: Tenant;
  beforeAll(async () => {
    tenant = await Tenant.create('images');
    await tenant.api.ok('POST', `/v1/projects/${tenant.project}/secrets`, {
      name: 'registry',
      value: `${registry.username}:${registry.password}`,
    });
  });

  const deploy = (name: string, template: Record<string, unknown>): Promise<OperationJson> =>
    tenant.api.change('POST', `/v1/projects/${tenant.project}/services`, {
      name,
      access: 'public',
      template: { command: ['node', '-e', PROGRAM], ...template },
    });
  const digestOf = async (): Promise<string | null> => {
    const authorization = `Basic ${Buffer.from(`${registry.username}:${registry.password}`).toString('base64')}`;
    const accept = 'application/vnd.oci.image.manifest.v1+json, application/vnd.oci.image.index.v1+json';
    const url = `http://${registry.address}/v2/runtime/node/manifests/local`;
    return (await fetch(url, { headers: { authorization, accept } })).headers.get('docker-content-digest');
  };
  const only = async (name: string): Promise<RevisionJson> => {
    const [revision, ...others] = await tenant.revisions(name);
    if (revision === undefined || others.length > 0) throw new Error(`${others.length + 1} revisions`);
    return revision;
  };

  it('deploys by its tag with the credentials of the project, and is pinned by digest', async () => {
    const operation = await deploy('web', { image, pullSecret: { name: 'registry' } });
    expect(operation).toMatchObject({ status: 'succeeded' });
    expect((await only('web')).spec).toMatchObject({ image, imageDigest: await digestOf() });
    expect((await tenant.call('web')).text).toBe('from web-00001');
    const { id } = await tenant.service('web');
    const { items } = await kubeGet<{ items: { spec: { containers: { name: string; image: string }[] } }[] }>(
      'pods',
      '-n',
      await namespaceOfService(id),
    );
    const images = items.flatMap(({ spec }) => spec.containers.filter(({ name }) => name === 'app'));
    expect(images[0]?.image).toBe(`${registry.address}/runtime/node@${await digestOf()}`);
  }, 120_000);

  it('is asked for again by another deploy of the same tag, which makes a revision', async () => {
    const again = await tow(tenant, 'deploy', 'web', '--image', image);
    expect(again).toMatchObject({ code: 0 });
    expect((await tenant.call('web')).text).toBe('from web-00002');
  }, 120_000);

  it('that may not be read, or is not there, fails with its cause, field and next step', async () => {
    const closed = await deploy('closed', { image });
    expect(closed).toMatchObject({
      status: 'failed',
      error: { message: `The image ${image} may not be read: its registry refuses, or has no such image.` },
    });
    expect(closed.error?.violations).toMatchObject([{ field: 'template.image' }]);
    expect(closed.error?.nextStep).toMatch(/--pull-secret/);
    const pullSecret = { name: 'registry' };
    const absent = await deploy('absent', { image: `${registry.address}/runtime/node:no`, pullSecret });
    expect(absent.error?.message).toMatch(/is not in its registry/);
    const { status } = await tenant.service('absent');
    const built = status.conditions.find(({ type }) => type === 'BuildSucceeded');
    expect(built).toMatchObject({ status: 'false', reason: 'ImageNotFound' });
    expect(await tenant.revisions('absent')).toEqual([]);
  }, 60_000);

  it('of a registry on an address inside is not asked for at all', async () => {
    const { node } = clusterUnderTest();
    const inside = await tenant.api.ok<OperationJson>('POST', `/v1/projects/${tenant.project}/services`, {
      name: 'inside',
      template: { image: `${node}:6443/kubernetes/secrets:1` },
    });
    await until('the cause', 30_000, async () => {
      const { steps } = await tenant.api.ok<OperationJson>('GET', `/v1/operations/${inside.id}`);
      return steps[0]?.message.includes('cannot be reached at a public address');
    });
  }, 60_000);

  it('keeps its secret in use', async () => {
    const answer = await tenant.api.request('DELETE', `/v1/projects/${tenant.project}/secrets/registry`);
    expect(answer).toMatchObject({ status: 409 });
  });
});
