import { Api } from '../../support/api.js';
import type { List, OperationJson } from '../../support/faces.js';
import { Tenant, platform } from '../../support/tenant.js';
import { tow } from '../../support/tow.js';
import { until } from '../../support/until.js';

describe('a cordoned cluster', () => {
  let tenant: Tenant;
  let operator: Api;
  let cluster: string;
  beforeAll(async () => {
    const at = platform();
    operator = new Api(at.apiUrl, at.operatorKey);
    const { items } = await operator.ok<List<{ id: string; runtime: string }>>('GET', '/v1/clusters');
    cluster = items.find(({ runtime }) => runtime === 'knative')?.id ?? '';
    tenant = await Tenant.create('cordon');
    await tenant.mustDeploy('there');
  }, 120_000);
  afterAll(() => operator.ok('POST', `/v1/clusters/${cluster}/uncordon`, {}));

  it('takes no new service, says so, and serves and changes what it holds', async () => {
    await operator.ok('POST', `/v1/clusters/${cluster}/cordon`, {});
    const uploadId = await tenant.upload({ 'server.js': APP, Procfile: 'web: node server.js\n' });
    const waiting = await tenant.api.ok<OperationJson>('POST', `/v1/projects/${tenant.project}/services`, {
      name: 'late',
      access: 'public',
      template: { source: { uploadId } },
    });
    const look = (): Promise<OperationJson> => tenant.api.ok('GET', `/v1/operations/${waiting.id}`);
    await until('the reason', 60_000, async () =>
      (await look()).steps.some(({ message }) => message.includes('cordoned: it takes no new services')),
    );
    const changed = await tow(tenant, 'services', 'update', 'there', '--update-env-vars', 'A=1');
    expect(changed.code).toBe(0);
    expect((await tenant.call('there')).json()).toMatchObject({ revision: 'there-00002' });
    await operator.ok('POST', `/v1/clusters/${cluster}/uncordon`, {});
    await until('the waiting deploy', 60_000, async () => (await look()).status === 'succeeded');
    expect((await tenant.call('late')).status).toBe(200);
  }, 240_000);
});

const APP = `require('node:http').createServer((_q, r) => r.end('late')).listen(process.env.PORT);\n`;
