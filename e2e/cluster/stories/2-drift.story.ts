import type { ServiceJson } from '../../support/faces.js';
import { applyObject, kubeGet, kubectl, namespaceOfService } from '../../support/kubectl.js';
import { platform, Tenant } from '../../support/tenant.js';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { until } from '../../support/until.js';

/** By watches; a loop of its own would take longer. */
const RESTORED_MS = 20_000;

interface CopiedService {
  metadata: { labels: Record<string, string> };
  spec: {
    template: {
      metadata: { labels: Record<string, string>; annotations: Record<string, string> };
      spec: object;
    };
  };
}

/** Revisions of the Knative Service `copy`, by uid. */
async function copiesIn(namespace: string): Promise<string[]> {
  const { items } = await kubeGet<{ items: { metadata: { uid: string } }[] }>(
    ...['revisions.serving.knative.dev', '-n', namespace, '-l', 'serving.knative.dev/service=copy'],
  );
  return items.map(({ metadata }) => metadata.uid);
}

describe('what somebody else changes in the cluster', () => {
  let tenant: Tenant;
  let namespace: string;
  let service: ServiceJson;
  beforeAll(async () => {
    tenant = await Tenant.create('drift');
    await tenant.api.ok('POST', `/v1/projects/${tenant.project}/secrets`, { name: 'key', value: 'v1' });
    const template = { env: [{ name: 'GREETING', secret: { name: 'key', version: 1 } }] };
    service = await tenant.mustDeploy('steady', { template });
    namespace = await namespaceOfService(service.id);
  }, 120_000);

  const drifts = async (of: string): Promise<number> => {
    const run = JSON.parse(readFileSync(path.join(platform().dataDir, 'run.json'), 'utf8')) as {
      urls: Record<string, string>;
    };
    const text = await (await fetch(`${run.urls['agent']}/metrics`)).text();
    const lines = text
      .split('\n')
      .filter((line) => line.startsWith(`towpath_agent_drift_total{kind="${of}"}`));
    return lines.reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);
  };
  const isThere = (...args: string[]): Promise<boolean> =>
    kubectl('get', ...args, '-n', namespace).then(
      () => true,
      () => false,
    );
  const uidOf = async (kind: string, name: string, at: string): Promise<string | undefined> => {
    const { items } = await kubeGet<{ items: { metadata: { uid: string; deletionTimestamp?: string } }[] }>(
      ...[kind, '-n', at, '--field-selector', `metadata.name=${name}`],
    );
    return items.find(({ metadata }) => metadata.deletionTimestamp === undefined)?.metadata.uid;
  };
  const answers = (): Promise<unknown> =>
    until('an answer', 60_000, async () => {
      const { status, text } = await tenant.call('steady');
      if (status !== 200) throw new Error(`${status} ${text}`);
      return true;
    });

  it.each([
    ['a network policy', 'networkpolicy', 'towpath-deny', 'NetworkPolicy', ''],
    ['the quota', 'resourcequota', 'towpath', 'ResourceQuota', ''],
    ['the service account', 'serviceaccount', 'default', 'ServiceAccount', ''],
    ['the Knative Service', 'services.serving.knative.dev', 'steady', 'Service', ''],
    [
      'what keeps others from the ingress',
      'networkpolicy',
      'towpath-door',
      'NetworkPolicy',
      'kourier-system',
    ],
    ['the certificate of the door', 'secret', 'towpath-door', 'Secret', 'towpath-system'],
    ['the way to the door', 'service', 'towpath-door', 'Service', 'towpath-system'],
  ])(
    '%s deleted by hand comes back, and is counted',
    async (_what, kind, name, counted, place) => {
      const at = place || namespace;
      const [before, uid] = [await drifts(counted), await uidOf(kind, name, at)];
      expect(uid).toBeDefined();
      await kubectl('delete', kind, name, '-n', at, '--wait=false');
      await until(`${kind} ${name}`, RESTORED_MS, async () => {
        const now = await uidOf(kind, name, at);
        return now !== undefined && now !== uid;
      });
      await until('a drift counted', RESTORED_MS, async () => (await drifts(counted)) > before);
    },
    60_000,
  );

  it('a door that was scaled to nothing by hand opens again, and nothing else ever was a drift of it', async () => {
    await answers();
    const before = await drifts('Deployment');
    expect(before).toBe(0);
    const door = ['deployment', 'towpath-door', '-n', 'towpath-system'];
    await kubectl('scale', ...door, '--replicas=0');
    await until('its replica', RESTORED_MS, async () => {
      const { spec } = await kubeGet<{ spec: { replicas: number } }>(...door);
      return spec.replicas === 1;
    });
    await until('a drift counted', RESTORED_MS, async () => (await drifts('Deployment')) === 1);
    await answers();
    expect(await drifts('Deployment')).toBe(1);
  }, 200_000);

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

  it('a Secret of a revision at zero that is deleted by hand comes back, is counted, and the next instance has it', async () => {
    const labels = `towpath.dev/service=${service.id.replace('_', '-')}`;
    await until('nothing of it runs', 120_000, async () => {
      const { items } = await kubeGet<{ items: unknown[] }>('pods', '-n', namespace, '-l', labels);
      return items.length === 0;
    });
    const before = await drifts('Secret');
    const secrets = async (): Promise<string[]> =>
      (
        await kubeGet<{ items: { metadata: { uid: string } }[] }>('secrets', '-n', namespace, '-l', labels)
      ).items.map(({ metadata }) => metadata.uid);
    const [gone] = await secrets();
    await kubectl('delete', 'secrets', '-n', namespace, '-l', labels);
    await until('another Secret', RESTORED_MS, async () => (await secrets()).some((uid) => uid !== gone));
    await until('a drift counted', RESTORED_MS, async () => (await drifts('Secret')) > before);
    const answer = await tenant.call('steady');
    expect([answer.status, answer.json().greeting]).toEqual([200, 'v1']);
  }, 240_000);

  it('traffic of the Knative Service that is edited by hand is set again, and counted', async () => {
    const before = await drifts('Service');
    const edited = { spec: { traffic: [{ latestRevision: true, percent: 100 }] } };
    await kubectl(
      ...['patch', 'services.serving.knative.dev', 'steady', '-n', namespace],
      ...['--type', 'merge', '-p', JSON.stringify(edited)],
    );
    await until('a drift counted', RESTORED_MS, async () => (await drifts('Service')) > before);
    const { spec } = await kubeGet<{ spec: { traffic: { revisionName?: string }[] } }>(
      ...(['services.serving.knative.dev', 'steady', '-n', namespace] as const),
    );
    expect(spec.traffic.map(({ revisionName }) => revisionName)).toEqual(['steady-00001']);
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
    await until('the policy', RESTORED_MS, () => isThere('networkpolicy', 'towpath-deny'));
    expect(await isThere('configmap', 'mine')).toBe(true);
  }, 60_000);

  it('a copy of a service under another name is nobody’s of ours: its revision stays, and outlives the service', async () => {
    const there = await kubeGet<CopiedService>('services.serving.knative.dev', 'steady', '-n', namespace);
    const { spec } = there.spec.template;
    const { labels, annotations } = there.spec.template.metadata;
    await applyObject({
      ...{ apiVersion: 'serving.knative.dev/v1', kind: 'Service' },
      metadata: { name: 'copy', namespace, labels: there.metadata.labels },
      spec: { template: { metadata: { labels, annotations }, spec } },
    });
    const copies = (): Promise<string[]> => copiesIn(namespace);
    const made = await until('a revision of the copy', 60_000, async () => {
      const found = await copies();
      return found.length === 1 && found;
    });
    // the copy's revisions wake the agent; what it does next is seen by what it does for the service
    await kubectl('delete', 'services.serving.knative.dev', 'steady', '-n', namespace, '--wait=false');
    await until('the service again', RESTORED_MS, () => isThere('services.serving.knative.dev', 'steady'));
    expect(await copies()).toEqual(made);
    expect(await tenant.api.change('DELETE', tenant.at('steady'))).toMatchObject({ status: 'succeeded' });
    await until(
      'the service gone',
      RESTORED_MS,
      async () => !(await isThere('services.serving.knative.dev', 'steady')),
    );
    expect(await copies()).toEqual(made);
    await kubectl('delete', 'services.serving.knative.dev', 'copy', '-n', namespace);
  }, 240_000);
});
