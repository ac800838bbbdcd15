import fc from 'fast-check';
import type { Cluster, GpuPool } from '../cluster/cluster.types.js';
import type { GpuClass } from '../cluster/gpu-class.js';
import type { Condition } from '../condition.js';
import { PATIENCE_MS, place, regionsWithout, stableHash, type PlacementNeed } from './placement.rules.js';
import { mayRemoveDerived } from './removal-guard.js';

const REGIONS = ['east', 'north', 'west'];
const NOW = Date.UTC(2026, 0, 1);
const SERVICE = 'svc_00000000000000000001' as const;
const cluster = (name: string, more: Partial<Cluster> = {}): Cluster => ({
  id: `cls_${name}`,
  name,
  provider: 'p',
  region: 'r',
  zone: 'z',
  runtime: 'local',
  gpuClasses: [],
  capabilities: [],
  door: { host: '127.0.0.1', port: 1 },
  joinedAt: NOW,
  lastSeenAt: NOW,
  createdAt: NOW,
  version: 1,
  ...more,
});
const l4: GpuClass = {
  ...{ id: 'gpc_0', name: 'l4', resource: 'nvidia.com/gpu', tolerations: [], createdAt: 0 },
  nodeLabels: { 'nvidia.com/gpu.product': 'NVIDIA-L4' },
};
/** A cluster whose nodes were looked at. */
const counted = (name: string, gpus: GpuPool[], status: Condition['status'] = 'true'): Cluster => {
  const look = { type: 'Gpus', status, reason: 'r', message: 'm', changedAt: 0 };
  return cluster(name, { found: { conditions: [look], gpus } });
};
const { joinedAt: _joined, ...unjoined } = cluster('new');

describe('place', () => {
  const need = { serviceId: SERVICE, regions: [] as string[], present: [] as Cluster['id'][] };
  const silent = NOW - PATIENCE_MS;

  it.each<
    [
      string,
      Partial<typeof need> & Pick<PlacementNeed, 'gpuClasses' | 'gpusServed' | 'runtime'>,
      Cluster[],
      string[],
      RegExp,
    ]
  >([
    ['nothing to choose from', {}, [], [], /^$/],
    ['the only one', {}, [cluster('a')], ['cls_a'], /answers and fits/],
    ['one that never joined', {}, [unjoined], [], /no agent has joined/],
    ['another runtime', { runtime: 'knative' }, [cluster('a')], [], /runtime is local.*built for knative/],
    ['a silent one', {}, [cluster('a', { lastSeenAt: silent })], [], /does not answer/],
    [
      'what holds it',
      { present: ['cls_b'] },
      [cluster('a'), cluster('b')],
      ['cls_b'],
      /holds the service and answers/,
    ],
    [
      'what holds it and blinked',
      { present: ['cls_b'] },
      [cluster('a'), cluster('b', { lastSeenAt: silent + 1 })],
      ['cls_b'],
      /does not answer now/,
    ],
    [
      'another when what holds it is gone',
      { present: ['cls_b'] },
      [cluster('a'), cluster('b', { lastSeenAt: silent })],
      ['cls_a'],
      /answers and fits/,
    ],
    [
      'GPUs where there are some of the class',
      { gpuClasses: [l4] },
      [
        counted('a', [{ product: 'H100', nodes: 1, count: 8 }]),
        counted('b', [{ product: 'NVIDIA-L4', nodes: 1, count: 1 }]),
      ],
      ['cls_b'],
      /fits/,
    ],
    ['GPUs nowhere', { gpuClasses: [l4] }, [counted('a', [])], [], /none of its nodes has GPUs of class l4/],
    [
      'GPUs where nodes could not be looked at',
      { gpuClasses: [l4] },
      [counted('a', [], 'unknown')],
      ['cls_a'],
      /fits/,
    ],
    [
      'GPUs of a resource that nobody counts',
      { gpuClasses: [{ ...l4, resource: 'amd.com/gpu' }] },
      [counted('a', [])],
      ['cls_a'],
      /fits/,
    ],
    [
      'what holds it and served with GPUs, although its nodes are away',
      { gpuClasses: [l4], present: ['cls_a'], gpusServed: [{ clusterId: 'cls_a', gpuClass: 'l4' }] },
      [counted('a', []), counted('b', [{ product: 'NVIDIA-L4', nodes: 1, count: 1 }])],
      ['cls_a'],
      /holds the service/,
    ],
    [
      'another when what holds it served with other GPUs and has none of the class',
      { gpuClasses: [l4], present: ['cls_a'], gpusServed: [{ clusterId: 'cls_a', gpuClass: 'h100' }] },
      [counted('a', []), counted('b', [{ product: 'NVIDIA-L4', nodes: 1, count: 1 }])],
      ['cls_b'],
      /answers and fits/,
    ],
    ['one whose agent waits', {}, [cluster('a', { waitingSince: NOW })], [], /waits for its cluster/],
    [
      'what holds it and waits for a moment',
      { present: ['cls_b'] },
      [cluster('a'), cluster('b', { waitingSince: silent + 1 })],
      ['cls_b'],
      /waits for its cluster now/,
    ],
    [
      'another when the agent of what holds it waits for long',
      { present: ['cls_b'] },
      [cluster('a'), cluster('b', { waitingSince: silent })],
      ['cls_a'],
      /answers and fits/,
    ],
    [
      'a silent holder when nothing else fits',
      { present: ['cls_b'] },
      [cluster('b', { lastSeenAt: silent })],
      ['cls_b'],
      /does not answer now/,
    ],
  ])('chooses %s', (_what, more, clusters, expected, reason) => {
    const decision = place({ ...need, ...more }, clusters, NOW);
    expect(decision.clusterIds).toEqual(expected);
    const said = decision.reasons
      .filter(({ chosen }) => chosen || expected.length === 0)
      .map((r) => r.reason);
    expect(said.join()).toMatch(reason);
  });

  it('prefers clusters known to have the GPUs to those of which nothing is known, whatever their names', () => {
    const pool = [{ product: 'NVIDIA-L4', nodes: 1, count: 1 }];
    for (const name of ['a', 'b', 'c', 'd', 'e', 'f']) {
      const clusters = ['a', 'b', 'c', 'd', 'e', 'f'].map((one) =>
        one === name ? counted(one, pool) : cluster(one),
      );
      expect(place({ ...need, gpuClasses: [l4] }, clusters, NOW).clusterIds).toEqual([`cls_${name}`]);
    }
  });

  it('puts nothing new on a cordoned cluster, and moves nothing away from it', () => {
    const [open, cordoned] = [cluster('a'), cluster('b', { cordonedAt: NOW - 1 })];
    expect(place(need, [open, cordoned], NOW).clusterIds).toEqual(['cls_a']);
    expect(place(need, [cordoned], NOW)).toMatchObject({
      clusterIds: [],
      reasons: [{ reason: 'it is cordoned: it takes no new services' }],
    });
    expect(place({ ...need, present: ['cls_b'] }, [open, cordoned], NOW).clusterIds).toEqual(['cls_b']);
  });

  it('leaves out clusters whose agent cannot do what a revision needs', () => {
    const [plain, able] = [cluster('a'), cluster('b', { capabilities: ['containers'] })];
    const containers = { ...need, capabilities: ['containers'] };
    expect(place(containers, [plain, able], NOW).clusterIds).toEqual(['cls_b']);
    expect(place(containers, [plain], NOW)).toMatchObject({
      clusterIds: [],
      reasons: [{ reason: 'its agent cannot do: containers' }],
    });
  });

  const fleet = fc
    .uniqueArray(fc.stringMatching(/^[a-z0-9]{8}$/), { minLength: 1, maxLength: 12 })
    .map((names) =>
      names.map((name) => cluster(name, { region: REGIONS[stableHash(name) % REGIONS.length] ?? '' })),
    );
  const asked = fc.uniqueArray(fc.constantFrom(...REGIONS));

  it('does not depend on the order of clusters, and gives a reason for every one', () => {
    fc.assert(
      fc.property(fleet, asked, (clusters, regions) => {
        const one = place({ ...need, regions }, clusters, NOW);
        expect(place({ ...need, regions }, clusters.toReversed(), NOW)).toEqual(one);
        expect(one.reasons.map(({ clusterId }) => clusterId).sort()).toEqual(
          clusters.map(({ id }) => id).sort(),
        );
      }),
    );
  });

  it('holds a service once in each region that was asked for, where there is a cluster, and nowhere else', () => {
    fc.assert(
      fc.property(fleet, asked, (clusters, regions) => {
        const { clusterIds } = place({ ...need, regions }, clusters, NOW);
        const held = clusterIds.map((id) => clusters.find((one) => one.id === id)?.region ?? '');
        const there = regions.filter((region) => clusters.some((one) => one.region === region));
        if (regions.length > 0) expect(held).toEqual(there);
        else expect(held).toHaveLength(1);
        expect([...held, ...regionsWithout(regions, clusterIds, clusters)].sort()).toEqual(
          regions.length > 0 ? [...regions].sort() : held,
        );
      }),
    );
  });

  it('leaves a drained cluster for another that fits in the region, and never for nothing', () => {
    fc.assert(
      fc.property(fleet, asked, fc.nat(), (clusters, regions, which) => {
        const { clusterIds: present } = place({ ...need, regions }, clusters, NOW);
        const drained = present[which % Math.max(1, present.length)];
        const draining = clusters.map((one) =>
          one.id === drained ? { ...one, cordonedAt: NOW, drainingAt: NOW } : one,
        );
        const after = place({ ...need, regions, present }, draining, NOW);
        const home = clusters.find((one) => one.id === drained);
        const others = clusters.filter(
          (one) => one !== home && (regions.length === 0 || one.region === home?.region),
        );
        const stays = drained !== undefined && after.clusterIds.includes(drained);
        expect(stays).toBe(drained !== undefined && others.length === 0);
        expect(after.clusterIds).toHaveLength(present.length);
        // what is elsewhere does not move with it
        for (const id of present) if (id !== drained) expect(after.clusterIds).toContain(id);
        const said = after.reasons.find(({ clusterId }) => clusterId === drained)?.reason;
        if (drained !== undefined)
          expect(said).toBe(
            stays ? 'an operator drains it, and no other cluster fits' : 'an operator drains it',
          );
      }),
    );
  });

  it('stays where it is when clusters join, and moves only when its own leaves', () => {
    fc.assert(
      fc.property(fleet, fleet, (before, joined) => {
        const { clusterIds: present } = place(need, before, NOW);
        const more = joined.filter(({ id }) => !before.some((known) => known.id === id));
        expect(place({ ...need, present }, [...more, ...before], NOW).clusterIds).toEqual(present);
        const others = before.filter(({ id }) => !present.includes(id));
        expect(place({ ...need, present }, others, NOW).clusterIds).not.toEqual(present);
      }),
    );
  });
});

describe('mayRemoveDerived', () => {
  it.each([
    [1, 1, true],
    [9, 9, true],
    [10, 10, false],
    [49, 10, false],
    [50, 10, true],
    [50, 11, false],
    [1000, 200, true],
    [1000, 201, false],
  ])('of %i held, %i going: %s', (held, removing, expected) => {
    expect(mayRemoveDerived(held, removing)).toBe(expected);
  });
});
