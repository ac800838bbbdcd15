import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Api } from '../../support/api.js';
import { emptyAndRemove } from '../../support/emptying.js';
import type { ClusterJson } from '../../support/faces.js';
import { Joined } from '../../support/joining.js';
import { clusterUnderTest, kubectlOf, type RealCluster } from '../../support/kubectl.js';
import type { Where } from '../../support/lanes.js';
import { exportPlain, servesPlain, withoutTowpath } from '../../support/plain.knative.js';
import { signal } from '../../support/processes.js';
import { Tenant, platform } from '../../support/tenant.js';
import { until } from '../../support/until.js';

/** The second cluster, and its region, by their name in the platform. */
const CLUSTER = 'local-2';
/** Its agent, and the folder of that. */
const AGENT = 'agent-2';
const SERVICES = ['one', 'two'];
const PLAIN = 'plain';
/** What `tow clusters join` says itself. */
const OWN = /^TOWPATH_(PORT|DATA_DIR|BLOBS_DIR|CLUSTER|JOIN_.*|RUNTIME|KUBECONFIG)$/;

describe('a real cluster that leaves and joins again', () => {
  const at = platform();
  const operator = new Api(at.apiUrl, at.operatorKey);
  const { second, ...first } = clusterUnderTest();
  const clusterOf = ({ address = '' }: Where): string | undefined =>
    [first, second].find(({ pods }: RealCluster) => address.startsWith(pods.replace(/0\.0\/16$/, '')))?.name;
  const folder = mkdtempSync(path.join(tmpdir(), 'towpath-leave-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  let tenant: Tenant;
  let joined: Joined | undefined;
  /** The agent before, which stands still: the platform would start an ended one again at once. */
  let before = 0;
  beforeAll(async () => {
    tenant = await Tenant.create('leave');
  });
  // the next stories find both joined, the platform's own agent there, and nothing in them that does not end already
  afterAll(async () => {
    const began = Date.now();
    await joined?.end();
    const endedAt = Date.now();
    signal(before, 'SIGKILL');
    await until('another agent', 60_000, () => Promise.resolve(at.pids()[AGENT] !== before));
    await isWell();
    const wellAt = Date.now();
    await Promise.all([...SERVICES, 'stays', PLAIN].map((name) => tenant.api.ok('DELETE', tenant.at(name))));
    for (const cluster of [first, second])
      await until(`an end of all in ${cluster.name}`, 120_000, () => allEnd(cluster));
    console.log(
      `handed back: its agent ended in ${endedAt - began} ms, another was well after ${wellAt - endedAt} ms, all ends after ${Date.now() - wellAt} ms`,
    );
  }, 300_000);

  const isWell = (): Promise<unknown> =>
    until('it is well', 90_000, async () => {
      const { conditions } = await operator.ok<ClusterJson>('GET', `/v1/clusters/${CLUSTER}`);
      const open = conditions.filter(({ status }) => status === 'false' || status === 'unknown');
      if (open.some(({ type }) => ['Joined', 'Answers', 'TakesServices'].includes(type)))
        throw new Error(JSON.stringify(open));
      return true;
    });

  it('is drained under load without a failed request, tells what waits and why; then it is removed', async () => {
    const emptying = { cluster: CLUSTER, clusterOf, answersAs: second.name, services: SERVICES };
    console.log(await emptyAndRemove(tenant, emptying));
  }, 300_000);

  it('then serves what is exported from Towpath, of which nothing is left in it', async () => {
    before = at.pids()[AGENT] ?? 0;
    signal(before, 'SIGSTOP');
    await withoutTowpath(second);
    const file = path.join(folder, 'plain.yaml');
    await exportPlain(tenant, PLAIN, file);
    await servesPlain(second, tenant, PLAIN, file);
  }, 300_000);

  it('joins by a token beside its kubeconfig, and serves what is placed there again', async () => {
    const settings = environmentOf(before);
    rmSync(path.join(at.dataDir, AGENT), { recursive: true });
    await operator.ok('POST', '/v1/clusters', { name: CLUSTER, region: CLUSTER, runtime: 'knative' });
    const { token } = await operator.ok<{ token: string }>('POST', `/v1/clusters/${CLUSTER}/join-tokens`, {});
    const { TOWPATH_KUBECONFIG: kubeconfig = '' } = settings;
    const env = Object.fromEntries(Object.entries(settings).filter(([name]) => !OWN.test(name)));
    joined = Joined.begin(at, CLUSTER, { folder: AGENT, token, kubeconfig, env });
    await joined.works();
    await isWell();
    const [one = ''] = SERVICES;
    const moved = await tenant.api.change('PATCH', tenant.at(one), { regions: [CLUSTER] });
    expect(moved.status).toBe('succeeded');
    await until(`an answer of ${second.name}`, 60_000, async () => {
      const { status, text } = await tenant.call(one);
      if (status !== 200) throw new Error(`${status} ${text}`);
      return clusterOf(JSON.parse(text) as Where) === second.name;
    });
  }, 300_000);
});

function environmentOf(pid: number): Record<string, string> {
  const pairs = readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0').filter(Boolean);
  const apart = (pair: string, at: number): [string, string] => [pair.slice(0, at), pair.slice(at + 1)];
  return Object.fromEntries(pairs.map((pair) => apart(pair, pair.indexOf('='))));
}

/** Whether nothing of services is there but what is being deleted: instances may take their half minute. */
async function allEnd(cluster: RealCluster): Promise<boolean> {
  const { items } = JSON.parse(
    await kubectlOf(cluster, 'get', 'services.serving.knative.dev', '-A', '-o', 'json'),
  ) as { items: { metadata: { deletionTimestamp?: string } }[] };
  return items.every(({ metadata }) => metadata.deletionTimestamp !== undefined);
}
