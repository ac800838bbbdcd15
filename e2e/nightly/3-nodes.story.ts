import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { isDeepStrictEqual, promisify } from 'node:util';
import { agentCalls, agentLoad, countAgent, countAgentNoMore } from '../support/agent.load.js';
import { Api } from '../support/api.js';
import type { OperationJson, RevisionJson } from '../support/faces.js';
import { applyObject, clusterUnderTest, kubeGet, kubectl, namespaceOfService } from '../support/kubectl.js';
import type { Supply } from '../support/offered.gpus.js';
import { Tenant, platform } from '../support/tenant.js';
import { until } from '../support/until.js';

const run = promisify(execFile);
const NODES = 1000;
/** What scripts/kwok.sh gives its nodes, in turn. */
const PRODUCTS = ['NVIDIA-H100-80GB-HBM3', 'NVIDIA-A100-SXM4-80GB', 'NVIDIA-L40S', 'Tesla-T4'] as const;
const [PER_NODE, OF_CLASS] = [8, NODES / PRODUCTS.length];
const RESOURCE = 'nvidia.com/gpu';
const TAINT = { key: 'kwok.x-k8s.io/node', operator: 'Equal', value: 'fake', effect: 'NoSchedule' };
const UNIQUE = randomBytes(3).toString('hex');
const CLASSES = PRODUCTS.map((product) => `${product.toLowerCase().split('-', 2).join('-')}-${UNIQUE}`);
const [H100 = '', A100 = '', L40S = '', T4 = ''] = CLASSES;
/** Of others in the cluster, who hold GPUs. */
const OTHERS = `others-${UNIQUE}`;

/** Kubernetes takes away the taint that each has until it is ready: some nine a second, by its limit of calls. */
const COUNTED_MS = 480_000;
/** Rest is looked at for so long. */
const REST_MS = 60_000;
/** What the agent may ask of the API server more in that time, and hold more, MiB, and work more, ms, for NODES. */
const MORE = { calls: 60, rssMiB: 256, cpuMs: 6_000 };

interface Rest {
  calls: number;
  rssMiB: number;
  cpuMs: number;
}

interface Pods {
  items: { spec: { nodeName?: string } }[];
}

/** GPUs without a price are refused. */
function planOf(id: string): Record<string, unknown> {
  const time = { measure: 'gpu_time', rate: '0.0002', per: '1 s', unit: 's', quantum: '1 ms' };
  return {
    ...{ id, version: 1, name: 'GPUs', currency: 'USD', decimals: 2, effectiveFrom: '1970-01-01T00:00:00Z' },
    items: CLASSES.map((gpuClass) => ({ ...time, id: gpuClass, name: gpuClass, gpuClass })),
  };
}

describe(`${NODES} nodes with GPUs, of which only Kubernetes' own part is real`, () => {
  const { name: cluster, registry } = clusterUnderTest();
  const operator = new Api(platform().apiUrl, platform().operatorKey);
  let tenant: Tenant;
  let alone: Rest;
  const begun = new Set<string>();
  const kwok = (count: number): Promise<unknown> =>
    run('e2e/cluster/scripts/kwok.sh', [cluster, String(count)], { timeout: 600_000 });

  beforeAll(async () => {
    tenant = await Tenant.create('nodes');
    await tenant.api.ok('POST', `/v1/projects/${tenant.project}/secrets`, {
      name: 'registry',
      value: `${registry.username}:${registry.password}`,
    });
    for (const [at, product] of PRODUCTS.entries())
      await operator.ok('POST', '/v1/gpu-classes', {
        ...{ name: CLASSES[at], resource: RESOURCE, tolerations: [TAINT] },
        nodeLabels: [{ name: 'nvidia.com/gpu.product', value: product }],
      });
    const plan = `nodes-${UNIQUE}`;
    await operator.ok('POST', '/v1/price-plans', { document: planOf(plan) });
    await operator.ok('PUT', `/v1/organizations/${tenant.organizationId}/billing-terms`, { plan });
    await countAgent();
    await counted('no node of the classes', CLASSES, { nodes: 0, perNode: 0, total: 0, taken: 0 });
    alone = await rest();
    await kwok(NODES);
  }, 900_000);
  // the next story finds the cluster as it was
  afterAll(async () => {
    try {
      for (const name of begun) await tenant.api.change('DELETE', tenant.at(name));
    } finally {
      await kubectl('delete', 'namespace', OTHERS, '--ignore-not-found');
      await kwok(0);
      await countAgentNoMore();
    }
    for (const name of CLASSES) await operator.ok('DELETE', `/v1/gpu-classes/${name}`);
    const { items } = await kubeGet<{ items: { metadata: { name: string } }[] }>('nodes');
    expect(items.map(({ metadata }) => metadata.name)).toEqual([cluster]);
  }, 900_000);

  const all = { nodes: OF_CLASS, perNode: PER_NODE, total: OF_CLASS * PER_NODE };

  it('are counted by class', async () => {
    await counted('all nodes, all free', CLASSES, { ...all, taken: 0 });
  }, 500_000);

  it('cost the agent little at rest', async () => {
    const among = await rest();
    console.log(`at rest, ${REST_MS / 1000} s: without them ${told(alone)}; with them ${told(among)}`);
    expect(among.calls).toBeLessThan(alone.calls + MORE.calls);
    expect(among.rssMiB).toBeLessThan(alone.rssMiB + MORE.rssMiB);
    expect(among.cpuMs).toBeLessThan(alone.cpuMs + MORE.cpuMs);
  }, 300_000);

  it('an instance goes to a node of its class', async () => {
    const some = { a100: A100, l40s: L40S, t4: T4 };
    const operations = await Promise.all(
      Object.entries(some).map(([name, gpuClass]) => begin(name, gpuClass)),
    );
    await Promise.all(Object.entries(some).map(([name, gpuClass]) => landed(name, gpuClass)));
    for (const { id } of operations) {
      const { status, steps } = await tenant.api.ok<OperationJson>('GET', `/v1/operations/${id}`);
      // nothing answers there: whether that is told as served is Knative's word, that it failed is nobody's
      console.log(status, steps.map(({ name, message }) => `${name}: ${message}`).join(' '));
      expect(status).not.toBe('failed');
    }
  }, 300_000);

  it('GPUs are counted against the quotas of the project and of the organization', async () => {
    const namespace = await namespaceOfService((await tenant.service('t4')).id);
    await until('three are used of what the project may hold', 60_000, async () => {
      const { status } = await kubeGet<{ status: { used: Record<string, string> } }>(
        ...(['resourcequota', 'towpath', '-n', namespace] as const),
      );
      return status.used[`requests.${RESOURCE}`] === '3';
    });
    const { id } = await begin('large', T4, PER_NODE);
    const ended = await until('more than the project may hold is refused', 240_000, async () => {
      const operation = await tenant.api.ok<OperationJson>('GET', `/v1/operations/${id}`);
      return operation.status !== 'running' && operation.status !== 'pending' && operation;
    });
    expect(ended.error?.violations?.[0]?.message).toBe('QuotaExceeded');
    const quota = `/v1/organizations/${tenant.organizationId}/quota`;
    await operator.ok('PUT', quota, { gpus: 1 });
    const refused = await tenant.api.request<OperationJson['error']>(
      ...(['POST', `/v1/projects/${tenant.project}/services`, bodyOf('over', T4)] as const),
    );
    expect(refused.status).toBe(409);
    await operator.ok('PUT', quota, { gpus: null });
  }, 300_000);

  it('of a full class: who comes waits and is told how many do, others go on', async () => {
    await hold(H100);
    await counted('all taken', [H100], { ...all, taken: all.total });
    await begin('first', H100);
    await begin('second', H100);
    await until('one of them is told of both', 240_000, async () => {
      const both = await Promise.all(['first', 'second'].map(ready));
      return (
        both.every((one) => one?.reason === 'GpusTaken') &&
        both.some((one) =>
          one?.message.includes(`(0 of ${all.total} free); it waits for one. 2 instances wait for one`),
        )
      );
    });
    await begin('other', A100);
    await landed('other', A100);
    for (const name of ['first', 'second']) expect(await nodesOf(name)).toEqual([]);
    await kubectl('scale', 'deployment', 'holds', '-n', OTHERS, `--replicas=${OF_CLASS - 1}`);
    for (const name of ['first', 'second']) await landed(name, H100);
  }, 1_500_000);

  const bodyOf = (name: string, gpuClass: string, gpus = 1): object => {
    const template = {
      ...{ image: `${registry.address}/runtime/node:local`, pullSecret: { name: 'registry' } },
      resources: { cpuMillis: 250, memoryMiB: 128, gpus, gpuClass },
    };
    return { name, access: 'public', template };
  };
  const begin = async (name: string, gpuClass: string, gpus = 1): Promise<OperationJson> => {
    const body = bodyOf(name, gpuClass, gpus);
    const began = await tenant.api.ok<OperationJson>('POST', `/v1/projects/${tenant.project}/services`, body);
    begun.add(name);
    return began;
  };
  const ready = async (name: string): Promise<RevisionJson['status']['conditions'][number] | undefined> =>
    (await tenant.revisions(name))[0]?.status.conditions.find(({ type }) => type === 'Ready');

  /** Where its instances are. */
  const nodesOf = async (name: string): Promise<string[]> => {
    const { id } = await tenant.service(name);
    const { items } = await kubeGet<Pods>(
      ...(['pods', '--all-namespaces', '-l', `towpath.dev/service=${id.replace('_', '-')}`] as const),
    );
    return items.flatMap(({ spec }) => spec.nodeName ?? []);
  };

  const landed = async (name: string, gpuClass: string): Promise<void> => {
    const [node = ''] = await until(`an instance of ${name} has a node`, 240_000, async () => {
      const nodes = await nodesOf(name);
      return nodes.length > 0 && nodes;
    });
    const { metadata } = await kubeGet<{ metadata: { labels: Record<string, string> } }>('node', node);
    expect(metadata.labels['nvidia.com/gpu.product']).toBe(PRODUCTS[CLASSES.indexOf(gpuClass)]);
  };

  /** Somebody else takes all GPUs of a class. */
  const hold = async (gpuClass: string): Promise<void> => {
    await kubectl('create', 'namespace', OTHERS);
    const labels = { app: 'holds' };
    const limits = { [RESOURCE]: String(PER_NODE) };
    await applyObject({
      ...{ apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'holds', namespace: OTHERS } },
      spec: {
        ...{ replicas: OF_CLASS, selector: { matchLabels: labels } },
        template: {
          metadata: { labels },
          spec: {
            nodeSelector: { 'nvidia.com/gpu.product': PRODUCTS[CLASSES.indexOf(gpuClass)] },
            tolerations: [TAINT],
            containers: [{ name: 'holds', image: 'registry.example/holds', resources: { limits } }],
          },
        },
      },
    });
  };

  /** What the operator is told that the cluster has of these classes. */
  const counted = (
    what: string,
    classes: readonly string[],
    { total, taken, ...nodes }: Pick<Supply, 'nodes' | 'perNode' | 'total' | 'taken'>,
  ): Promise<unknown> => {
    const free = total - taken;
    const said = { ...nodes, total, taken, free, freePerNode: free === 0 ? 0 : PER_NODE };
    return until(what, COUNTED_MS, async () => {
      const { items } = await operator.ok<{ items: { gpuSupply?: Supply[] }[] }>('GET', '/v1/clusters');
      const found = items.flatMap(({ gpuSupply = [] }) => gpuSupply);
      return classes.every((gpuClass) => {
        const { gpuClass: _name, ...one } = found.find((supply) => supply.gpuClass === gpuClass) ?? {};
        return isDeepStrictEqual(one, said);
      });
    });
  };

  /** What the agent asked, worked and held while nothing happened. */
  const rest = async (): Promise<Rest> => {
    const [before, { cpuMs: worked }] = [await agentCalls(), agentLoad()];
    if (before === 0) throw new Error('the API server counts nothing of the agent');
    await new Promise((resolve) => setTimeout(resolve, REST_MS));
    const { rssMiB, cpuMs } = agentLoad();
    return { calls: (await agentCalls()) - before, rssMiB, cpuMs: cpuMs - worked };
  };

  const told = ({ calls, rssMiB, cpuMs }: Rest): string =>
    `${calls} API calls, ${(cpuMs / 1000).toFixed(1)} s of CPU, ${rssMiB.toFixed(0)} MiB`;
});
