import { LIVE_MS, chooseBuilder, isLive } from './cluster.rules.js';
import { JOIN_TOKEN_BYTES, formatJoinToken, isJoinToken } from './join-token.js';
import { clusterConditions } from './cluster.lifecycle.js';
import type { Cluster, ClusterFacts, GpuSupply } from './cluster.types.js';
import { hasGpus, lacksGpus, type OfferedGpus } from './gpu-class.js';

const cluster = (id: Cluster['id'], more: Partial<Cluster> = {}): Cluster => ({
  id,
  name: id,
  provider: 'p',
  region: 'r',
  zone: 'z',
  runtime: 'local',
  gpuClasses: [],
  capabilities: ['builder'],
  door: { host: 'h', port: 1 },
  joinedAt: 0,
  lastSeenAt: 1_000,
  createdAt: 0,
  version: 1,
  ...more,
});

describe('clusters', () => {
  it('answers until it was silent for LIVE_MS', () => {
    expect([isLive(1, LIVE_MS), isLive(0, LIVE_MS), isLive(undefined, 0)]).toEqual([true, false, false]);
  });

  it('lets the first builder that answers build', () => {
    const clusters = [
      cluster('cls_3'),
      cluster('cls_2', { capabilities: [] }),
      cluster('cls_1', { lastSeenAt: -LIVE_MS }),
    ];
    expect(chooseBuilder(clusters, 1_000)).toBe('cls_3');
    expect(chooseBuilder(clusters.slice(1), 1_000)).toBeUndefined();
    const waiting = clusters.map((one) => ({ ...one, waitingSince: 1_000 }));
    expect(chooseBuilder(waiting, 1_000)).toBeUndefined();
  });
});

describe('conditions of a cluster', () => {
  const { lastSeenAt: _seen, joinedAt: _joined, ...made } = cluster('cls_1');
  it.each<[string, Cluster, string]>([
    ['one that was made', made, 'Joined false NoAgent, Answers unknown NeverHeard, TakesServices true Open'],
    [
      'one that answers',
      cluster('cls_1'),
      'Joined true AgentJoined, Answers true Heard, TakesServices true Open',
    ],
    [
      'one that is silent',
      cluster('cls_1', { lastSeenAt: 1_000 - LIVE_MS }),
      'Joined true AgentJoined, Answers false Silent, TakesServices true Open',
    ],
    [
      'one that is cordoned',
      cluster('cls_1', { cordonedAt: 7 }),
      'Joined true AgentJoined, Answers true Heard, TakesServices false Cordoned',
    ],
    [
      'one that is being drained',
      cluster('cls_1', { cordonedAt: 7, drainingAt: 7, drainTotal: 3 }),
      'Joined true AgentJoined, Answers true Heard, TakesServices false Cordoned, Drained unknown Draining',
    ],
    [
      'one whose agent found something',
      cluster('cls_1', {
        found: {
          conditions: [{ type: 'Knative', status: 'true', reason: 'Known', message: 'm', changedAt: 0 }],
          gpus: [],
        },
      }),
      'Joined true AgentJoined, Answers true Heard, TakesServices true Open, Knative true Known',
    ],
  ])('say of %s what is true', (_what, one, expected) => {
    const conditions = clusterConditions(one, 1_000);
    expect(conditions.map(({ type, status, reason }) => `${type} ${status} ${reason}`).join(', ')).toBe(
      expected,
    );
    for (const { status, nextStep } of conditions) expect(nextStep !== undefined).toBe(status === 'false');
  });
});

it('counts what is left in a cluster that is drained', () => {
  const draining = cluster('cls_1', { cordonedAt: 7, drainingAt: 7, drainTotal: 3 });
  const said = [2, 0].map((left) => clusterConditions(draining, 1_000, left).at(-1));
  expect(said).toMatchObject([
    { status: 'unknown', message: '2 are left; it held 3 when that began.' },
    { status: 'true', reason: 'Empty' },
  ]);
});

describe('join tokens', () => {
  it('has a form that can be told from noise', () => {
    const token = formatJoinToken(new Uint8Array(JOIN_TOKEN_BYTES).fill(10));
    expect(token).toBe(`towj_${'0a'.repeat(32)}`);
    expect([isJoinToken(token), isJoinToken(token, 'towr_'), isJoinToken(`${token}0`)]).toEqual([
      true,
      false,
      false,
    ]);
    expect(() => formatJoinToken(new Uint8Array(31))).toThrow(RangeError);
  });
});

describe('GPUs of a class in a cluster', () => {
  const l4 = {
    ...{ name: 'l4', resource: 'nvidia.com/gpu', tolerations: [] },
    nodeLabels: { 'nvidia.com/gpu.product': 'L4' },
  };
  const pool = { ...l4, nodeLabels: { pool: 'l4' } };
  const amd = { ...l4, resource: 'amd.com/gpu' };
  const condition = { type: 'Gpus', status: 'true', reason: 'Counted', message: 'm', changedAt: 0 } as const;
  const facts = { conditions: [condition], gpus: [{ product: 'A100', nodes: 1, count: 8 }] };
  const supply = (nodes: number): GpuSupply => ({
    ...{ gpuClass: 'l4', nodes, perNode: 4, total: 0, taken: 0, freePerNode: 0 },
  });
  it.each<[string, ClusterFacts | undefined, OfferedGpus, 'has' | 'lacks' | 'may have']>([
    ['before a look', undefined, l4, 'may have'],
    ['by product', facts, l4, 'lacks'],
    ['of a class without a product', facts, pool, 'has'],
    ['of another resource', facts, amd, 'may have'],
    ['counted by class, also where all its nodes are away', { ...facts, supply: [supply(1)] }, l4, 'has'],
    ['counted by class, of any label', { ...facts, supply: [supply(0)] }, pool, 'lacks'],
    ['counted by class, of any resource', { ...facts, supply: [supply(0)] }, amd, 'lacks'],
    ['counted before the class was told', { ...facts, supply: [] }, amd, 'may have'],
  ])('%s', (_what, found, gpuClass, expected) => {
    const one = cluster('cls_1', found === undefined ? {} : { found });
    const said = [hasGpus(one, gpuClass) && 'has', lacksGpus(one, gpuClass) && 'lacks'].find(Boolean);
    expect(said ?? 'may have').toBe(expected);
  });

  it('has them where a node has enough for an instance, as far as is known', () => {
    const counted = cluster('cls_1', { found: { ...facts, supply: [supply(1)] } });
    expect([4, 5].map((gpus) => hasGpus(counted, l4, gpus))).toEqual([true, false]);
    expect(hasGpus(cluster('cls_1', { found: facts }), pool, 16)).toBe(true);
  });
});
