import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import type { OfferedGpus } from '#libs/domain';
import { KubeClient, KubeConnection } from '#libs/kube';
import { createLogger } from '#libs/process';
import { FakeHttp, SteppedClock, kubeconfigOf, until, type FakeReply, type SeenRequest } from '#libs/testing';
import { GpuCounter } from './gpu.counter.js';

const GPU = 'nvidia.com/gpu';
const l4: OfferedGpus = { name: 'l4', resource: GPU, nodeLabels: { pool: 'l4' }, tolerations: [] };
const NODE = {
  metadata: { name: 'a', labels: { pool: 'l4' } },
  status: { allocatable: { [GPU]: '4' }, conditions: [{ type: 'Ready', status: 'True' }] },
};
const PLAIN = { metadata: { name: 'q', resourceVersion: '1' }, spec: { nodeName: 'a', containers: [{}] } };
const holding = (name: string, gpus: string, resourceVersion: string): object => ({
  metadata: { name, resourceVersion },
  spec: { nodeName: 'a', containers: [{ resources: { requests: { [GPU]: gpus } } }] },
});

describe('the count of GPUs in a cluster', () => {
  let http: FakeHttp;
  let connection: KubeConnection;
  let counter: GpuCounter;
  let remove: () => void;
  let refuses: number | undefined;
  let watch: ServerResponse | undefined;
  /** Pods come in two pages. */
  const answer = ({ path, query }: SeenRequest): FakeReply => {
    if (refuses !== undefined) return { status: refuses, body: { kind: 'Status', code: refuses } };
    const metadata = { resourceVersion: '1' };
    if (path.endsWith('/nodes')) return { body: { items: [NODE], metadata } };
    if (query.has('continue')) return { body: { items: [holding('p', '1', '1')], metadata } };
    if (!query.has('watch')) return { body: { items: [PLAIN], metadata: { ...metadata, continue: 'more' } } };
    return async (response) => {
      watch = response.writeHead(200, { 'content-type': 'application/json' });
      response.flushHeaders();
      await once(response, 'close');
    };
  };
  const asked = (what: string): SeenRequest[] => http.asked('GET', `/api/v1/${what}`);

  beforeEach(async () => {
    refuses = undefined;
    watch = undefined;
    http = await FakeHttp.start(answer);
    const { file, remove: drop } = kubeconfigOf(http.url);
    remove = drop;
    connection = await KubeConnection.open(file);
    counter = new GpuCounter({
      client: new KubeClient(connection),
      isWaitedFor: () => false,
      clock: new SteppedClock(),
      logger: createLogger('counter', 'silent'),
    });
  });
  afterEach(async () => {
    await counter.stop();
    await connection.close();
    await http.close();
    remove();
  });

  it('is made once the classes are told, of pods that hold something', async () => {
    expect(counter.supply()).toBeUndefined();
    counter.count([l4]);
    const said = { gpuClass: 'l4', nodes: 1, perNode: 4, total: 4, taken: 1, freePerNode: 3 };
    expect(await until(() => counter.supply())).toEqual([said]);
    expect(asked('nodes')[0]?.query.get('labelSelector')).toBe('pool in (l4)');
    expect(asked('pods')[0]?.query.get('fieldSelector')).toBe(
      'spec.nodeName!=,status.phase!=Succeeded,status.phase!=Failed',
    );
  });

  it('follows pods instead of listing them again', async () => {
    counter.count([l4]);
    await until(() => counter.supply());
    await until(() => watch);
    for (const object of [
      holding('r', '2', '2'),
      { ...PLAIN, metadata: { name: 's', resourceVersion: '3' } },
    ])
      watch?.write(`${JSON.stringify({ type: 'ADDED', object })}\n`);
    let times = 0;
    await until(() => {
      // as of other classes, which are counted at once
      counter.count([{ ...l4, name: `l4-${(times += 1)}` }]);
      return counter.supply()?.[0]?.taken === 3;
    });
    expect(asked('pods').filter(({ query }) => !query.has('watch'))).toHaveLength(2);
  });

  it('asks for no pod where no node has such GPUs', async () => {
    counter.count([{ ...l4, nodeLabels: { pool: 'h100' } }]);
    expect(await until(() => counter.supply())).toMatchObject([{ gpuClass: 'l4', nodes: 0 }]);
    expect(asked('pods')).toEqual([]);
  });

  it('is made again of other classes, and of none there is none', async () => {
    counter.count([l4]);
    await until(() => counter.supply());
    const before = asked('nodes').length;
    counter.count([l4]);
    counter.count([l4, { ...l4, name: 'again' }]);
    await until(() => counter.supply()?.length === 2);
    expect(asked('nodes')).toHaveLength(before + 1);
    counter.count([]);
    await until(() => counter.supply() === undefined);
  });

  it('is not known where nodes may not be listed', async () => {
    counter.count([l4]);
    await until(() => counter.supply());
    refuses = 403;
    counter.count([{ ...l4, name: 'h100' }]);
    await until(() => counter.supply() === undefined);
  });
});
