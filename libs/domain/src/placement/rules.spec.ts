import fc from 'fast-check';
import type { Condition } from '../condition.js';
import type { Route, SplitLine, Target, TargetReport } from './placement.types.js';
import { foldReady, standingOf, type Holding } from './readiness.rules.js';
import { deletedRoute, desiredRoutes, nextRoute } from './route.rules.js';
import { resolveSplit, type SplitQuestion } from './split.rules.js';
import { compareVersions, heldRevisions, nextTarget, type TargetBody } from './target.rules.js';

const names = (list: readonly { name: string }[]): string[] => list.map(({ name }) => name);

describe('heldRevisions', () => {
  const revision = (number: number, servedAt?: number) => ({
    name: `r${number}`,
    number,
    ...(servedAt === undefined ? {} : { servedAt }),
  });

  it('keeps the newest, the wanted and the last five that served', () => {
    const revisions = [
      ...[1, 2, 3, 4, 5, 6, 7].map((number) => revision(number, number * 10)),
      revision(8),
      revision(9),
      revision(10),
    ];
    expect(names(heldRevisions(revisions, new Set(['r8'])))).toEqual([
      'r3',
      'r4',
      'r5',
      'r6',
      'r7',
      'r8',
      'r10',
    ]);
  });

  it('counts by when they served, not by number', () => {
    const revisions = [revision(1, 100), ...[2, 3, 4, 5, 6, 7].map((number) => revision(number, number))];
    expect(names(heldRevisions(revisions, new Set()))).toEqual(['r1', 'r4', 'r5', 'r6', 'r7']);
  });

  it('holds nothing of nothing', () => {
    expect(heldRevisions([], new Set(['x']))).toEqual([]);
  });
});

const body = (minInstances: number): TargetBody => ({
  schemaVersion: 1,
  clusterId: 'cls_1',
  organizationId: 'org_1',
  projectId: 'prj_1',
  service: { id: 'svc_1', name: 'hello' },
  revisions: [
    {
      id: 'rev_1',
      name: 'hello-00001',
      host: 'h',
      imageDigest: 'sha256:1',
      env: [],
      resources: { cpuMillis: 1, memoryMiB: 1 },
      concurrency: 1,
      timeoutSeconds: 1,
      minInstances,
      maxInstances: 1,
      port: 1,
      protocol: 'http1',
    },
  ],
});

describe('nextTarget', () => {
  it('is the same object for the same body, whatever the order of keys', () => {
    const first = nextTarget(undefined, body(0), 1);
    const shuffled = Object.fromEntries(Object.entries(body(0)).reverse()) as unknown as TargetBody;
    expect(nextTarget(first, shuffled, 1)).toBe(first);
  });

  it('takes the next generation for another body, and only the epoch for a raised epoch', () => {
    const first = nextTarget(undefined, body(0), 1);
    expect(nextTarget(first, body(1), 1)).toMatchObject({ generation: 2, epoch: 1 });
    expect(nextTarget(first, body(0), 3)).toMatchObject({ generation: 1, epoch: 3 });
  });

  it('never goes back', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(3), fc.integer({ min: 1, max: 4 }))), (changes) => {
        let target: Target | undefined;
        for (const [minInstances, epoch] of changes) {
          const next = nextTarget(target, body(minInstances), epoch);
          if (target) expect(compareVersions(next, target)).toBeGreaterThanOrEqual(0);
          expect(nextTarget(next, body(minInstances), epoch)).toBe(next);
          target = next;
        }
      }),
    );
  });
});

describe('readiness', () => {
  const target = { ...body(0), generation: 5, epoch: 2 };
  const ready = (status: Condition['status']): Condition => ({
    type: 'Ready',
    status,
    reason: 'R',
    message: 'm',
    changedAt: 0,
  });
  const report = (status: Condition['status'], generation = 5, epoch = 2): TargetReport => ({
    clusterId: 'cls_1',
    serviceId: 'svc_1',
    generation,
    epoch,
    removed: false,
    revisions: [{ name: 'hello-00001', ready: ready(status), instances: 0 }],
  });

  it.each<[string, TargetReport | undefined, string]>([
    ['no report', undefined, 'unknown'],
    ['ready', report('true'), 'ready'],
    ['failed', report('false'), 'failed'],
    ['undecided', report('unknown'), 'unknown'],
    ['ready, by a former generation', report('true', 4), 'unknown'],
    ['ready, by a former epoch', report('true', 9, 1), 'unknown'],
    ['ready, by a later generation', report('true', 6), 'ready'],
  ])('%s', (_what, said, expected) => {
    const holding = said ? { target, report: said } : { target };
    expect(standingOf('hello-00001', [holding])).toBe(expected);
  });

  it('is ready when one cluster is, failed when all say so, unknown of nowhere', () => {
    const holdings = [
      { target, report: report('false') },
      { target, report: report('true') },
    ];
    expect(standingOf('hello-00001', holdings)).toBe('ready');
    expect(standingOf('hello-00001', [{ target, report: report('false') }, { target }])).toBe('unknown');
    expect(standingOf('hello-00001', [])).toBe('unknown');
    expect(standingOf('hello-00002', holdings)).toBe('unknown');
  });

  it('says what a start waits for where that is more than time, until something is decided', () => {
    const waits = (reason: string): Holding[] => {
      const said = report('unknown');
      const [revision] = said.revisions as [TargetReport['revisions'][number]];
      return [
        { target, report: { ...said, revisions: [{ ...revision, ready: { ...revision.ready, reason } }] } },
      ];
    };
    expect(foldReady('hello-00001', waits('ClusterFull'), undefined, 9)).toMatchObject({
      ...{ type: 'Ready', status: 'unknown', reason: 'ClusterFull' },
    });
    expect(foldReady('hello-00001', waits('Starting'), undefined, 9).message).toMatch(/^No cluster has said/);
    const full = foldReady('hello-00001', waits('ClusterFull'), undefined, 9);
    expect(foldReady('hello-00001', waits('Starting'), full, 9).reason).toBe('Starting');
    expect(foldReady('hello-00001', waits('ClusterFull'), ready('true'), 9).status).toBe('true');
  });

  it('keeps what was decided until a report decides otherwise', () => {
    const lagging = [{ target, report: report('true', 4) }];
    expect(foldReady('hello-00001', lagging, ready('true'), 9).status).toBe('true');
    expect(foldReady('hello-00001', lagging, undefined, 9).status).toBe('unknown');
    expect(foldReady('hello-00001', [{ target, report: report('false') }], ready('true'), 9).status).toBe(
      'false',
    );
  });
});

describe('resolveSplit', () => {
  const question = (more: Partial<SplitQuestion>): SplitQuestion => ({
    traffic: [{ revision: 'latest', percent: 100 }],
    exists: new Set(['a', 'b', 'c']),
    latestReady: 'b',
    inForce: new Set(['a']),
    standing: (name) => (name === 'b' ? 'ready' : name === 'c' ? 'failed' : 'unknown'),
    ...more,
  });
  const to = (revision: string) => [{ revision, percent: 100 }];

  it.each<[string, Partial<SplitQuestion>, unknown]>([
    ['latest', {}, { kind: 'split', lines: to('b') }],
    [
      'latest before anything was ready',
      { latestReady: undefined },
      { kind: 'waits', revisions: ['latest'] },
    ],
    ['what serves now, whatever reports say', { traffic: to('a') }, { kind: 'split', lines: to('a') }],
    [
      'what nobody reported yet',
      { traffic: to('a'), inForce: new Set() },
      { kind: 'waits', revisions: ['a'] },
    ],
    [
      'what failed',
      { traffic: to('c') },
      {
        kind: 'refused',
        violations: [{ field: 'traffic[0].revision', message: 'revision c did not become ready' }],
      },
    ],
    [
      'what does not exist',
      { traffic: to('z') },
      { kind: 'refused', violations: [{ field: 'traffic[0].revision', message: 'there is no revision z' }] },
    ],
  ])('%s', (_what, more, expected) => {
    expect(resolveSplit(question(more))).toEqual(expected);
  });
});

describe('routes', () => {
  const hostOf = (tag?: string): string => (tag === undefined ? 'host' : `${tag}---host`);
  const routesOf = (lines: readonly SplitLine[], lost: readonly string[] = []) =>
    desiredRoutes({
      organizationId: 'org_1',
      projectId: 'prj_1',
      serviceId: 'svc_1',
      access: 'public',
      suspended: false,
      capped: false,
      audience: 'https://host',
      lines,
      hostOf,
      backendOf: (revision) => ({
        revisionId: 'rev_1',
        revision,
        host: revision,
        protocol: 'http1',
        timeoutSeconds: 1,
        doors: lost.includes(revision) ? [] : [{ clusterId: 'cls_1', door: { host: 'd', port: 1 } }],
      }),
    });
  const lines = fc
    .array(fc.record({ revision: fc.constantFrom('a', 'b', 'c'), weight: fc.nat(9), tag: fc.boolean() }), {
      minLength: 1,
      maxLength: 6,
    })
    .filter((list) => list.some(({ weight }) => weight > 0))
    .map((list) => {
      const sum = list.reduce((total, { weight }) => total + weight, 0);
      const split = list.map(({ revision, weight, tag }, index) => ({
        revision,
        percent: Math.floor((weight * 100) / sum),
        ...(tag ? { tag: `t${index}` } : {}),
      }));
      const rest = 100 - split.reduce((total, { percent }) => total + percent, 0);
      return split.map((line, index) => (index === 0 ? { ...line, percent: line.percent + rest } : line));
    });

  it('sum to 100 on every host, or have no backend at all', () => {
    fc.assert(
      fc.property(lines, fc.subarray(['a', 'b', 'c']), (split, lost) => {
        for (const route of routesOf(split, lost)) {
          const sum = route.backends.reduce((total, { percent }) => total + percent, 0);
          expect([0, 100]).toContain(sum);
          expect(new Set(route.backends.map(({ revision }) => revision)).size).toBe(route.backends.length);
        }
      }),
    );
  });

  it('does not depend on the order of lines', () => {
    fc.assert(
      fc.property(lines, (split) => {
        const byHost = (list: { host: string }[]) => list.toSorted((x, y) => (x.host < y.host ? -1 : 1));
        expect(byHost(routesOf(split.toReversed()))).toEqual(byHost(routesOf(split)));
      }),
    );
  });

  it('keeps its version for the same body, and rises above what gateways were shown', () => {
    const [desired] = routesOf([{ revision: 'a', percent: 100 }]);
    if (!desired) throw new Error('no route');
    const at = (held: number, hubEpoch = 1): { held: number; hubEpoch: number } => ({ held, hubEpoch });
    const first: Route = nextRoute(undefined, at(0), desired);
    expect(first.version).toBe(1);
    expect(nextRoute(first, at(1), desired)).toBe(first);
    expect(nextRoute(first, at(7), desired).version).toBe(8);
    expect(nextRoute(first, at(1), deletedRoute(first))).toMatchObject({
      version: 2,
      deleted: true,
      backends: [],
    });
    const restored = nextRoute(first, at(0, 2), desired);
    expect(restored.version).toBeGreaterThan(1_000_000_000);
    expect(nextRoute(restored, at(restored.version, 2), desired)).toBe(restored);
    expect(nextRoute(restored, at(0, 3), desired).version).toBeGreaterThan(restored.version + 1_000_000_000);
    expect(Number.isSafeInteger(nextRoute(first, at(0, 2 ** 20), desired).version)).toBe(true);
  });
});
