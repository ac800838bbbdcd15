import path from 'node:path';
import { AgentPod } from '../../support/agent.pod.js';
import { Api } from '../../support/api.js';
import type { ClusterJson, List } from '../../support/faces.js';
import { Faults } from '../../support/faults.js';
import { securePort, switchInternalTls } from '../../support/internal.tls.js';
import { clusterUnderTest, kubeGet, kubectl, namespaceOfService } from '../../support/kubectl.js';
import { Relay } from '../../support/relay.js';
import { Tenant, platform } from '../../support/tenant.js';
import { Traffic } from '../../support/traffic.js';
import { until } from '../../support/until.js';

const NAME = 'inside';
const RIGHTS = path.join(import.meta.dirname, '../../../deploy/agent/rights.yaml');
const PROGRAM = `process.on('SIGTERM', () => process.exit());
require('node:http').createServer((_q, r) => r.end('from ' + process.env.K_REVISION)).listen(process.env.PORT)`;
/** What a pod is told of itself by its token. */
const WHO = `const t = require('node:fs').readFileSync('/var/run/secrets/kubernetes.io/serviceaccount/token', 'utf8');
console.log(Buffer.from(t.split('.')[1], 'base64url').toString())`;

interface Rights {
  kind: string;
  metadata: { name: string; namespace?: string };
  rules?: object[];
  subjects?: { kind: string; name: string; namespace?: string }[];
  roleRef?: { kind: string; name: string };
}

describe('an agent that runs as a pod of its cluster', () => {
  const at = platform();
  const operator = new Api(at.apiUrl, at.operatorKey);
  const { registry, machine } = clusterUnderTest();
  const relays: Relay[] = [];
  let agent: AgentPod | undefined;
  let tenant: Tenant;
  let clusterId: string;

  beforeAll(async () => {
    const { ports } = new Faults(at).run;
    const address = async (name: string): Promise<string> => {
      const relay = await Relay.at(machine, ports[name] ?? 0);
      relays.push(relay);
      return relay.address;
    };
    const made = { name: NAME, region: NAME, provider: 'local', runtime: 'knative' };
    clusterId = (await operator.ok<{ id: string }>('POST', '/v1/clusters', made)).id;
    const { token } = await operator.ok<{ token: string }>('POST', `/v1/clusters/${NAME}/join-tokens`, {});
    const settings = {
      TOWPATH_CLUSTER: NAME,
      TOWPATH_JOIN_URL: `http://${await address('identity')}`,
      TOWPATH_NATS_URL: `nats://${await address('nats')}`,
      TOWPATH_SCALE_WINDOW_SECONDS: '6',
    };
    agent = await AgentPod.apply(settings, token);
    tenant = await Tenant.create(NAME);
    await tenant.api.ok('POST', `/v1/projects/${tenant.project}/secrets`, {
      name: 'registry',
      value: `${registry.username}:${registry.password}`,
    });
  }, 120_000);
  // the next platform finds the cluster empty
  afterAll(async () => {
    try {
      await tenant.api.change('DELETE', tenant.at('web'));
    } finally {
      await agent?.remove();
      await Promise.all(relays.map((relay) => relay.close()));
    }
  }, 240_000);

  const template = (greeting: string): Record<string, unknown> => ({
    image: `${registry.address}/runtime/node:local`,
    pullSecret: { name: 'registry' },
    command: ['node', '-e', PROGRAM],
    env: [{ name: 'GREETING', value: greeting }],
  });
  const joined = (): Promise<ClusterJson> =>
    until('its cluster to take services', 60_000, async () => {
      const { items } = await operator.ok<List<ClusterJson>>('GET', '/v1/clusters');
      const found = items.find(({ name }) => name === NAME);
      const open = found?.conditions.filter(({ status }) => status !== 'true') ?? [];
      if (open.length > 0) throw new Error(JSON.stringify(open));
      return found?.joinedAt !== undefined && found;
    });

  it('joins by deploy/agent, and what is deployed there answers', async () => {
    await podOf(agent).ready();
    expect(await joined()).toMatchObject({ id: clusterId });
    const made = { name: 'web', access: 'public', regions: [NAME], template: template('one') };
    const operation = await tenant.api.change('POST', `/v1/projects/${tenant.project}/services`, made);
    expect(operation).toMatchObject({ status: 'succeeded' });
    expect((await tenant.call('web')).text).toBe('from web-00001');
  }, 280_000);

  it('has the rights that deploy/agent lists, and no others', async () => {
    const pod = await podOf(agent).ready();
    const who = JSON.parse(await podOf(agent).run(pod, WHO)) as { sub: string };
    expect(who.sub).toBe('system:serviceaccount:towpath-system:towpath-agent');
    const listed = (await kubectl('create', '--dry-run=client', '-o', 'json', '-f', RIGHTS)).trim();
    const wanted = JSON.parse(`[${listed.replaceAll(/\}\s*\{/g, '},{')}]`) as Rights[];
    const account = { kind: 'ServiceAccount', name: 'towpath-agent', namespace: 'towpath-system' };
    const { items } = await kubeGet<{ items: Rights[] }>('clusterrolebindings,rolebindings', '-A');
    const isOwn = ({ subjects = [] }: Rights): boolean =>
      subjects.some(({ kind, name }) => kind === account.kind && name === account.name);
    const short = ({ kind, metadata: { name, namespace }, roleRef }: Rights): object => ({
      ...{ kind, name, namespace, role: [roleRef?.kind, roleRef?.name] },
    });
    const bound = (all: Rights[]): object[] => all.filter(isOwn).map(short);
    expect(bound(items)).toHaveLength(5);
    expect(bound(items)).toEqual(expect.arrayContaining(bound(wanted)));
    const roles = (all: Rights[]): string[] =>
      all
        .filter(({ kind, metadata }) => kind.endsWith('Role') && metadata.name === account.name)
        .map(({ kind, metadata, rules }) => JSON.stringify([kind, metadata.namespace, rules]))
        .sort();
    const there = await kubeGet<{ items: Rights[] }>('clusterroles,roles', '-A');
    expect(roles(there.items)).toEqual(roles(wanted));
  }, 60_000);

  it('is the same cluster when its pod comes back, and goes on', async () => {
    const traffic = new Traffic([tenant], ['web']);
    await podOf(agent).anew();
    await traffic.stop();
    expect(traffic.failed).toEqual([]);
    const operation = await tenant.api.change('PATCH', tenant.at('web'), { template: template('two') });
    expect(operation).toMatchObject({ status: 'succeeded' });
    expect((await tenant.call('web')).text).toBe('from web-00002');
    expect(await joined()).toMatchObject({ id: clusterId });
  }, 280_000);

  it('says that Knative encrypts what goes inside, and its services serve so, from zero too', async () => {
    const reasonOf = async (): Promise<string | undefined> =>
      (await joined()).conditions.find(({ type }) => type === 'InternalTls')?.reason;
    expect(await reasonOf()).toBe('Plain');
    await switchInternalTls('on');
    try {
      // it looks when it starts
      await podOf(agent).anew();
      await until('the condition', 60_000, async () => (await reasonOf()) === 'Encrypted');
      await until('web sleeps', 120_000, async () =>
        (await tenant.revisions('web')).every(({ status }) => status.instances === 0),
      );
      expect((await tenant.call('web')).text).toBe('from web-00002');
      const namespace = await namespaceOfService((await tenant.service('web')).id);
      const { names, issuer, open } = await securePort(namespace);
      expect(names).toContain(`DNS:kn-user-${namespace}`);
      expect(issuer).toBe('knative.dev');
      expect(open).toBeGreaterThan(0);
    } finally {
      await switchInternalTls('off');
    }
    await until('an answer in plain again', 60_000, async () => (await tenant.call('web')).status === 200);
  }, 500_000);
});

function podOf(agent: AgentPod | undefined): AgentPod {
  if (agent === undefined) throw new Error('the agent was not applied');
  return agent;
}
