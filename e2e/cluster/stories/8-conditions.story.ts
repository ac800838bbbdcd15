import type { OperationJson } from '../../support/faces.js';
import { applyObject, kubeGet, kubectl, namespaceOfService } from '../../support/kubectl.js';
import { Tenant } from '../../support/tenant.js';

const APP = (program: string): Record<string, string> => ({
  'package.json': JSON.stringify({ name: 'app', version: '1.0.0', scripts: { start: 'node server.js' } }),
  'server.js': program,
});
const GOOD = `require('node:http').createServer((_q, r) => r.end('ok')).listen(process.env.PORT);`;

/** What is told of a start that fails: cause, field, next step. */
interface Told {
  code: string;
  message: string;
  violations: { field: string; message: string }[];
  nextStep: string;
}

describe('why an instance does not start', () => {
  let tenant: Tenant;
  let namespace: string;
  beforeAll(async () => {
    tenant = await Tenant.create('reasons');
    namespace = await namespaceOfService((await tenant.mustDeploy('first')).id);
  }, 120_000);

  const told = async (name: string, source: string, template: object = {}): Promise<Told> => {
    const operation: OperationJson = await tenant.deploy(name, {
      source: APP(source),
      template: { ...template },
    });
    expect(operation.status).toBe('failed');
    const { error } = operation;
    expect(error).toMatchObject({ code: 'START_FAILED', nextStep: expect.stringMatching(/\w/) as string });
    expect(error?.violations?.[0]?.field).toMatch(/^template/);
    return error as Told;
  };

  it('a crash: its exit code and its last lines', async () => {
    const { message, violations } = await told('crash', `console.log('no moon'); process.exit(7);`);
    expect(message).toMatch(/exited with code 7/);
    expect(message).toMatch(/no moon/);
    expect(violations[0]?.message).toMatch(/ExitCode|CrashLoop/);
  }, 120_000);

  it('a port that stays closed: which', async () => {
    const { message, violations } = await told('closed', `setInterval(() => {}, 1000);`, { port: 9999 });
    expect(message).toMatch(/Port 9999/);
    expect(violations[0]).toEqual({ field: 'template.port', message: 'StartTimeout' });
  }, 120_000);

  it('a cluster without room: after the time that a start may take', async () => {
    const { items } = await kubeGet<{ items: { metadata: { name: string } }[] }>('nodes');
    const nodes = items.map(({ metadata }) => metadata.name);
    await kubectl('cordon', ...nodes);
    const { message, violations } = await told('large', GOOD).finally(() => kubectl('uncordon', ...nodes));
    expect(violations[0]?.message).toBe('ClusterFull');
    expect(message).toMatch(/No node of the cluster had room/);
  }, 240_000);

  it("a rule of the cluster, and the project's quota", async () => {
    await applyObject(
      {
        apiVersion: 'v1',
        kind: 'LimitRange',
        metadata: { name: 'rule' },
        spec: { limits: [{ type: 'Container', max: { memory: '300Mi' } }] },
      },
      '-n',
      namespace,
    );
    const ruled = await told('ruled', GOOD, { resources: { memoryMiB: 2048 } });
    expect(ruled.violations[0]?.message).toBe('AdmissionRefused');
    await kubectl('delete', 'limitrange', 'rule', '-n', namespace);
    await applyObject(
      {
        apiVersion: 'v1',
        kind: 'ResourceQuota',
        metadata: { name: 'small' },
        spec: { hard: { 'limits.memory': '1Mi' } },
      },
      '-n',
      namespace,
    );
    const full = await told('full', GOOD);
    expect(full.violations[0]?.message).toBe('QuotaExceeded');
    expect(full.message).not.toMatch(/small|pods/);
    await kubectl('delete', 'resourcequota', 'small', '-n', namespace);
  }, 240_000);
});
