import { kubeGet, kubectl, namespaceOfService } from '../../support/kubectl.js';
import { platform, Tenant } from '../../support/tenant.js';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { until } from '../../support/until.js';

/** By watches; a loop of its own would take longer. */
const RESTORED_MS = 20_000;

describe('what somebody else changes in the cluster', () => {
  let tenant: Tenant;
  let namespace: string;
  beforeAll(async () => {
    tenant = await Tenant.create('drift');
    namespace = await namespaceOfService((await tenant.mustDeploy('steady')).id);
  }, 120_000);

  const drifts = async (): Promise<number> => {
    const run = JSON.parse(readFileSync(path.join(platform().dataDir, 'run.json'), 'utf8')) as {
      urls: Record<string, string>;
    };
    const text = await (await fetch(`${run.urls['agent']}/metrics`)).text();
    const lines = text.split('\n').filter((line) => line.startsWith('towpath_agent_drift_total{'));
    return lines.reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);
  };
  const there = (...args: string[]): Promise<boolean> =>
    kubectl('get', ...args, '-n', namespace).then(
      () => true,
      () => false,
    );

  it.each([
    ['a network policy', 'networkpolicy', 'towpath-deny'],
    ['the quota', 'resourcequota', 'towpath'],
    ['the Knative Service', 'services.serving.knative.dev', 'steady'],
  ])(
    '%s deleted by hand comes back, and is counted',
    async (_what, kind, name) => {
      const before = await drifts();
      const { metadata } = await kubeGet<{ metadata: { uid: string } }>(kind, name, '-n', namespace);
      await kubectl('delete', kind, name, '-n', namespace, '--wait=false');
      await until(`${kind} ${name}`, RESTORED_MS, async () => {
        if (!(await there(kind, name))) return false;
        const now = await kubeGet<{ metadata: { uid: string; deletionTimestamp?: string } }>(
          kind,
          name,
          '-n',
          namespace,
        );
        return now.metadata.uid !== metadata.uid && now.metadata.deletionTimestamp === undefined;
      });
      await until('a drift counted', RESTORED_MS, async () => (await drifts()) > before);
    },
    60_000,
  );

  it('a field edited by hand is set again, and a field that is nobody’s stays', async () => {
    const patch = JSON.stringify({
      metadata: { annotations: { 'example.test/mine': 'kept' } },
      spec: { hard: { pods: '1' } },
    });
    await kubectl('patch', 'resourcequota', 'towpath', '-n', namespace, '--type', 'merge', '-p', patch);
    const quota = await until('the quota as it was', RESTORED_MS, async () => {
      const now = await kubeGet<{
        metadata: { annotations?: Record<string, string> };
        spec: { hard: { pods: string } };
      }>('resourcequota', 'towpath', '-n', namespace);
      return now.spec.hard.pods !== '1' && now;
    });
    expect(quota.metadata.annotations).toMatchObject({ 'example.test/mine': 'kept' });
  }, 60_000);

  it('the service answers again, by the same revision', async () => {
    const answer = await until('an answer', 60_000, async () => {
      const got = await tenant.call('steady');
      return got.status === 200 && got;
    });
    expect(answer.json()).toMatchObject({ revision: 'steady-00001' });
  }, 90_000);

  it('nothing of ours is ever somebody else’s: an object without our label is left alone', async () => {
    await kubectl('create', 'configmap', 'mine', '-n', namespace, '--from-literal=a=b');
    await kubectl('delete', 'networkpolicy', 'towpath-deny', '-n', namespace);
    await until('the policy', RESTORED_MS, () => there('networkpolicy', 'towpath-deny'));
    expect(await there('configmap', 'mine')).toBe(true);
  }, 60_000);
});
