import { ROUTES_BUCKET, routeKey, routeSchema, serviceKey, targetSchema, targetsBucket } from '#libs/bus';
import {
  GIVE_WAY_MS,
  GPUS,
  GPU_RESOURCE,
  PATIENCE_MS,
  STEP_DEADLINES_MS,
  SUSPECT_MS,
  type Cluster,
  type Condition,
  type GpuClass,
  type RouteDoor,
  type Service,
  type Target,
} from '#libs/domain';
import {
  FakeAgent,
  FakeKeys,
  FakeServiceRecords,
  SteppedClock,
  seededRandom,
  testCluster,
  testId,
  testOperation,
  testServiceRecords,
} from '#libs/testing';
import { Projection } from '../projection/projection.js';
import { SecretSealer } from '../projection/secret-sealer.js';
import { Observer } from './observer.js';
import { Reconciler } from './reconciler.js';

/** One service, clusters of regions of their own, each with an agent that works only when told to. */
class Fleet {
  readonly clock = new SteppedClock();
  readonly keys = new FakeKeys();
  readonly records = new FakeServiceRecords();
  readonly agents = new Map<string, FakeAgent>();
  readonly serviceId: string;

  constructor(...regions: string[]) {
    const clusters = regions.map((region) => this.cluster(region));
    const records = testServiceRecords(this.clock.now(), clusters);
    this.serviceId = records.service.id;
    this.records.add(records);
  }

  get rows(): ReturnType<FakeServiceRecords['get']> {
    return this.records.get(this.serviceId);
  }

  cluster(region: string): Cluster {
    const cluster = testCluster(this.clock.now(), { region, name: region });
    this.agents.set(region, new FakeAgent(this.keys, cluster.id, this.clock));
    return cluster;
  }

  change(more: Partial<Service>): void {
    const { rows } = this;
    const service = { ...rows.service, ...more, generation: rows.service.generation + 1 };
    this.records.add({ ...rows, service });
  }

  /** The next revision holds GPUs of the class, or none. */
  use(gpuClass?: string): void {
    const { rows } = this;
    const { gpus: _gpus, gpuClass: _class, ...resources } = rows.service.template.resources;
    const held = gpuClass === undefined ? {} : { gpus: 1, gpuClass };
    // ids are of the time
    this.clock.step(1);
    this.change({ template: { ...rows.service.template, resources: { ...resources, ...held } } });
    const generation = this.rows.service.generation;
    const operation = testOperation(this.rows.service, 'update', {
      makesRevision: true,
      now: this.clock.now(),
    });
    this.records.add({
      ...this.rows,
      templateGeneration: generation,
      operations: [...this.rows.operations, operation],
    });
  }

  /** Each region has the GPU class of its name, and of no other. */
  equip(...regions: string[]): void {
    const gpuClasses = regions.map((name, index): GpuClass => ({
      ...{ id: `gpc_${index}`, name, resource: GPU_RESOURCE, tolerations: [], createdAt: 0 },
      nodeLabels: { 'nvidia.com/gpu.product': name },
    }));
    this.records.add({ ...this.rows, gpuClasses });
    for (const name of regions) this.count(name, name);
  }

  count(region: string, ...products: string[]): void {
    const counted = { type: 'Gpus', status: 'true', reason: 'Counted', message: 'm', changedAt: 0 } as const;
    const gpus = products.map((product) => ({ product, nodes: 1, count: 1 }));
    this.become(region, { capabilities: ['builder', GPUS], found: { conditions: [counted], gpus } });
  }

  /** Revisions that a cluster is asked to hold, and how many instances of each it keeps. */
  async asks(region: string): Promise<string> {
    const target = await this.target(region);
    if (target?.tombstone) return `leaves (${target.tombstone.by})`;
    return (target?.revisions ?? []).map(({ name, minInstances }) => `${name}*${minInstances}`).join(' ');
  }

  said(type: string): Condition | undefined {
    return this.rows.service.status.conditions.find((one) => one.type === type);
  }

  /** The row of a cluster as an operator, or silence, changed it. */
  become(region: string, more: Partial<Cluster>): void {
    const clusters = this.rows.clusters.map((one) => (one.region === region ? { ...one, ...more } : one));
    this.records.add({ ...this.rows, clusters });
  }

  /** Everybody was just heard of, but these. */
  heard(...silent: string[]): void {
    for (const region of this.agents.keys())
      if (!silent.includes(region)) this.become(region, { lastSeenAt: this.clock.now() });
  }

  /** Deployer and these agents in turn. */
  async work(...regions: string[]): Promise<void> {
    const gateways = () => [
      {
        schemaVersion: 1 as const,
        gatewayId: testId('gw'),
        region: 'local',
        acknowledged: this.keys.last,
        sentAt: this.clock.now(),
      },
    ];
    const reconciler = new Reconciler(
      new Observer(this.records, this.keys, gateways, () => undefined),
      this.records,
      new Projection(this.keys, new SecretSealer(this.keys, this.records)),
      this.clock,
      {
        random: seededRandom(this.keys.writes + 1),
        domain: 'localhost',
        origin: { scheme: 'http', port: 1 },
      },
    );
    for (let turn = 0; turn < 10; turn++) {
      await reconciler.reconcile(this.serviceId, this.records.lease);
      for (const region of regions) await this.agents.get(region)?.work();
    }
  }

  async doors(): Promise<RouteDoor[]> {
    const key = routeKey('hello--default.localhost');
    const route = await this.keys.getKey(ROUTES_BUCKET, key, routeSchema);
    return route?.value.backends[0]?.doors ?? [];
  }

  /** Names of the clusters that gateways ask, in order. */
  async asked(): Promise<string[]> {
    return (await this.doors()).map(({ clusterId }) => this.name(clusterId));
  }

  async target(region: string): Promise<Target | undefined> {
    const id = this.rows.clusters.find((one) => one.region === region)?.id ?? '';
    const entry = await this.keys.getKey(targetsBucket(id), serviceKey(this.serviceId), targetSchema);
    return entry?.value;
  }

  private name(id: string): string {
    return this.rows.clusters.find((one) => one.id === id)?.name ?? id;
  }
}

describe('a service in several clusters', () => {
  let fleet: Fleet;
  beforeEach(() => {
    fleet = new Fleet('east', 'west', 'south');
    fleet.change({ regions: ['east', 'west'] });
  });

  it('is held once in each region that was asked for, and asked for in each once it is ready there', async () => {
    await fleet.work('east');
    // whoever is first to build: east builds only when it was chosen, so all may work
    await fleet.work('east', 'west', 'south');
    expect((await fleet.asked()).sort()).toEqual(['east', 'west']);
    expect((await fleet.doors()).map(({ region }) => region).sort()).toEqual(['east', 'west']);
    expect(await fleet.target('south')).toBeUndefined();
    expect(
      fleet.rows.service.status.placements?.map(({ cluster, chosen }) => [cluster, chosen]).sort(),
    ).toEqual([
      ['east', true],
      ['south', false],
      ['west', true],
    ]);
    expect(fleet.rows.service.status.conditions.find(({ type }) => type === 'Placed')?.message).toBe(
      'Held by east, west.',
    );
  });

  it('is asked for only where it is ready, also when its first traffic changes what clusters hold', async () => {
    fleet.change({ minInstances: 1 });
    await fleet.work('east');
    expect(await fleet.asked()).toEqual(['east']);
    await fleet.work('east', 'west');
    expect((await fleet.asked()).sort()).toEqual(['east', 'west']);
  });

  it('says which region no cluster can hold it in, and serves from the others', async () => {
    fleet.change({ regions: ['east', 'north'] });
    await fleet.work('east', 'west', 'south');
    expect(await fleet.asked()).toEqual(['east']);
    expect(fleet.rows.service.status.conditions.find(({ type }) => type === 'Placed')?.message).toBe(
      'Held by east. No cluster can hold it in north.',
    );
  });

  it('keeps asking a cluster whose report lags behind a new target', async () => {
    await fleet.work('east', 'west', 'south');
    fleet.change({ minInstances: 1 });
    await fleet.work('east');
    expect((await fleet.asked()).sort()).toEqual(['east', 'west']);
  });

  it('leaves a silent cluster standing by while another is heard of, and asks all when none is', async () => {
    await fleet.work('east', 'west', 'south');
    const standing = async (): Promise<boolean[]> =>
      (await fleet.doors()).map(({ standby }) => standby === true);
    fleet.clock.step(SUSPECT_MS);
    fleet.heard('east');
    await fleet.work();
    expect(await standing()).toEqual([true, false]);
    fleet.clock.step(SUSPECT_MS);
    await fleet.work();
    expect(await standing()).toEqual([false, false]);
    fleet.heard();
    await fleet.work();
    expect(await standing()).toEqual([false, false]);
  });

  it('leaves one standing by whose agent answers and waits, like one that is silent', async () => {
    await fleet.work('east', 'west', 'south');
    const waitingSince = fleet.clock.now();
    fleet.clock.step(SUSPECT_MS);
    fleet.heard();
    fleet.become('west', { waitingSince });
    await fleet.work();
    const standing = (await fleet.doors()).filter(({ standby }) => standby === true);
    expect(standing.map(({ region }) => region)).toEqual(['west']);
  });

  it('leaves a region at its customer’s word', async () => {
    await fleet.work('east', 'west', 'south');
    fleet.records.holds = { held: 20, removing: 19 };
    fleet.change({ regions: ['west'] });
    await fleet.work('east', 'west');
    expect(await fleet.asked()).toEqual(['west']);
    expect((await fleet.target('east'))?.tombstone).toEqual({ by: 'customer' });
  });
});

it('leaves a cluster whose agent has waited for long', async () => {
  const fleet = new Fleet('east', 'west');
  await fleet.work('east', 'west');
  const [from = ''] = await fleet.asked();
  const to = from === 'east' ? 'west' : 'east';
  const waitingSince = fleet.clock.now();
  const wait = (ms: number): void => {
    fleet.clock.step(ms);
    fleet.heard();
    fleet.become(from, { waitingSince });
  };
  wait(PATIENCE_MS - 1);
  await fleet.work('east', 'west');
  expect(await fleet.asked()).toEqual([from]);
  wait(1);
  await fleet.work('east', 'west');
  expect(await fleet.asked()).toEqual([to]);
});

describe('a cluster that an operator drains', () => {
  it('is asked until another can serve, and is left by the operator’s word, however many leave it', async () => {
    const fleet = new Fleet('east', 'west');
    await fleet.work('east', 'west');
    const [from = ''] = await fleet.asked();
    const to = from === 'east' ? 'west' : 'east';
    fleet.records.holds = { held: 20, removing: 19 };
    fleet.become(from, { cordonedAt: fleet.clock.now(), drainingAt: fleet.clock.now() });
    await fleet.work(from);
    expect(await fleet.asked()).toEqual([from]);
    expect((await fleet.target(from))?.tombstone).toBeUndefined();
    await fleet.work(from, to);
    expect(await fleet.asked()).toEqual([to]);
    expect((await fleet.target(from))?.tombstone).toEqual({ by: 'operator' });
    expect(fleet.rows.service.status.placements).toContainEqual({
      cluster: from,
      region: from,
      chosen: false,
      serves: false,
      reason: 'an operator drains it',
    });
  });

  it('keeps what fits nowhere else, and says so', async () => {
    const fleet = new Fleet('east', 'west');
    fleet.change({ regions: ['east'] });
    await fleet.work('east', 'west');
    fleet.become('east', { cordonedAt: fleet.clock.now(), drainingAt: fleet.clock.now() });
    await fleet.work('east', 'west');
    expect(await fleet.asked()).toEqual(['east']);
    expect((await fleet.target('east'))?.tombstone).toBeUndefined();
  });
});

it('says what somebody else claims in a cluster, and with which next step, until it is settled', async () => {
  const fleet = new Fleet('east');
  const agent = fleet.agents.get('east') as FakeAgent;
  const said = (type: string): object | undefined =>
    fleet.rows.service.status.conditions.find((one) => one.type === type);
  agent.contested = {
    ...{ type: 'Contested', status: 'true', reason: 'FieldTaken', changedAt: 0 },
    ...{ message: 'Of Service p/hello others hold .spec (argocd).', nextStep: 'Take it out.' },
  };
  await fleet.work('east');
  const claim = { message: 'east: Of Service p/hello others hold .spec (argocd).', nextStep: 'Take it out.' };
  expect(said('Placed')).toMatchObject({ status: 'false', reason: 'Contested', ...claim });
  expect(said('Ready')).toMatchObject({ status: 'false', ...claim });
  agent.contested = undefined;
  await fleet.work('east');
  expect(said('Placed')).toMatchObject({ status: 'true', reason: 'Chosen' });
  expect(said('Ready')).toMatchObject({ status: 'true' });
});

it('says what the start of a revision waits for, in the service and in the operation', async () => {
  const fleet = new Fleet('east');
  const agent = fleet.agents.get('east') as FakeAgent;
  agent.waiting.set('hello-00001', 'ClusterFull');
  await fleet.work('east');
  const said = (): string | undefined =>
    fleet.rows.service.status.conditions.find(({ type }) => type === 'RevisionReady')?.message;
  const step = (): string | undefined =>
    fleet.rows.operations[0]?.steps.find(({ name }) => name === 'ready')?.message;
  expect([said(), step()]).toEqual(['It waits: ClusterFull.', 'hello-00001: It waits: ClusterFull.']);
  agent.waiting.clear();
  await fleet.work('east');
  expect([said(), fleet.rows.operations[0]?.status]).toEqual(['The newest revision can serve.', 'succeeded']);
});

describe('a newest revision that another cluster must run', () => {
  const first = 'hello-00001';
  const second = 'hello-00002';
  let fleet: Fleet;
  beforeEach(async () => {
    fleet = new Fleet('east', 'west');
    fleet.equip('east', 'west');
    fleet.use('east');
    fleet.change({ minInstances: 1 });
    await fleet.work('east', 'west');
  });

  it('is started there while the other serves; then traffic moves, and the old place is left', async () => {
    expect(await fleet.asked()).toEqual(['east']);
    fleet.use('west');
    await fleet.work('east');
    expect(await fleet.asked()).toEqual(['east']);
    expect([await fleet.asks('east'), await fleet.asks('west')]).toEqual([`${first}*1`, `${second}*0`]);
    expect(fleet.said('Placed')?.message).toBe(`Held by east (${first}), west (${second}).`);
    await fleet.work('east', 'west');
    expect(await fleet.asked()).toEqual(['west']);
    expect([await fleet.asks('east'), await fleet.asks('west')]).toEqual(['leaves (derived)', `${second}*1`]);
    expect(fleet.rows.operations.at(-1)?.status).toBe('succeeded');
  });

  it('leaves the old place only while few leave it, also in the pass that decides so', async () => {
    fleet.records.holds = { held: 20, removing: 19 };
    const west = fleet.agents.get('west');
    west?.failing.set(second, 'Crashed');
    fleet.use('west');
    await fleet.work('east', 'west');
    // nothing routes to west: one pass drops it
    fleet.use('east');
    await fleet.work('east', 'west');
    expect(await fleet.asks('west')).toBe(`${second}*0`);
    expect(await fleet.asked()).toEqual(['east']);
    fleet.records.holds = { held: 20, removing: 3 };
    await fleet.work('east', 'west');
    expect(await fleet.asks('west')).toBe('leaves (derived)');
  });

  it('that does not start leaves what serves where it is', async () => {
    fleet.agents.get('west')?.failing.set(second, 'Crashed');
    fleet.use('west');
    await fleet.work('east', 'west');
    expect(await fleet.asked()).toEqual(['east']);
    expect(await fleet.asks('east')).toBe(`${first}*1`);
    expect(fleet.said('RevisionReady')).toMatchObject({ status: 'false' });
    fleet.use('east');
    await fleet.work('east', 'west');
    expect(await fleet.asked()).toEqual(['east']);
    expect([await fleet.asks('east'), await fleet.asks('west')]).toEqual([
      `${first}*0 hello-00003*1`,
      'leaves (derived)',
    ]);
  });

  it('that no cluster can run keeps nobody from moving what serves', async () => {
    fleet.count('west', 'east');
    fleet.use('west');
    await fleet.work('east', 'west');
    expect(fleet.said('Placed')).toMatchObject({
      status: 'false',
      reason: 'NoCluster',
      message: expect.stringMatching(
        /^No cluster can hold hello-00002 \(.*none of its nodes has GPUs of class west.*\)\. hello-00001 serves on\.$/,
      ) as string,
    });
    expect([await fleet.asked(), await fleet.asks('east')]).toEqual([['east'], `${first}*1`]);
    fleet.become('east', { cordonedAt: fleet.clock.now(), drainingAt: fleet.clock.now() });
    await fleet.work('east', 'west');
    expect([await fleet.asked(), await fleet.asks('west')]).toEqual([['west'], `${first}*1`]);
    expect(await fleet.asks('east')).toBe('leaves (operator)');
  });

  it('keeps a region of what serves until the newest serves in the other', async () => {
    fleet.count('west', 'east', 'west');
    fleet.change({ regions: ['east', 'west'] });
    await fleet.work('east', 'west');
    expect(await fleet.asked()).toEqual(['east', 'west']);
    fleet.agents.get('west')?.waiting.set(second, 'ClusterFull');
    fleet.use('west');
    await fleet.work('east', 'west');
    expect(await fleet.asked()).toEqual(['east', 'west']);
    fleet.agents.get('west')?.waiting.clear();
    await fleet.work('east', 'west');
    expect(await fleet.asked()).toEqual(['west']);
    expect(await fleet.asks('east')).toBe('leaves (derived)');
    expect(fleet.said('Placed')?.message).toBe('Held by west. No cluster can hold it in east.');
  });
});

describe('a newest revision for which all GPUs are taken', () => {
  const first = 'hello-00001';
  const second = 'hello-00002';
  let fleet: Fleet;
  let agent: FakeAgent;
  beforeEach(async () => {
    fleet = new Fleet('east');
    agent = fleet.agents.get('east') as FakeAgent;
    fleet.equip('east');
    fleet.use('east');
    fleet.change({ minInstances: 1 });
    agent.running.set(first, 1);
    await fleet.work('east');
  });
  const roll = async (): Promise<void> => {
    const { template } = fleet.rows.service;
    fleet.change({ template: { ...template, env: [{ name: 'NEXT', value: 'yes' }] } });
    fleet.records.add({ ...fleet.rows, templateGeneration: fleet.rows.service.generation });
    agent.waiting.set(second, 'GpusTaken');
    await fleet.work('east');
  };

  it('waits with surge while the other serves, and says what else can be chosen', async () => {
    await roll();
    expect([await fleet.asked(), await fleet.asks('east')]).toEqual([['east'], `${first}*1 ${second}*0`]);
    expect(fleet.said('RevisionReady')).toMatchObject({
      reason: 'RevisionStarting',
      message: `It waits: GpusTaken. It is to take the place of ${first}.`,
      nextStep: expect.stringContaining('--rollout replace') as string,
    });
    // what is chosen while it waits is good for it
    fleet.change({ rollout: 'replace' });
    await fleet.work('east');
    expect([await fleet.asked(), await fleet.asks('east')]).toEqual([[], `${first}*0 ${second}*0`]);
  });

  it('takes its place with replace, and stays in it until it serves', async () => {
    fleet.change({ rollout: 'replace' });
    await roll();
    expect([await fleet.asked(), await fleet.asks('east')]).toEqual([[], `${first}*0 ${second}*0`]);
    expect(fleet.said('RevisionReady')).toMatchObject({ status: 'unknown', reason: 'RevisionReplaces' });
    agent.running.set(first, 0);
    agent.waiting.set(second, 'Starting');
    await fleet.work('east');
    expect(await fleet.asked()).toEqual([]);
    agent.waiting.clear();
    await fleet.work('east');
    expect([await fleet.asked(), await fleet.asks('east')]).toEqual([['east'], `${first}*0 ${second}*1`]);
    expect(fleet.rows.service.status.traffic).toEqual([
      expect.objectContaining({ revision: second, percent: 100 }),
    ]);
  });

  it('that does not start gives the place back', async () => {
    fleet.change({ rollout: 'replace' });
    await roll();
    expect(await fleet.asked()).toEqual([]);
    agent.waiting.clear();
    agent.failing.set(second, 'CrashLoop');
    await fleet.work('east');
    expect([await fleet.asked(), await fleet.asks('east')]).toEqual([['east'], `${first}*1 ${second}*0`]);
    expect(fleet.said('RevisionReady')).toMatchObject({ status: 'false', reason: 'RevisionFailed' });
  });

  it('for which giving way does not help gives the place back after a while, and says so', async () => {
    fleet.change({ rollout: 'replace', updatedAt: fleet.clock.now() });
    await roll();
    agent.running.set(first, 0);
    fleet.clock.step(GIVE_WAY_MS - 1);
    fleet.heard();
    await fleet.work('east');
    expect(await fleet.asked()).toEqual([]);
    fleet.clock.step(1);
    fleet.heard();
    await fleet.work('east');
    expect(await fleet.asked()).toEqual(['east']);
    expect(fleet.said('RevisionReady')).toMatchObject({
      reason: 'RevisionStarting',
      nextStep: expect.stringContaining('giving way did not help') as string,
    });
    await fleet.work('east');
    expect(await fleet.asked()).toEqual(['east']);
  });

  it.each<[string, string, readonly string[], boolean]>([
    ['starts still keeps the place', 'Starting', ['east'], false],
    ['waits for something else gives it back', 'NoGpuNode', ['east'], true],
    ['starts where nobody answers gives it back', 'Starting', [], true],
  ])('that is late and %s', async (_what, last, heard, isBack) => {
    fleet.change({ rollout: 'replace', updatedAt: fleet.clock.now() });
    await roll();
    agent.running.set(first, 0);
    agent.waiting.set(second, last);
    await fleet.work('east');
    fleet.clock.step(GIVE_WAY_MS);
    if (heard.length > 0) fleet.heard();
    await fleet.work(...heard);
    expect((await fleet.asks('east')).startsWith(`${first}*1`)).toBe(isBack);
    await fleet.work(...heard);
    expect((await fleet.asks('east')).startsWith(`${first}*1`)).toBe(isBack);
  });

  it('gives it back when its customer goes back to the other', async () => {
    fleet.change({ rollout: 'replace' });
    await roll();
    fleet.change({ traffic: [{ revision: first, percent: 100 }] });
    await fleet.work('east');
    expect([await fleet.asked(), await fleet.asks('east')]).toEqual([['east'], `${first}*1 ${second}*0`]);
  });
});

describe('a revision with traffic that is not the newest', () => {
  const first = 'hello-00001';
  const second = 'hello-00002';
  let fleet: Fleet;
  /** The first serves, and is pinned, in east, which alone has the GPUs of the second; west could run the first. */
  beforeEach(async () => {
    fleet = new Fleet('east', 'west');
    fleet.equip('east');
    fleet.count('west');
    fleet.become('west', { lastSeenAt: 0 });
    fleet.change({ minInstances: 1 });
    await fleet.work('east', 'west');
    fleet.change({ traffic: [{ revision: first, percent: 100 }] });
    fleet.use('east');
    await fleet.work('east', 'west');
    fleet.heard();
    expect([await fleet.asks('east'), await fleet.asks('west')]).toEqual([`${first}*1 ${second}*0`, '']);
  });
  const drain = (region: string): void =>
    fleet.become(region, { cordonedAt: fleet.clock.now(), drainingAt: fleet.clock.now() });

  it('is kept warm where it went, and no longer where it is only kept', async () => {
    drain('east');
    await fleet.work('east');
    expect(await fleet.asked()).toEqual(['east']);
    expect([await fleet.asks('east'), await fleet.asks('west')]).toEqual([
      `${first}*1 ${second}*0`,
      `${first}*1`,
    ]);
    await fleet.work('east', 'west');
    expect(await fleet.asked()).toEqual(['west']);
    expect([await fleet.asks('east'), await fleet.asks('west')]).toEqual([
      `${first}*0 ${second}*0`,
      `${first}*1`,
    ]);
  });

  it('that moves to where it does not start yet is stopped where it still is asked for', async () => {
    drain('east');
    fleet.change({ regions: ['west'] });
    await fleet.work('east');
    expect(await fleet.asks('east')).toBe(`${first}*1 ${second}*0`);
    fleet.records.add({ ...fleet.rows, organizationStatus: 'suspended' });
    await fleet.work('east');
    expect((await fleet.target('east'))?.suspended).toBe(true);
  });

  it('stays where gateways ask for it when its customer’s regions have no place for it', async () => {
    // what west could run is not pinned: it holds GPUs too
    fleet.change({ traffic: [{ revision: second, percent: 100 }] });
    fleet.agents.get('east')?.running.set(second, 3);
    fleet.use();
    fleet.change({ regions: ['west'] });
    await fleet.work('east', 'west');
    expect([await fleet.asked(), await fleet.asks('west')]).toEqual([['east'], `${first}*0 hello-00003*0`]);
    expect(fleet.said('Placed')).toMatchObject({
      reason: 'NoCluster',
      message: expect.stringMatching(
        /^No cluster can hold hello-00002 \(.*its region is east.*\)\. hello-00002 stays where it is\.$/,
      ) as string,
    });
    expect(fleet.rows.revisions[1]?.status.instances).toBe(3);
    fleet.records.add({ ...fleet.rows, organizationStatus: 'suspended' });
    await fleet.work('east', 'west');
    expect((await fleet.target('east'))?.suspended).toBe(true);
    fleet.change({ traffic: [{ revision: 'latest', percent: 100 }] });
    await fleet.work('east', 'west');
    expect([await fleet.asked(), await fleet.asks('east')]).toEqual([['west'], 'leaves (customer)']);
    expect(fleet.said('Placed')).toMatchObject({ reason: 'Chosen' });
  });

  it('asked for and without a place says why, and ends for that', async () => {
    fleet.change({ regions: ['west'] });
    fleet.use();
    await fleet.work('east', 'west');
    expect(await fleet.asked()).toEqual(['west']);
    fleet.change({ traffic: [{ revision: second, percent: 100 }] });
    const operation = testOperation(fleet.rows.service, 'update', {
      makesRevision: false,
      now: fleet.clock.now(),
    });
    fleet.records.add({ ...fleet.rows, operations: [operation] });
    await fleet.work('east', 'west');
    const why = /No cluster can hold hello-00002 \(.*west: none of its nodes has GPUs of class east.*\)\./;
    expect(fleet.rows.operations[0]?.steps[0]?.message).toMatch(why);
    expect(fleet.said('Placed')?.message).toMatch(why);
    expect(fleet.said('Placed')?.message).toMatch(/ hello-00001 serves on\.$/);
    fleet.clock.step(STEP_DEADLINES_MS.traffic + 1);
    fleet.heard();
    await fleet.work('east', 'west');
    expect(fleet.rows.operations[0]).toMatchObject({ status: 'failed', error: { code: 'PLACEMENT_FAILED' } });
    expect(await fleet.asked()).toEqual(['west']);
  });
});

describe('an operation that a newer one overtook', () => {
  const second = 'hello-00002';
  let fleet: Fleet;
  beforeEach(async () => {
    fleet = new Fleet('east', 'west');
    fleet.equip('east', 'west', 'nobody');
    fleet.use('east');
    await fleet.work('east', 'west');
  });
  /** Of those of the three revisions. */
  const statuses = (): string[] => fleet.rows.operations.slice(1).map(({ status }) => status);
  const later = async (): Promise<void> => {
    fleet.clock.step(STEP_DEADLINES_MS.placement + 1);
    fleet.heard();
    await fleet.work('east', 'west');
  };

  it('shares the place of its own revision, not the want of one of the newest', async () => {
    fleet.agents.get('west')?.waiting.set(second, 'Pulling');
    fleet.use('west');
    await fleet.work('east', 'west');
    await later();
    fleet.use('nobody');
    await fleet.work('east', 'west');
    expect(fleet.said('Placed')).toMatchObject({ reason: 'NoCluster' });
    await later();
    expect(statuses()).toEqual(['succeeded', 'running', 'failed']);
    expect(await fleet.asks('west')).toBe(`${second}*0`);
  });

  it('ends for want of a place of its own, wherever the newest is', async () => {
    fleet.use('nobody');
    await fleet.work('east', 'west');
    fleet.agents.get('west')?.waiting.set('hello-00003', 'Pulling');
    fleet.use('west');
    await fleet.work('east', 'west');
    await later();
    expect(statuses()).toEqual(['succeeded', 'failed', 'running']);
    expect(fleet.rows.operations.at(-2)?.error).toMatchObject({ code: 'PLACEMENT_FAILED' });
  });
});
