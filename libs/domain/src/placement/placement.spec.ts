import fc from 'fast-check';
import type { Cluster, GpuPool } from '../cluster/cluster.types.js';
import type { GpuClass } from '../cluster/gpu-class.js';
import type { Condition } from '../condition.js';
import {
  PATIENCE_MS,
  place,
  regionsWithout,
  stableHash,
  type PlacementNeed,
  type RevisionNeed,
} from './placement.rules.js';
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
  type Asked = typeof need & Pick<PlacementNeed, 'gpusServed' | 'runtime'> & Omit<RevisionNeed, 'name'>;
  /** Of a service with one revision. */
  const placeOne = (
    { capabilities = [], gpuClasses = [], gpus = 1, ...asked }: Asked,
    clusters: Cluster[],
  ): ReturnType<typeof place> =>
    place({ ...asked, revisions: [{ name: 'hello-00001', capabilities, gpuClasses, gpus }] }, clusters, NOW);
  const silent = NOW - PATIENCE_MS;

  it.each<[string, Partial<Asked>, Cluster[], string[], RegExp]>([
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
    const decision = placeOne({ ...need, ...more }, clusters);
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
      expect(placeOne({ ...need, gpuClasses: [l4] }, clusters).clusterIds).toEqual([`cls_${name}`]);
    }
  });

  it('prefers one of whose nodes one has enough GPUs for an instance, and waits where none has', () => {
    const names = ['a', 'b', 'c', 'd'];
    const having = (perNode: number, name: string): Cluster => {
      const supply = { gpuClass: 'l4', nodes: 1, perNode, total: perNode, taken: perNode, freePerNode: 0 };
      return cluster(name, { found: { conditions: [], gpus: [], supply: [supply] } });
    };
    const asked = { ...need, gpuClasses: [l4], gpus: 4 };
    for (const large of names) {
      const clusters = names.map((name) => having(name === large ? 4 : 3, name));
      expect(placeOne(asked, clusters).clusterIds).toEqual([`cls_${large}`]);
    }
    const small = names.map((name) => having(3, name));
    expect(placeOne(asked, small).clusterIds).toHaveLength(1);
  });

  it('puts nothing new on a cordoned cluster, and moves nothing away from it', () => {
    const [open, cordoned] = [cluster('a'), cluster('b', { cordonedAt: NOW - 1 })];
    expect(placeOne(need, [open, cordoned]).clusterIds).toEqual(['cls_a']);
    expect(placeOne(need, [cordoned])).toMatchObject({
      clusterIds: [],
      reasons: [{ reason: 'it is cordoned: it takes no new services' }],
    });
    expect(placeOne({ ...need, present: ['cls_b'] }, [open, cordoned]).clusterIds).toEqual(['cls_b']);
  });

  it('leaves out clusters whose agent cannot do what a revision needs', () => {
    const [plain, able] = [cluster('a'), cluster('b', { capabilities: ['containers'] })];
    const containers = { ...need, capabilities: ['containers'] };
    expect(placeOne(containers, [plain, able]).clusterIds).toEqual(['cls_b']);
    expect(placeOne(containers, [plain])).toMatchObject({
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
        const one = placeOne({ ...need, regions }, clusters);
        expect(placeOne({ ...need, regions }, clusters.toReversed())).toEqual(one);
        expect(one.reasons.map(({ clusterId }) => clusterId).sort()).toEqual(
          clusters.map(({ id }) => id).sort(),
        );
      }),
    );
  });

  it('holds a service once in each region that was asked for, where there is a cluster, and nowhere else', () => {
    fc.assert(
      fc.property(fleet, asked, (clusters, regions) => {
        const { clusterIds } = placeOne({ ...need, regions }, clusters);
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
        const { clusterIds: present } = placeOne({ ...need, regions }, clusters);
        const drained = present[which % Math.max(1, present.length)];
        const draining = clusters.map((one) =>
          one.id === drained ? { ...one, cordonedAt: NOW, drainingAt: NOW } : one,
        );
        const after = placeOne({ ...need, regions, present }, draining);
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
        const { clusterIds: present } = placeOne(need, before);
        const more = joined.filter(({ id }) => !before.some((known) => known.id === id));
        expect(placeOne({ ...need, present }, [...more, ...before]).clusterIds).toEqual(present);
        const others = before.filter(({ id }) => !present.includes(id));
        expect(placeOne({ ...need, present }, others).clusterIds).not.toEqual(present);
      }),
    );
  });

  describe('several revisions of a service', () => {
    const at = (...names: string[]): Cluster['id'][] => names.map((name) => `cls_${name}` as const);
    const h100 = { ...l4, name: 'h100', nodeLabels: { 'nvidia.com/gpu.product': 'H100' } };
    const pool = (product: string): GpuPool[] => [{ product, nodes: 1, count: 1 }];
    const [withL4, withH100] = [counted('a', pool('NVIDIA-L4')), counted('b', pool('H100'))];
    const first = { name: 'hello-00001', gpuClasses: [l4], heldBy: at('a') };
    const second = { name: 'hello-00002', gpuClasses: [h100] };
    const five = ['c', 'd', 'e', 'f', 'g'].map((name) => cluster(name));
    /** The one that a service without a past would take last. */
    const last = five
      .map(({ id, name }) => ({ name, hash: stableHash(`${SERVICE} ${id}`) }))
      .reduce((a, b) => (a.hash > b.hash ? a : b)).name;
    const drained = (name: string): Cluster => cluster(name, { cordonedAt: NOW, drainingAt: NOW });
    type Row = [
      string,
      RevisionNeed[],
      string[],
      Cluster[],
      [string, string[], boolean][],
      string[],
      string[]?,
    ];

    it.each<Row>([
      [
        'what serves stays, and the newest goes where its GPUs are',
        [first, second],
        ['a'],
        [withL4, withH100],
        [
          ['hello-00001', at('a'), true],
          ['hello-00002', at('b'), true],
        ],
        at('a', 'b'),
      ],
      [
        'once only the newest is wanted the other is left',
        [second],
        ['a', 'b'],
        [withL4, withH100],
        [['hello-00002', at('b'), true]],
        at('b'),
      ],
      [
        'a newest that fits nowhere leaves the other where it is',
        [first, second],
        ['a'],
        [withL4, cluster('c', { capabilities: [], found: withL4.found ?? { conditions: [], gpus: [] } })],
        [
          ['hello-00001', at('a'), true],
          ['hello-00002', [], false],
        ],
        at('a'),
      ],
      [
        'a newest that is at home where the other is shares it',
        [{ name: 'hello-00001', heldBy: at('b') }, second],
        ['b'],
        [withL4, withH100],
        [
          ['hello-00001', at('b'), true],
          ['hello-00002', at('b'), true],
        ],
        at('b'),
      ],
      [
        'each stays with what holds it, although both fit where one is',
        [
          { name: 'hello-00001', heldBy: at('c') },
          { name: 'hello-00002', heldBy: at('d') },
        ],
        ['c', 'd'],
        [cluster('c'), cluster('d')],
        [
          ['hello-00001', at('c'), true],
          ['hello-00002', at('d'), true],
        ],
        at('c', 'd'),
      ],
      [
        'what fits nowhere any more stays where it is held',
        [{ ...first, heldBy: at('c') }, { name: 'hello-00002' }],
        ['c'],
        [counted('c', []), counted('d', [])],
        [
          ['hello-00001', at('c'), false],
          ['hello-00002', at('c'), true],
        ],
        at('c'),
      ],
      [
        'what was left and holds it still is taken before what does not',
        [{ name: 'hello-00001', heldBy: at(last) }],
        [],
        five,
        [['hello-00001', at(last), true]],
        at(last),
      ],
      [
        'of two drained clusters it stays where it is',
        [
          { name: 'hello-00001', heldBy: at('c') },
          { name: 'hello-00002', heldBy: at('d') },
        ],
        ['d', 'c'],
        [drained('c'), drained('d')],
        [
          ['hello-00001', at('c'), true],
          ['hello-00002', at('d'), true],
        ],
        at('c', 'd'),
      ],
      [
        'what is asked for where it is not to be stays for want of another',
        [
          { ...first, askedIn: at('w') },
          { name: 'hello-00002', heldBy: at('w') },
        ],
        ['w'],
        [{ ...counted('w', pool('NVIDIA-L4')), region: 'elsewhere' }, counted('c', [])],
        [
          ['hello-00001', at('w'), false],
          ['hello-00002', at('c'), true],
        ],
        at('c', 'w'),
        ['r'],
      ],
    ])('%s', (_what, revisions, present, clusters, homes, held, regions = []) => {
      const decision = place({ ...need, regions, present: at(...present), revisions }, clusters, NOW);
      expect(decision.homes.map((home) => [home.revision, home.clusterIds, home.isFit])).toEqual(homes);
      expect(decision.clusterIds).toEqual(held);
      expect(
        decision.reasons
          .filter(({ chosen }) => chosen)
          .map(({ clusterId }) => clusterId)
          .sort(),
      ).toEqual(held);
    });

    it('says for whom a cluster is held that the newest cannot use', () => {
      const { reasons } = place(
        { ...need, present: at('a'), revisions: [first, second] },
        [withL4, withH100],
        NOW,
      );
      expect(reasons.map(({ clusterId, reason }) => `${clusterId} ${reason}`).sort()).toEqual([
        'cls_a for hello-00001: it holds the service and answers',
        'cls_b it answers and fits',
      ]);
    });

    it('keeps a region of what serves while the newest has no place in it', () => {
      const east = { ...withL4, region: 'east' };
      const west = { ...counted('w', [...pool('NVIDIA-L4'), ...pool('H100')]), region: 'west' };
      const decision = place(
        {
          ...{ ...need, regions: ['east', 'west'], present: at('a', 'w') },
          revisions: [{ ...first, heldBy: at('a', 'w') }, second],
        },
        [east, west],
        NOW,
      );
      expect(decision.homes.map(({ clusterIds }) => clusterIds)).toEqual([at('a', 'w'), at('w')]);
      expect(decision.clusterIds).toEqual(at('a', 'w'));
    });

    const classes = [[], [l4], [h100]];
    const worlds = fc.uniqueArray(fc.tuple(fc.constantFrom('a', 'b', 'c', 'd', 'e'), fc.nat(3)), {
      minLength: 1,
      selector: ([name]) => name,
    });

    const canHold = (one: Cluster, { gpuClasses = [] }: RevisionNeed): boolean =>
      gpuClasses.every(({ nodeLabels }) =>
        one.found?.gpus.some(({ product }) => product === nodeLabels['nvidia.com/gpu.product']),
      );

    /** A service over the time: what serves, what holds which revision, and where it is placed. */
    class Life {
      private present: Cluster['id'][] = [];
      private held = new Map<string, Cluster['id'][]>();
      private serves: RevisionNeed | undefined;

      deploy(newest: RevisionNeed, clusters: readonly Cluster[], isReady: boolean): void {
        const revisions = [...(this.serves ? [this.serves] : []), newest];
        const asked = revisions.map((one) => ({ ...one, heldBy: this.held.get(one.name) ?? [] }));
        const decision = place({ ...need, present: this.present, revisions: asked }, clusters, NOW);
        for (const [index, one] of asked.entries()) this.check(one, clusters, decision, index);
        if (decision.clusterIds.length > 0) this.present = decision.clusterIds;
        this.held = new Map(decision.homes.map(({ revision, clusterIds }) => [revision, clusterIds]));
        if (isReady && decision.homes.at(-1)?.isFit === true) this.serves = newest;
      }

      private check(
        revision: RevisionNeed & { heldBy: Cluster['id'][] },
        clusters: readonly Cluster[],
        { homes, clusterIds }: ReturnType<typeof place>,
        index: number,
      ): void {
        const able = clusters.filter((one) => canHold(one, revision)).map(({ id }) => id);
        const home = homes[index];
        expect(home).toMatchObject({ revision: revision.name, isFit: able.length > 0 });
        expect(clusterIds).toEqual(expect.arrayContaining(home?.clusterIds ?? []));
        if (able.length > 0) expect(able).toEqual(expect.arrayContaining(home?.clusterIds ?? []));
        const staying = revision.heldBy.filter((id) => this.present.includes(id) && able.includes(id));
        if (staying.length > 0) expect(home?.clusterIds).toEqual(staying.slice(0, 1));
      }
    }

    it('never is a revision that serves without a cluster that can run it while there is one, nor moved from it', () => {
      const steps = fc.array(fc.tuple(worlds, fc.nat(2), fc.boolean()), { minLength: 1, maxLength: 8 });
      fc.assert(
        fc.property(steps, (history) => {
          const life = new Life();
          for (const [number, [names, wants, isReady]] of history.entries()) {
            const clusters = names.map(([name, has]) =>
              counted(name, [...(has & 1 ? pool('NVIDIA-L4') : []), ...(has & 2 ? pool('H100') : [])]),
            );
            life.deploy({ name: `hello-${number}`, gpuClasses: classes[wants] ?? [] }, clusters, isReady);
          }
        }),
      );
    });
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
