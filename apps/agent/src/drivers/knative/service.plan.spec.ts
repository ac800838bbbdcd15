import { revisionOf, seenRevision, seenService, settings, targetOf } from './knative.factory.rig.js';
import { isTagged, planService, type ServicePlan, type Seen } from './service.plan.js';

const [one, two] = [revisionOf('hello-00001'), revisionOf('hello-00002')];
const tagged = (name: string, percent = 100): { revisionName: string; percent: number; tag: string } => ({
  revisionName: name,
  percent,
  tag: `v-${name.slice(6)}--of`,
});
const LATEST = { latestRevision: true, percent: 100 };

describe('what to do next', () => {
  const both = targetOf([one, two]);
  it.each<[string, Seen, { template: string; traffic: unknown[]; remove: string[] }]>([
    [
      'nothing there: the first revision, followed until it is ready',
      { service: undefined, revisions: [] },
      { template: 'hello-00001', traffic: [LATEST], remove: [] },
    ],
    [
      'the first is starting: the second is made, nothing is pinned yet',
      { service: seenService('hello-00001', [LATEST]), revisions: [seenRevision('hello-00001', 'Unknown')] },
      { template: 'hello-00002', traffic: [LATEST], remove: [] },
    ],
    [
      'both there, one ready: it alone has traffic',
      {
        service: seenService('hello-00002', [LATEST]),
        revisions: [seenRevision('hello-00001', 'True'), seenRevision('hello-00002', 'Unknown')],
      },
      { template: 'hello-00002', traffic: [tagged('hello-00001')], remove: [] },
    ],
    [
      'both ready: each has its tag',
      {
        service: seenService('hello-00002', [tagged('hello-00001')]),
        revisions: [seenRevision('hello-00001', 'True'), seenRevision('hello-00002', 'True')],
      },
      {
        template: 'hello-00002',
        traffic: [tagged('hello-00001', 0), tagged('hello-00002')],
        remove: [],
      },
    ],
    [
      'one that nobody asks for any more goes, unless it is routed or the template',
      {
        service: seenService('hello-00002', [tagged('hello-00001', 0), tagged('hello-00002')]),
        revisions: ['hello-00001', 'hello-00002', 'hello-old'].map((name) => seenRevision(name, 'True')),
      },
      {
        template: 'hello-00002',
        traffic: [tagged('hello-00001', 0), tagged('hello-00002')],
        remove: ['hello-old'],
      },
    ],
  ])('%s', (_what, seen, expected) => {
    const plan = planService(both, seen, settings);
    const spec = plan?.manifest['spec'] as { template: { metadata: { name: string } }; traffic: unknown[] };
    expect({ ...plan, template: spec.template.metadata.name, traffic: spec.traffic }).toMatchObject(expected);
  });

  it('is nothing for a target without revisions', () => {
    expect(planService(targetOf([]), { service: undefined, revisions: [] }, settings)).toBeUndefined();
  });

  it('keeps the template while it is wanted, whichever revision is newest', () => {
    const seen = {
      service: seenService('hello-00001', [tagged('hello-00001')]),
      revisions: [seenRevision('hello-00001', 'True'), seenRevision('hello-00002', 'True')],
    };
    expect(planService(both, seen, settings)?.manifest).toMatchObject({
      spec: { template: { metadata: { name: 'hello-00001' } } },
    });
  });
});

describe('a revision that waits for a node', () => {
  const both = targetOf([one, two]);
  const waits = seenRevision('hello-00001', 'False', { reason: 'Unschedulable' });
  const [first, second] = [tagged('hello-00001', 0), tagged('hello-00002')];
  const trafficOf = (seen: Seen): unknown =>
    (planService(both, seen, settings)?.manifest['spec'] as { traffic: unknown }).traffic;

  it.each<[string, Seen, unknown[]]>([
    [
      'stays routed when it was: it wakes up from zero',
      {
        service: seenService('hello-00002', [first, second]),
        revisions: [waits, seenRevision('hello-00002', 'True')],
      },
      [first, second],
    ],
    [
      'stays routed alone',
      {
        service: seenService('hello-00002', [tagged('hello-00001')]),
        revisions: [waits, seenRevision('hello-00002', 'Unknown')],
      },
      [tagged('hello-00001')],
    ],
    [
      'is not routed for the first time',
      {
        service: seenService('hello-00002', [second]),
        revisions: [waits, seenRevision('hello-00002', 'True')],
      },
      [second],
    ],
    [
      'gives way to one that is new: Knative takes no new traffic while any of it waits',
      {
        service: seenService('hello-00002', [tagged('hello-00001')]),
        revisions: [waits, seenRevision('hello-00002', 'True')],
      },
      [second],
    ],
    [
      'is not held by another reason',
      {
        service: seenService('hello-00002', [first, second]),
        revisions: [
          seenRevision('hello-00001', 'False', { reason: 'ExitCode1' }),
          seenRevision('hello-00002', 'True'),
        ],
      },
      [second],
    ],
  ])('%s', (_what, seen, traffic) => expect(trafficOf(seen)).toMatchObject(traffic));
});

it('makes nothing of a revision with GPUs while it is not told where they are', () => {
  const gpus = revisionOf('hello-00002', {
    resources: { ...one.resources, gpus: 1, gpuClass: 'l4' },
  });
  const nothing = { service: undefined, revisions: [] };
  expect(planService(targetOf([gpus]), nothing, settings)).toBeUndefined();
  const seen = {
    service: seenService('hello-00001', [tagged('hello-00001')]),
    revisions: [seenRevision('hello-00001', 'True')],
  };
  expect(planService(targetOf([one, gpus]), seen, settings)?.manifest).toMatchObject({
    spec: { template: { metadata: { name: 'hello-00001' } } },
  });
});

describe('a revision is routed', () => {
  const service = seenService('hello-00001', [tagged('hello-00001')]);
  it.each([
    ['when its tag is in the status', service, true],
    [
      'not before the status speaks of this generation',
      { ...service, metadata: { ...service.metadata, generation: 3 } },
      false,
    ],
    ['not without the Service', undefined, false],
    ['not by the tag of another', seenService('hello-00001', [tagged('hello-00002')]), false],
  ])('%s', (_what, seen, expected) => expect(isTagged(seen, one, 'hello')).toBe(expected));
});

it('runs what is made from now on under the runtime class of the cluster, and what was made under its own', () => {
  const sandboxed = { ...settings, runtimeClasses: { standard: 'gvisor' } };
  const classOf = (seen: Seen): unknown => {
    const spec = planService(targetOf([one]), seen, sandboxed)?.manifest['spec'] as {
      template: { spec: { runtimeClassName?: string } };
    };
    return spec.template.spec.runtimeClassName;
  };
  expect(classOf({ service: undefined, revisions: [] })).toBe('gvisor');
  const there = seenService('hello-00001', [LATEST]);
  const revisions = [seenRevision('hello-00001', 'True')];
  expect(classOf({ service: there, revisions })).toBeUndefined();
  const { metadata } = there.spec.template;
  const kata = {
    ...there,
    spec: { ...there.spec, template: { metadata, spec: { runtimeClassName: 'kata' } } },
  };
  expect(classOf({ service: kata, revisions })).toBe('kata');
});

it('refuses root to what is made from now on, and keeps what was made as it is', () => {
  const revision = revisionOf('hello-00001', { runtimeTier: 'standard' });
  const contextOf = (seen: Seen): unknown => {
    const spec = planService(targetOf([revision]), seen, settings)?.manifest['spec'] as {
      template: { spec: { containers: { securityContext: object }[] } };
    };
    return spec.template.spec.containers[0]?.securityContext;
  };
  expect(contextOf({ service: undefined, revisions: [] })).toMatchObject({ runAsNonRoot: true });
  const there = seenService('hello-00001', [LATEST]);
  const { metadata } = there.spec.template;
  const made = (securityContext: { runAsNonRoot?: boolean }): Seen => ({
    service: {
      ...there,
      spec: { ...there.spec, template: { metadata, spec: { containers: [{ securityContext }] } } },
    },
    revisions: [seenRevision('hello-00001', 'True')],
  });
  expect(contextOf(made({}))).not.toHaveProperty('runAsNonRoot');
  expect(contextOf(made({ runAsNonRoot: true }))).toMatchObject({ runAsNonRoot: true });
});

it('runs an instance under the class of its tier, of which a cluster names one or both', () => {
  const classOf = (tier: 'standard' | 'sandboxed', runtimeClasses: object): unknown => {
    const revision = revisionOf('hello-00001', { runtimeTier: tier });
    const seen = { service: undefined, revisions: [] };
    const plan = planService(targetOf([revision]), seen, { ...settings, runtimeClasses });
    return (plan?.manifest['spec'] as { template: { spec: object } }).template.spec;
  };
  const sandboxed = { sandboxed: 'gvisor' };
  expect(classOf('sandboxed', sandboxed)).toMatchObject({ runtimeClassName: 'gvisor' });
  expect(classOf('standard', sandboxed)).not.toHaveProperty('runtimeClassName');
  const both = { ...sandboxed, standard: 'runc' };
  expect(classOf('standard', both)).toMatchObject({ runtimeClassName: 'runc' });
});

it('makes no revision of the sandboxed tier where no class is named for it, and keeps what there is', () => {
  const held = revisionOf('hello-00002', { runtimeTier: 'sandboxed' });
  const seen = { service: undefined, revisions: [] };
  expect(planService(targetOf([held]), seen, settings)).toBeUndefined();
  const named = (plan: ServicePlan | undefined): unknown =>
    (plan?.manifest['spec'] as { template: { metadata: { name: string } } }).template.metadata.name;
  expect(named(planService(targetOf([one, held]), seen, settings))).toBe('hello-00001');
  const there = seenService('hello-00002', [LATEST]);
  const made = {
    ...there,
    spec: { ...there.spec, template: { ...there.spec.template, spec: { runtimeClassName: 'gvisor' } } },
  };
  const plan = planService(
    targetOf([held]),
    { service: made, revisions: [seenRevision('hello-00002', 'True')] },
    settings,
  );
  expect((plan?.manifest['spec'] as { template: { spec: object } }).template.spec).toMatchObject({
    runtimeClassName: 'gvisor',
  });
});
