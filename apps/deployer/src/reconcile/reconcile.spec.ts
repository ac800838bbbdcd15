import {
  ROUTES_BUCKET,
  ROUTES_MARK_KEY,
  routesMarkSchema,
  routeKey,
  routeSchema,
  serviceKey,
  targetSchema,
  targetsBucket,
  type GatewayStatus,
} from '#libs/bus';
import type {
  GpuClass,
  Operation,
  OperationKind,
  PublicError,
  Route,
  Service,
  Target,
  TrafficTarget,
} from '#libs/domain';
import {
  FakeAgent,
  FakeKeys,
  FakeServiceRecords,
  SteppedClock,
  imageOf,
  seededRandom,
  testCluster,
  testDigest,
  testId,
  testOperation,
  testServiceRecords,
  testUpload,
} from '#libs/testing';
import type { ImageSight } from '../images/image.sights.js';
import { Projection } from '../projection/projection.js';
import { SecretSealer } from '../projection/secret-sealer.js';
import { Observer } from './observer.js';
import { Reconciler } from './reconciler.js';

/** Rows, KV, an agent and a gateway in memory; the deployer's own code in between. */
class World {
  readonly clock = new SteppedClock();
  readonly keys = new FakeKeys();
  readonly records = new FakeServiceRecords();
  readonly cluster = testCluster(this.clock.now());
  readonly agent = new FakeAgent(this.keys, this.cluster.id, this.clock);
  /** What gateways acknowledge; undefined: whatever was written last. */
  readonly gateways = new Map<GatewayStatus['gatewayId'], number | undefined>([[testId('gw'), undefined]]);
  readonly serviceId: string;
  lease = this.records.lease;

  constructor() {
    const records = testServiceRecords(this.clock.now(), [this.cluster]);
    this.serviceId = records.service.id;
    this.records.add(records);
  }

  get rows(): ReturnType<FakeServiceRecords['get']> {
    return this.records.get(this.serviceId);
  }

  get operation(): Operation {
    return this.rows.operations.toSorted((a, b) => a.generation - b.generation).at(-1) as Operation;
  }

  get splits(): string {
    return this.rows.service.status.traffic.map((line) => `${line.revision}=${line.percent}`).join(' ');
  }

  /** Of which numbering of the routes gateways speak; undefined: gateways of 0.1.0. */
  mark: string | undefined;
  /** What every gateway's Envoy refuses. */
  rejected: (keys: FakeKeys) => { host: string; sequence: number }[] = () => [];

  /** What the registry says of the image that is asked for. */
  image: ImageSight | undefined;

  pass(): Promise<number | undefined> {
    return this.reconciler(this.records, this.keys).reconcile(this.serviceId, this.lease);
  }

  reconciler(records: FakeServiceRecords, keys: FakeKeys): Reconciler {
    const gateways = (): GatewayStatus[] =>
      [...this.gateways].map(([gatewayId, acknowledged = keys.last]) => ({
        schemaVersion: 1,
        gatewayId,
        region: 'local',
        acknowledged,
        ...(this.mark === undefined ? {} : { mark: this.mark }),
        rejected: this.rejected(keys),
        sentAt: this.clock.now(),
      }));
    return new Reconciler(
      new Observer(records, keys, gateways, () => this.image),
      records,
      new Projection(keys, new SecretSealer(keys, records)),
      this.clock,
      {
        random: seededRandom(this.keys.writes + 1),
        domain: 'localhost',
        origin: { scheme: 'http', port: 8081 },
      },
    );
  }

  /** Deployer and agent in turn, until nothing was written for two turns. */
  async settle(): Promise<void> {
    let idle = 0;
    for (let turn = 0; turn < 30; turn++) {
      const before = this.keys.writes + this.records.written.length;
      await this.pass();
      await this.agent.work();
      idle = before === this.keys.writes + this.records.written.length ? idle + 1 : 0;
      if (idle === 2) return;
    }
    throw new Error('the service does not settle');
  }

  /** What the api does on a change of intent. */
  change(kind: OperationKind, change: Partial<Service>, newTemplate = false): Operation {
    const { rows } = this;
    const service = { ...rows.service, ...change, generation: rows.service.generation + 1 };
    const operation = testOperation(service, kind, { makesRevision: newTemplate, now: this.clock.now() });
    this.records.add({
      ...rows,
      service,
      operations: [...rows.operations, operation],
      ...(newTemplate ? { templateGeneration: service.generation } : {}),
    });
    return operation;
  }

  /** Deploys another source; its digest is made of that digit. */
  deploySource(digit: string): Operation {
    const upload = testUpload(this.rows.service, digit);
    const template = { ...this.rows.service.template, source: { uploadId: upload.id } };
    this.records.add({ ...this.rows, upload });
    return this.change('deploy', { template }, true);
  }

  /** Deploys an image of a registry. */
  deployImage(image: string): Operation {
    const { source: _source, ...template } = this.rows.service.template;
    return this.change('deploy', { template: { ...template, image } }, true);
  }

  deploySidecar(image: string): Operation {
    const sidecar = { name: 'log', image, env: [], resources: { cpuMillis: 100, memoryMiB: 64 } };
    const template = { ...this.rows.service.template, sidecars: [sidecar] };
    return this.change('deploy', { template }, true);
  }

  deployEnv(value: string): Operation {
    const template = { ...this.rows.service.template, env: [{ name: 'GREETING', value }] };
    return this.change('update', { template }, true);
  }

  split(...traffic: TrafficTarget[]): Operation {
    return this.change('traffic', { traffic });
  }

  async route(host = 'hello--default.localhost'): Promise<Route | undefined> {
    return (await this.keys.getKey(ROUTES_BUCKET, routeKey(host), routeSchema))?.value;
  }

  async target(): Promise<Target> {
    const key = serviceKey(this.serviceId);
    const entry = await this.keys.getKey(targetsBucket(this.cluster.id), key, targetSchema);
    return entry?.value as Target;
  }

  found(operation: Operation): Operation {
    return this.rows.operations.find(({ id }) => id === operation.id) as Operation;
  }
}

const REVISION_1 = 'hello-00001';
const REVISION_2 = 'hello-00002';

describe('one service, from intent to what gateways serve', () => {
  let world: World;
  beforeEach(() => {
    world = new World();
  });

  it('builds, makes a revision, places, starts, routes, and ends the operation', async () => {
    await world.settle();
    expect(world.operation).toMatchObject({ status: 'succeeded', finishedAt: world.clock.now() });
    expect(world.operation.steps.map(({ name, status }) => `${name} ${status}`)).toEqual([
      'build succeeded',
      'revision succeeded',
      'placement succeeded',
      'ready succeeded',
      'traffic succeeded',
      'gateways succeeded',
    ]);
    expect(world.rows.service.status).toMatchObject({
      observedGeneration: 1,
      url: 'http://hello--default.localhost:8081',
      latestCreatedRevision: REVISION_1,
      latestReadyRevision: REVISION_1,
      traffic: [{ revision: REVISION_1, percent: 100 }],
    });
    expect(world.rows.service.status.conditions.map(({ type, status }) => `${type} ${status}`)).toEqual([
      'BuildSucceeded true',
      'Placed true',
      'RevisionReady true',
      'RoutesReady true',
      'Ready true',
    ]);
    expect(world.rows.revisions[0]?.spec.imageDigest).toBe(imageOf(testDigest('a')));
    expect((await world.route())?.backends).toMatchObject([
      {
        revision: REVISION_1,
        percent: 100,
        doors: [{ clusterId: world.cluster.id, door: world.cluster.door }],
      },
    ]);
  });

  it('makes a revision with sidecars once their images are found too, for clusters that run them', async () => {
    await world.settle();
    const field = 'template.sidecars[0].image';
    const operation = world.deploySidecar('r.test/log:1');
    await world.pass();
    expect(world.rows.revisions).toHaveLength(1);
    expect(world.found(operation).steps[0]?.message).toBe('The registry is asked for r.test/log:1.');
    world.image = { status: 'found', digests: { [field]: testDigest('b') } };
    await world.pass();
    expect(world.rows.revisions[1]?.spec).toMatchObject({
      imageDigest: imageOf(testDigest('a')),
      sidecars: [{ name: 'log', image: 'r.test/log:1', imageDigest: testDigest('b'), env: [] }],
    });
    world.records.add({ ...world.rows, clusters: [{ ...world.cluster, capabilities: ['containers'] }] });
    await world.pass();
    expect(world.found(operation).steps.find(({ name }) => name === 'placement')?.message).toMatch(
      /cannot do: sidecars/,
    );
    world.records.add({
      ...world.rows,
      clusters: [{ ...world.cluster, capabilities: ['containers', 'sidecars'] }],
    });
    await world.settle();
    expect(world.found(operation).status).toBe('succeeded');
    expect((await world.target()).revisions.at(-1)?.sidecars).toMatchObject([
      { imageDigest: testDigest('b') },
    ]);
  });

  it('makes revisions of the tier that the price plan has then, for clusters that have it', async () => {
    await world.settle();
    world.records.add({ ...world.rows, runtimeTier: 'sandboxed' });
    const operation = world.deployEnv('hi');
    await world.pass();
    expect(world.rows.revisions.map(({ spec }) => spec.runtimeTier)).toEqual([undefined, 'sandboxed']);
    expect(world.found(operation).steps.find(({ name }) => name === 'placement')?.message).toMatch(
      /cannot do: sandboxed/,
    );
    world.records.add({
      ...world.rows,
      runtimeTier: 'standard',
      clusters: [{ ...world.cluster, capabilities: ['builder', 'sandboxed'] }],
    });
    await world.settle();
    expect(world.found(operation).status).toBe('succeeded');
    expect((await world.target()).revisions.map(({ runtimeTier }) => runtimeTier)).toEqual([
      undefined,
      'sandboxed',
    ]);
  });

  it('fails by the field of the sidecar whose image is not there, whatever was built', async () => {
    await world.settle();
    const error: PublicError = {
      code: 'FAILED_PRECONDITION',
      message: 'The image r.test/log:1 is not in its registry.',
      violations: [{ field: 'template.sidecars[0].image', message: 'names no image there' }],
    };
    world.image = { status: 'refused', reason: 'ImageNotFound', error };
    const operation = world.deploySidecar('r.test/log:1');
    await world.settle();
    expect(world.found(operation)).toMatchObject({ status: 'failed', error });
  });

  it('takes the digest of an image from its registry, once, for a cluster that runs containers', async () => {
    await world.settle();
    world.image = { status: 'found', digests: { 'template.image': testDigest('b') } };
    const operation = world.deployImage('r.test/app:1');
    await world.pass();
    const [, made] = world.rows.revisions;
    expect(made?.spec).toMatchObject({ image: 'r.test/app:1', imageDigest: testDigest('b') });
    expect(world.found(operation).steps.find(({ name }) => name === 'placement')?.message).toMatch(
      /cannot do: containers/,
    );
    world.records.add({ ...world.rows, clusters: [{ ...world.cluster, capabilities: ['containers'] }] });
    await world.settle();
    expect(world.found(operation).status).toBe('succeeded');
    world.image = { status: 'found', digests: { 'template.image': testDigest('c') } };
    await world.settle();
    expect((await world.target()).revisions.map(({ imageDigest }) => imageDigest)).toEqual([
      imageOf(testDigest('a')),
      testDigest('b'),
    ]);
  });

  it('tells a cluster that can hand out GPUs where those of the class are', async () => {
    const nodes = { resource: 'nvidia.com/gpu', nodeLabels: { pool: 'l4' }, tolerations: [] };
    const l4: GpuClass = { id: 'gpc_0', name: 'l4', ...nodes, createdAt: 0 };
    world.records.add({ ...world.rows, gpuClasses: [l4, { ...l4, name: 'h100' }] });
    await world.settle();
    const { template } = world.rows.service;
    const resources = { ...template.resources, gpus: 1, gpuClass: 'l4' };
    const operation = world.change('update', { template: { ...template, resources } }, true);
    const placement = (): string | undefined =>
      world.found(operation).steps.find(({ name }) => name === 'placement')?.message;
    await world.settle();
    expect(placement()).toMatch(/cannot do: gpus/);
    expect((await world.target()).revisions.map(({ name }) => name)).toEqual([REVISION_1]);
    expect(world.splits).toBe(`${REVISION_1}=100`);
    world.records.add({ ...world.rows, clusters: [{ ...world.cluster, capabilities: ['builder', 'gpus'] }] });
    await world.settle();
    expect(world.found(operation).status).toBe('succeeded');
    const held = (await world.target()).revisions.map((one) => [one.resources.gpus, one.gpuNodes]);
    expect(held).toEqual([
      [undefined, undefined],
      [1, nodes],
    ]);
    // nodes that are away come back: it is told of the next one, and its instance waits there
    const looked = {
      type: 'Gpus',
      status: 'true',
      reason: 'Counted',
      message: 'None.',
      changedAt: 0,
    } as const;
    const found = { conditions: [looked], gpus: [] };
    world.records.add({
      ...world.rows,
      clusters: [{ ...world.cluster, capabilities: ['builder', 'gpus'], found }],
    });
    const env = [{ name: 'NEXT', value: 'yes' }];
    const next = world.change('update', { template: { ...template, resources, env } }, true);
    await world.settle();
    expect(world.found(next).status).toBe('succeeded');
    // what serves now needs none, and what served before is no reason to look for one that has them
    const plain = world.change('update', { template }, true);
    await world.settle();
    world.records.add({ ...world.rows, clusters: [world.cluster] });
    await world.settle();
    expect([world.found(plain).status, world.splits]).toEqual(['succeeded', `hello-00004=100`]);
    expect(world.rows.service.status.conditions).toContainEqual(
      expect.objectContaining({ type: 'Placed', status: 'true' }),
    );
  });

  it('says why an image cannot be had, and what serves goes on', async () => {
    await world.settle();
    const message = 'The image r.test/app:1 is not in its registry.';
    const error = { code: 'FAILED_PRECONDITION' as const, message, nextStep: 'Push it.' };
    world.image = { status: 'refused', reason: 'ImageNotFound', error };
    const operation = world.deployImage('r.test/app:1');
    await world.settle();
    expect(world.found(operation)).toMatchObject({ status: 'failed', error });
    expect(world.rows.service.status.conditions).toContainEqual(
      expect.objectContaining({ type: 'BuildSucceeded', status: 'false', reason: 'ImageNotFound', message }),
    );
    expect(world.splits).toBe(`${REVISION_1}=100`);
  });

  it('waits a minute for a registry that does not answer', async () => {
    await world.settle();
    const message = 'The registry r.test does not answer.';
    world.image = { status: 'away', message, field: 'template.image' };
    const operation = world.deployImage('r.test/app:1');
    await world.pass();
    expect(world.found(operation).status).toBe('running');
    world.clock.step(60_001);
    await world.pass();
    expect(world.found(operation)).toMatchObject({
      status: 'failed',
      error: { code: 'UNAVAILABLE', message },
    });
  });

  it('answers 503 by an empty route while nothing is ready', async () => {
    await world.pass();
    expect(await world.route()).toMatchObject({ access: 'public', backends: [] });
  });

  it('writes nothing at rest', async () => {
    await world.settle();
    const before = [world.records.written.length, world.keys.writes];
    for (let pass = 0; pass < 3; pass++) {
      world.clock.step(5_000);
      await world.pass();
    }
    expect([world.records.written.length, world.keys.writes]).toEqual(before);
  });

  it('makes a new revision of the same digest when only the environment changes, without a build', async () => {
    await world.settle();
    const operation = world.deployEnv('hi');
    await world.settle();
    expect(world.found(operation)).toMatchObject({ status: 'succeeded' });
    const [first, second] = world.rows.revisions;
    expect(second).toMatchObject({
      name: REVISION_2,
      number: 2,
      spec: { env: [{ name: 'GREETING', value: 'hi' }] },
    });
    expect(second?.spec.imageDigest).toBe(first?.spec.imageDigest);
    expect([...world.agent.built.values()]).toEqual([1]);
    expect(world.splits).toBe('hello-00002=100');
  });

  it('makes no revision and no new target when only traffic changes', async () => {
    await world.settle();
    world.deployEnv('hi');
    await world.settle();
    const before = await world.target();
    const operation = world.split(
      { revision: REVISION_1, percent: 90 },
      { revision: REVISION_2, percent: 10 },
    );
    await world.settle();
    expect(world.found(operation).steps.map(({ name }) => name)).toEqual(['traffic', 'gateways']);
    expect(world.rows.revisions).toHaveLength(2);
    expect(await world.target()).toEqual(before);
    expect((await world.route())?.backends.map(({ revision, percent }) => [revision, percent])).toEqual([
      [REVISION_1, 90],
      [REVISION_2, 10],
    ]);
  });

  it('gives a tag a host of its own and takes it away again', async () => {
    await world.settle();
    world.split({ revision: 'latest', percent: 100 }, { revision: REVISION_1, percent: 0, tag: 'canary' });
    await world.settle();
    const host = 'canary---hello--default.localhost';
    expect((await world.route(host))?.backends).toMatchObject([{ revision: REVISION_1, percent: 100 }]);
    world.split({ revision: 'latest', percent: 100 });
    await world.settle();
    expect(await world.route(host)).toMatchObject({ deleted: true, backends: [], version: 2 });
  });

  it('keeps minimum instances for revisions with traffic', async () => {
    await world.settle();
    world.deployEnv('hi');
    await world.settle();
    world.change('update', { minInstances: 2 });
    await world.settle();
    const minimums = (await world.target()).revisions.map(({ name, minInstances }) => [name, minInstances]);
    expect(minimums).toEqual([
      [REVISION_1, 0],
      [REVISION_2, 2],
    ]);
  });

  it('keeps none at the cap of the organization, and tells gateways that it has one', async () => {
    world.change('update', { minInstances: 2 });
    await world.settle();
    const kept = async (): Promise<unknown[]> => [
      (await world.target()).revisions.map(({ minInstances }) => minInstances),
      (await world.route())?.capped,
    ];
    expect(await kept()).toEqual([[2], undefined]);
    world.records.add({ ...world.rows, cap: { reached: true } });
    await world.settle();
    expect(await kept()).toEqual([[0], true]);
    world.records.add({ ...world.rows, cap: { reached: false } });
    await world.settle();
    expect(await kept()).toEqual([[2], true]);
    const { cap: _gone, ...rows } = world.rows;
    world.records.add(rows);
    await world.settle();
    expect(await kept()).toEqual([[2], undefined]);
  });
});

describe('what goes wrong', () => {
  let world: World;
  beforeEach(async () => {
    world = new World();
    await world.settle();
  });

  it('ends with the cause of a failed build, and serves the old revision on', async () => {
    world.agent.buildError = 'npm run build exited with 1: no such module';
    const operation = world.deploySource('b');
    await world.settle();
    expect(world.found(operation)).toMatchObject({
      status: 'failed',
      error: {
        code: 'BUILD_FAILED',
        message: 'npm run build exited with 1: no such module',
        violations: [{ field: 'template.source' }],
        nextStep: expect.any(String) as string,
      },
    });
    expect(world.splits).toBe('hello-00001=100');
    expect(world.rows.revisions).toHaveLength(1);
  });

  it.each([
    ['waits where what is reserved may come free', true, 'running'],
    ['fails where nothing but another cap helps', false, 'failed'],
  ])(
    'a build that the cap has no room for %s, and begins when there is some',
    async (_what, isReserved, status) => {
      const standing = {
        cap: '5',
        currency: 'USD',
        spent: '3',
        reserved: '1.5',
        resetsAt: world.clock.now() + 3,
      };
      world.records.capped = { standing, cost: '0.75', isReserved };
      const operation = world.deploySource('b');
      await world.settle();
      expect(world.rows.build).toMatchObject({ status: 'pending' });
      expect(world.rows.build).not.toHaveProperty('clusterId');
      expect(world.found(operation)).toMatchObject({ status });
      const condition = world.rows.service.status.conditions.find(({ type }) => type === 'BuildSucceeded');
      expect(condition).toMatchObject({ reason: 'BuildCapped', status: 'unknown' });
      expect(condition?.message).toContain('can cost 0.75 USD');
      expect(condition?.message).toContain('of 5 USD 3 are spent and 1.5 reserved');
      if (!isReserved) expect(world.found(operation).error).toMatchObject({ code: 'CAP_REACHED' });
      expect(await world.pass()).toBe(3);
      world.records.capped = undefined;
      await world.settle();
      expect(world.rows.service.status.latestReadyRevision).toBe(REVISION_2);
    },
  );

  it.each([
    ['StartTimeout', 'template.port'],
    ['ImageRunsAsRoot', 'template.image'],
    ['BuildRunsAsRoot', 'template.source'],
    ['SidecarRunsAsRoot', 'template.sidecars'],
    ['ExitCode', 'template'],
  ])('ends with the cause %s of a failed start, and serves the old revision on', async (reason, field) => {
    world.agent.failing.set(REVISION_2, reason);
    const operation = world.deployEnv('hi');
    await world.settle();
    expect(world.found(operation)).toMatchObject({
      status: 'failed',
      error: {
        code: 'START_FAILED',
        message: `It did not start: ${reason}.`,
        violations: [{ field, message: reason }],
        nextStep: expect.any(String) as string,
      },
    });
    expect(world.splits).toBe('hello-00001=100');
    expect(world.rows.service.status).toMatchObject({
      latestCreatedRevision: REVISION_2,
      latestReadyRevision: REVISION_1,
    });
  });

  it.each([
    ['that is not ready', REVISION_2, 'revision hello-00002 did not become ready'],
    ['that does not exist', 'hello-00009', 'there is no revision hello-00009'],
  ])('refuses a split over a revision %s', async (_what, revision, message) => {
    world.agent.failing.set(REVISION_2, 'Crashed');
    world.deployEnv('hi');
    await world.settle();
    const operation = world.split({ revision: REVISION_1, percent: 50 }, { revision, percent: 50 });
    await world.settle();
    expect(world.found(operation)).toMatchObject({
      status: 'failed',
      error: { code: 'FAILED_PRECONDITION', violations: [{ field: 'traffic[1].revision', message }] },
    });
    expect(world.splits).toBe('hello-00001=100');
  });

  it('names the gateways that lag, and fails after the deadline', async () => {
    const slow = testId('gw');
    world.gateways.set(slow, 0);
    const operation = world.split(
      { revision: REVISION_1, percent: 100 },
      { revision: REVISION_1, percent: 0, tag: 'x' },
    );
    await world.pass();
    await world.pass();
    const step = (): Operation['steps'][number] | undefined => world.found(operation).steps.at(-1);
    expect(step()).toMatchObject({
      name: 'gateways',
      status: 'running',
      message: `Not yet served by ${slow}.`,
    });
    world.clock.step(60_001);
    await world.pass();
    expect(world.found(operation)).toMatchObject({ status: 'failed', error: { code: 'DEADLINE_EXCEEDED' } });
    expect(world.found(operation).error?.message).toContain(slow);
  });

  it('believes no sequence of a bucket that is not there any more', async () => {
    const show = (id: string): Promise<number> =>
      world.keys.putKey(ROUTES_BUCKET, ROUTES_MARK_KEY, routesMarkSchema, { schemaVersion: 1, id });
    await show('new');
    world.mark = 'old';
    const operation = world.split(
      { revision: REVISION_1, percent: 100 },
      { revision: REVISION_1, percent: 0, tag: 'x' },
    );
    await world.settle();
    expect(world.found(operation).status).toBe('running');
    world.mark = 'new';
    await world.settle();
    expect(world.found(operation).status).toBe('succeeded');
  });

  it('fails at once when a gateway refuses its route, and not for the route of another', async () => {
    const tagged = { revision: REVISION_1, percent: 0, tag: 'x' };
    const always = (host: string) => (keys: FakeKeys) =>
      Array.from({ length: keys.last }, (_one, index) => ({ host, sequence: index + 1 }));
    world.rejected = always('other--default.localhost');
    const fine = world.split({ revision: REVISION_1, percent: 100 }, tagged);
    await world.settle();
    expect(world.found(fine).status).toBe('succeeded');
    world.rejected = always('y---hello--default.localhost');
    const refused = world.split({ revision: REVISION_1, percent: 100 }, { ...tagged, tag: 'y' });
    await world.settle();
    expect(world.found(refused)).toMatchObject({ status: 'failed', error: { code: 'INTERNAL' } });
    expect(world.found(refused).error?.message).toContain('refused by gw_');
  });

  it('says why no cluster can hold it', async () => {
    const lonely = new World();
    lonely.records.add({ ...lonely.rows, clusters: [] });
    await lonely.pass();
    lonely.clock.step(60_001);
    await lonely.pass();
    expect(lonely.operation).toMatchObject({ status: 'failed', error: { code: 'PLACEMENT_FAILED' } });
  });

  it('fails a deploy whose template was replaced before its revision was made', async () => {
    const first = world.deploySource('b');
    const second = world.deploySource('c');
    await world.settle();
    expect(world.found(first)).toMatchObject({ status: 'failed', error: { code: 'FAILED_PRECONDITION' } });
    expect(world.found(second)).toMatchObject({ status: 'succeeded' });
    expect(world.rows.revisions.map(({ templateGeneration }) => templateGeneration)).toEqual([1, 3]);
  });

  it('lets a deploy that was overtaken share the fate of its own revision', async () => {
    const first = world.deployEnv('one');
    await world.pass();
    const second = world.deployEnv('two');
    world.agent.failing.set('hello-00003', 'Crashed');
    await world.settle();
    expect(world.found(first)).toMatchObject({ status: 'succeeded' });
    expect(world.found(second)).toMatchObject({ status: 'failed', error: { code: 'START_FAILED' } });
    expect(world.splits).toBe('hello-00002=100');
  });

  it('fails when the environment names a secret that does not exist', async () => {
    const env = [{ name: 'PASSWORD', secret: { name: 'nowhere', version: 'latest' as const } }];
    const template = { ...world.rows.service.template, env };
    const operation = world.change('update', { template }, true);
    await world.settle();
    expect(world.found(operation).error).toMatchObject({
      code: 'FAILED_PRECONDITION',
      violations: [{ field: 'template.env[0].secret' }],
    });
  });
});

describe('removal', () => {
  it('deletes routes, then targets, and ends when nothing is left', async () => {
    const world = new World();
    await world.settle();
    const operation = world.change('delete', { deletedAt: world.clock.now() });
    await world.pass();
    expect(await world.route()).toMatchObject({ deleted: true });
    expect((await world.target()).tombstone).toBeUndefined();
    await world.pass();
    expect(await world.target()).toMatchObject({
      tombstone: { by: 'customer' },
      revisions: [],
      generation: 2,
    });
    expect(world.rows.removedAt).toBeUndefined();
    await world.settle();
    expect(world.rows.removedAt).toBe(world.clock.now());
    expect(world.found(operation)).toMatchObject({ status: 'succeeded' });
  });

  it('waits until every gateway has forgotten the host', async () => {
    const world = new World();
    await world.settle();
    world.gateways.set(testId('gw'), 0);
    world.change('delete', { deletedAt: world.clock.now() });
    for (let pass = 0; pass < 5; pass++) await world.pass();
    expect((await world.target()).tombstone).toBeUndefined();
  });

  it('moves away from a silent cluster, and stops where too many would be removed', async () => {
    const world = new World();
    await world.settle();
    world.clock.step(6 * 60_000);
    const other = testCluster(world.clock.now(), { capabilities: [] });
    world.records.add({ ...world.rows, clusters: [...world.rows.clusters, other] });
    world.records.holds = { held: 20, removing: 9 };
    const newcomer = new FakeAgent(world.keys, other.id, world.clock);
    const settle = async (): Promise<void> => {
      for (let turn = 0; turn < 8; turn++) {
        await world.pass();
        await newcomer.work();
      }
    };
    await settle();
    expect(world.rows.placement?.clusterIds).toEqual([other.id]);
    expect((await world.route())?.backends[0]?.doors.map(({ clusterId }) => clusterId)).toEqual([other.id]);
    expect((await world.target()).tombstone).toBeUndefined();
    world.records.holds = { held: 20, removing: 3 };
    await settle();
    expect((await world.target()).tombstone).toEqual({ by: 'derived' });
  });
});

describe('faults', () => {
  it('writes nothing under a stale lease', async () => {
    const world = new World();
    await world.settle();
    world.deployEnv('hi');
    const before = [world.records.written.length, world.keys.writes];
    world.records.lease = { ...world.lease, epoch: 2 };
    await expect(world.pass()).rejects.toThrow('lease deployer.0 of epoch 1 is lost');
    expect([world.records.written.length, world.keys.writes]).toEqual(before);
  });

  it('projects everything again after a bucket was lost', async () => {
    const world = new World();
    await world.settle();
    const before = [await world.target(), await world.route()];
    world.keys.purge(targetsBucket(world.cluster.id));
    world.keys.purge(ROUTES_BUCKET);
    await world.settle();
    expect([await world.target(), await world.route()]).toEqual(before);
  });

  it('leaves a service as clusters have it after its rows were put back, until an operator says that the rows count', async () => {
    const world = new World();
    await world.settle();
    const backup = structuredClone(world.rows);
    world.deployEnv('later');
    world.change('update', { minInstances: 1 });
    await world.settle();
    const ahead = [await world.target(), await world.route()];
    world.records.add(backup);
    const asked = world.change('update', { minInstances: 2 });
    await world.settle();
    expect([await world.target(), await world.route()]).toEqual(ahead);
    expect(world.rows.held).toEqual({ released: false });
    expect(world.rows.operations.find(({ id }) => id === asked.id)).toMatchObject({
      status: 'failed',
      error: { code: 'FAILED_PRECONDITION' },
    });
    expect(world.rows.service.status.conditions.find(({ type }) => type === 'Placed')?.reason).toBe(
      'HeldBack',
    );
    world.records.add({ ...world.rows, held: { released: true } });
    await world.settle();
    const now = await world.target();
    expect(now).toMatchObject({ epoch: 2, revisions: [{ name: REVISION_1, minInstances: 2 }] });
    expect((await world.route())?.version).toBeGreaterThan(1);
    expect(world.rows.held).toBeUndefined();
    expect(world.rows.service.status.conditions.find(({ type }) => type === 'Placed')?.reason).toBe('Chosen');
  });

  it('rows put back that say the same as clusters hold are no reason to hold: the epoch rises above', async () => {
    const world = new World();
    await world.settle();
    const backup = structuredClone(world.rows);
    world.change('update', { minInstances: 1 });
    await world.settle();
    world.change('update', { minInstances: 0 });
    await world.settle();
    world.records.add(backup);
    await world.settle();
    expect(world.rows.held).toBeUndefined();
    expect(await world.target()).toMatchObject({ epoch: 2 });
  });

  it('a service deleted after the copy does not come back by itself, and is deleted again when asked', async () => {
    const world = new World();
    await world.settle();
    const backup = structuredClone(world.rows);
    world.change('delete', { deletedAt: world.clock.now() });
    await world.settle();
    world.records.add(backup);
    await world.settle();
    expect((await world.target()).tombstone).toBeDefined();
    world.change('delete', { deletedAt: world.clock.now() });
    await world.settle();
    expect(world.operation).toMatchObject({ kind: 'delete', status: 'succeeded' });
  });

  it('seals a secret once for the key of the cluster', async () => {
    const world = new World();
    const id = testId('sec');
    const { organizationId, projectId, template } = world.rows.service;
    world.records.secrets.set(`${id}.2`, 'canary');
    const versions = [1, 2].map((number) => ({ number, createdAt: 0 }));
    const publicKey = { kty: 'OKP', crv: 'X25519', x: '3p7bfXt9wbTTW2HC7OQ1Nz-DQ8hbeGdNrfx-FG-IK08' };
    world.records.add({
      ...world.rows,
      clusters: [{ ...world.cluster, publicKey }],
      secrets: [{ id, organizationId, projectId, name: 'password', versions, createdAt: 0, version: 1 }],
    });
    const env = [{ name: 'PASSWORD', secret: { name: 'password', version: 'latest' as const } }];
    world.change('update', { template: { ...template, env } }, true);
    await world.settle();
    expect(world.rows.revisions.at(-1)?.spec.env).toEqual([{ name: 'PASSWORD', secret: { id, version: 2 } }]);
    const bucket = targetsBucket(world.cluster.id);
    expect(world.keys.keys(bucket)).toContain(`sealed.${id}.2`);
    expect(JSON.stringify(await world.target())).not.toContain('canary');
    const before = world.keys.writes;
    await world.pass();
    expect(world.keys.writes).toBe(before);
  });

  it('comes to the same end wherever it is cut off', async () => {
    const whole = new World();
    await drive(whole, Infinity);
    const calls = await drive(new World(), Infinity);
    for (let cut = 1; cut < calls; cut++) {
      const world = new World();
      await drive(world, cut);
      expect({ cut, ...outcome(world) }).toEqual({ cut, ...outcome(whole) });
    }
  });
});

/** A first deploy and a second revision, while the `cut`-th call to rows or KV fails. Returns how many calls there were. */
async function drive(world: World, cut: number): Promise<number> {
  let calls = 0;
  const failing = <T extends object>(port: T): T =>
    new Proxy(port, {
      get: (target, name, receiver): unknown => {
        const value: unknown = Reflect.get(target, name, target);
        if (
          typeof value !== 'function' ||
          !['load', 'write', 'getKey', 'replaceKey'].includes(String(name))
        ) {
          return typeof value === 'function'
            ? (value.bind(target) as unknown)
            : Reflect.get(target, name, receiver);
        }
        return (...values: unknown[]): unknown => {
          calls += 1;
          if (calls === cut) return Promise.reject(new Error('cut off'));
          return (value as (...values: unknown[]) => unknown).apply(target, values);
        };
      },
    });
  const reconciler = world.reconciler(failing(world.records), failing(world.keys));
  const turn = async (): Promise<void> => {
    await reconciler.reconcile(world.serviceId, world.lease).catch((error: Error) => {
      if (error.message !== 'cut off') throw error;
    });
    await world.agent.work();
  };
  for (let turns = 0; turns < 10; turns++) await turn();
  world.deployEnv('hi');
  for (let turns = 0; turns < 10; turns++) await turn();
  return calls;
}

function outcome(world: World): Record<string, unknown> {
  const { rows } = world;
  return {
    revisions: rows.revisions.map(({ name, number, spec }) => ({ name, number, digest: spec.imageDigest })),
    operations: rows.operations.map(({ status }) => status),
    splits: world.splits,
    target: rows.targets.map(({ target }) => target.revisions.map(({ name }) => name)),
    backends: rows.routes.map(({ backends }) => backends.map(({ revision, percent }) => [revision, percent])),
  };
}
