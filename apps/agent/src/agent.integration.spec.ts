import { mkdir, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { createServer, connect, type Server, type Socket } from 'node:net';
import type { AddressInfo } from 'node:net';
import { request } from 'node:http';
import { join } from 'node:path';
import { CompactEncrypt, importJWK } from 'jose';
import { create } from 'tar';
import { z } from 'zod';
import type {
  ClusterFacts,
  Condition,
  Digest,
  Door,
  Id,
  OfferedGpus,
  Target,
  TargetRevision,
} from '#libs/domain';
import {
  GPU_CLASSES_KEY,
  Renewal,
  agentPermissions,
  buildKey,
  buildStatusSchema,
  buildTargetSchema,
  clusterStatusSchema,
  ensureClusterTopology,
  ensureHubTopology,
  gpuClassesSchema,
  logBatchSchema,
  resyncSubject,
  restartAgentConsumer,
  sealedKey,
  sealedSecretSchema,
  serviceKey,
  statusBucket,
  targetSchema,
  targetStatusSchema,
  targetsBucket,
  type BuildStatus,
  type LogEntry,
  type TargetStatus,
} from '#libs/bus';
import { Health, Metrics, systemClock, systemRandom, type Logger } from '#libs/process';
import { FolderBlobs } from '#libs/store';
import { temporaryFolder, testNats, until, type TemporaryFolder, type TestNats } from '#libs/testing';
import { Agent } from './agent.js';
import { buildBaseEnv } from './builds/build.environment.js';
import type { Driver, DriverLog, ResolvedEnv, RevisionState } from './drivers/driver.js';
import type { Runtime } from './drivers/runtime.js';
import { LocalDriver } from './drivers/local/local.driver.js';
import { localConfig, localSettings } from './drivers/local/local.settings.js';
import { UnpackedImages } from './images/image.store.js';
import { loadAgentKeys } from './join/agent.keys.js';

const ORGANIZATION: Id<'org'> = 'org_00000000000000000001';
const PROJECT: Id<'prj'> = 'prj_00000000000000000001';
const NOWHERE: Digest = `sha256:${'0'.repeat(64)}`;
const CANARY = 'canary-77aa31';

const id = <P extends 'svc' | 'rev' | 'sec' | 'bld' | 'cls'>(prefix: P, n: number): Id<P> =>
  `${prefix}_${String(n).padStart(20, '0')}`;

/** Says what it was asked, and fails on demand. */
class RecordingDriver implements Driver {
  readonly runtime = 'local';
  readonly applied: { target: Target; env: ResolvedEnv }[] = [];
  readonly removed: Id<'svc'>[] = [];
  fail: Error | undefined;
  /** What removals wait for. */
  requests: Promise<void> = Promise.resolve();
  private readonly held = new Map<Id<'svc'>, RevisionState[]>();
  private changed: (serviceId: Id<'svc'>) => void = () => undefined;
  log: (entry: DriverLog) => void = () => undefined;

  start = (): Promise<void> => Promise.resolve();
  stop = (): Promise<void> => Promise.resolve();
  door = (): Door => ({ host: '127.0.0.1', port: 1 });
  fits = true;
  isFit = (): boolean => this.fits;
  found = (): ClusterFacts | undefined => undefined;
  classes: string[] = [];
  offered = (classes: readonly OfferedGpus[]): void => {
    this.classes = classes.map(({ name }) => name);
  };
  contested = (): Condition | undefined => undefined;
  async apply(target: Target, env: ResolvedEnv): Promise<void> {
    this.applied.push({ target, env });
    if (this.fail) {
      for (const revision of target.revisions) await env(revision.id);
      throw this.fail;
    }
    const states = target.revisions.map((r) =>
      state(r, { type: 'Ready', status: 'unknown', reason: 'Starting' }),
    );
    this.held.set(target.service.id, states);
  }
  remove(serviceId: Id<'svc'>): Promise<void> {
    this.removed.push(serviceId);
    this.held.delete(serviceId);
    return this.requests;
  }
  /** Its cluster was given older data, and shows the service. */
  shows(serviceId: Id<'svc'>): void {
    this.held.set(serviceId, []);
  }
  ready(serviceId: Id<'svc'>): void {
    const states = this.held.get(serviceId) ?? [];
    for (const one of states) one.ready = condition({ type: 'Ready', status: 'true', reason: 'Ready' });
    this.changed(serviceId);
  }
  onChange(listener: (serviceId: Id<'svc'>) => void): () => void {
    this.changed = listener;
    return () => undefined;
  }
  onLog(listener: (entry: DriverLog) => void): () => void {
    this.log = listener;
    return () => undefined;
  }
  status = (serviceId: Id<'svc'>): RevisionState[] => this.held.get(serviceId) ?? [];
  services = (): Id<'svc'>[] => [...this.held.keys()];
  instances = (): [] => [];
  seenSince = (): number => 0;
}

const condition = (some: Pick<Condition, 'type' | 'status' | 'reason'>): Condition => ({
  ...some,
  message: '',
  changedAt: 1,
});
const state = (
  revision: TargetRevision,
  ready: Pick<Condition, 'type' | 'status' | 'reason'>,
): RevisionState => ({
  revisionId: revision.id,
  name: revision.name,
  ready: condition(ready),
  instances: 1,
});

/** A logger that keeps everything it is told, errors with their inner text. */
function recordingLogger(lines: string[]): Logger {
  const keep = (...args: unknown[]): void => {
    const plain = (_key: string, value: unknown): unknown =>
      value instanceof Error
        ? { ...value, message: value.message, stack: value.stack, cause: value.cause }
        : value;
    lines.push(JSON.stringify(args, plain));
  };
  return { trace: keep, debug: keep, info: keep, warn: keep, error: keep, fatal: keep } as unknown as Logger;
}

/** The way to NATS; can be cut and mended. */
class Line {
  private server: Server | undefined;
  private readonly sockets = new Set<Socket>();
  port = 0;

  constructor(private readonly to: number) {}

  async mend(): Promise<void> {
    this.server = createServer((socket) => {
      const other = connect(this.to, '127.0.0.1');
      for (const [one, two] of [
        [socket, other],
        [other, socket],
      ] as const) {
        this.sockets.add(one);
        one.on('error', () => two.destroy()).on('close', () => two.destroy());
        one.pipe(two);
      }
    });
    await new Promise<void>((resolve) => this.server?.listen(this.port, '127.0.0.1', resolve));
    this.port = (this.server.address() as AddressInfo).port;
  }

  async cut(): Promise<void> {
    const closed = new Promise((resolve) => this.server?.close(resolve));
    for (const socket of this.sockets) socket.destroy();
    await closed;
  }
}

describe('the agent on a real nats-server', () => {
  let nats: TestNats;
  let line: Line;
  let folder: TemporaryFolder;
  let clusterId: Id<'cls'>;
  let clusters = 0;
  let logs: string[];
  let resyncs: number;
  let running: Agent[];

  beforeAll(async () => {
    nats = await testNats();
    await ensureHubTopology(nats.bus);
    line = new Line(Number(new URL(nats.url).port));
    await line.mend();
  });
  afterAll(async () => {
    await line.cut();
    await nats.release();
  });

  beforeEach(async () => {
    folder = temporaryFolder();
    clusterId = id('cls', (clusters += 1));
    logs = [];
    resyncs = 0;
    running = [];
    await ensureClusterTopology(nats.bus, clusterId);
    nats.bus.nc.subscribe(resyncSubject(clusterId), {
      callback: (_error, message) => {
        resyncs += 1;
        // As the deployer does: what the bucket holds arrives again.
        void restartAgentConsumer(nats.bus, clusterId).then(() => message.respond());
      },
    });
  });
  afterEach(async () => {
    for (const agent of running) await stop(agent);
    folder.remove();
  });

  interface Parts {
    driver: Driver;
    port?: number;
    blobs?: FolderBlobs;
    images?: UnpackedImages;
    settleMs?: number;
    onRenewal?: (renewed: () => void) => void;
  }

  async function start(parts: Parts): Promise<Agent> {
    const blobs = parts.blobs ?? new FolderBlobs(join(folder.path, 'blobs'));
    const now = systemClock.now();
    const membership = {
      kind: 'agent' as const,
      id: clusterId,
      region: 'local',
      natsUrl: `nats://127.0.0.1:${parts.port ?? line.port}`,
      creds: await nats.credentials('agent', agentPermissions(clusterId)),
      renewalToken: 'none',
      expiresAt: now + 86_400_000,
      obtainedAt: now,
    };
    const dataDir = join(folder.path, 'agent');
    const logger = recordingLogger(logs);
    const agent = await Agent.open({
      dataDir,
      membership,
      renewal: (onRenewed) => {
        parts.onRenewal?.(onRenewed);
        return new Renewal(membership, { url: 'http://127.0.0.1:1', dataDir, clock: systemClock, logger });
      },
      keys: await loadAgentKeys(dataDir),
      blobs,
      runtime: runtimeOf(parts.driver, parts.images ?? new UnpackedImages(join(dataDir, 'images'), blobs)),
      buildEnv: buildBaseEnv(process.env, process.execPath),
      settleMs: parts.settleMs ?? 5000,
      logLinesPerSecond: 1_000,
      clock: systemClock,
      random: systemRandom,
      health: new Health(),
      metrics: new Metrics(),
      logger,
    });
    running.push(agent);
    await agent.onApplicationBootstrap();
    return agent;
  }

  async function stop(agent: Agent): Promise<void> {
    running = running.filter((one) => one !== agent);
    await agent.beforeApplicationShutdown();
    await agent.onApplicationShutdown();
  }

  const revision = (n: number, more: Partial<TargetRevision> = {}): TargetRevision => ({
    id: id('rev', n),
    name: `hello-0000${n}`,
    host: `hello-0000${n}.prj.towpath`,
    imageDigest: NOWHERE,
    env: [],
    resources: { cpuMillis: 1000, memoryMiB: 512 },
    concurrency: 80,
    timeoutSeconds: 300,
    minInstances: 0,
    maxInstances: 2,
    port: 8080,
    protocol: 'http1',
    ...more,
  });
  const target = (
    n: number,
    generation: number,
    revisions: TargetRevision[],
    more: Partial<Target> = {},
  ): Target => ({
    schemaVersion: 1,
    clusterId,
    organizationId: ORGANIZATION,
    projectId: PROJECT,
    service: { id: id('svc', n), name: 'hello' },
    generation,
    epoch: 1,
    revisions,
    ...more,
  });
  const project = (value: Target): Promise<number> =>
    nats.bus.putKey(targetsBucket(clusterId), serviceKey(value.service.id), targetSchema, value);
  const report = async (n: number): Promise<TargetStatus | undefined> =>
    (await nats.bus.getKey(statusBucket(clusterId), serviceKey(id('svc', n)), targetStatusSchema))?.value;
  const buildReport = async (n: number): Promise<BuildStatus | undefined> =>
    (await nats.bus.getKey(statusBucket(clusterId), buildKey(id('bld', n)), buildStatusSchema))?.value;
  async function seal(secret: number, value: string): Promise<void> {
    const { publicJwk } = await loadAgentKeys(join(folder.path, 'agent'));
    const jwe = await new CompactEncrypt(Buffer.from(value))
      .setProtectedHeader({ alg: 'ECDH-ES+A256KW', enc: 'A256GCM' })
      .encrypt(await importJWK({ ...publicJwk }, 'ECDH-ES+A256KW'));
    const key = sealedKey(id('sec', secret), 1);
    const sealed = { schemaVersion: 1 as const, secretId: id('sec', secret), version: 1, jwe };
    await nats.bus.putKey(targetsBucket(clusterId), key, sealedSecretSchema, sealed);
  }
  /** Every line about the thing, by the order of their numbers. */
  async function linesOf(about: string): Promise<LogEntry[]> {
    const jsm = await nats.bus.jsm();
    const found: LogEntry[] = [];
    const { state } = await jsm.streams.info('LOGS');
    for (let sequence = state.first_seq; sequence <= state.last_seq; sequence += 1) {
      const message = await jsm.streams.getMessage('LOGS', { seq: sequence });
      if (message?.subject === `logs.${about}.${clusterId}`) {
        found.push(...logBatchSchema.parse(message.json()).entries);
      }
    }
    return found;
  }
  const last = (driver: RecordingDriver): Target | undefined => driver.applied.at(-1)?.target;

  it('follows its targets, reports every change, and beats', async () => {
    const driver = new RecordingDriver();
    await start({ driver });
    await project(target(1, 1, [revision(1)]));
    const first = await until(() => report(1), { what: 'the first report' });
    expect(first).toMatchObject({ generation: 1, epoch: 1, removed: false });
    expect(first.revisions).toMatchObject([
      { name: 'hello-00001', ready: { status: 'unknown' }, instances: 1 },
    ]);
    driver.ready(id('svc', 1));
    await until(async () => (await report(1))?.revisions[0]?.ready.status === 'true');
    const cluster = await until(() =>
      nats.bus.getKey(statusBucket(clusterId), 'cluster', clusterStatusSchema),
    );
    expect(cluster.value).toMatchObject({ clusterId, runtime: 'local', capabilities: ['builder'] });
    await until(() => resyncs === 1);
    const contested = state(revision(1), { type: 'Contested', status: 'true', reason: 'NameTaken' }).ready;
    driver.contested = () => contested;
    driver.ready(id('svc', 1));
    await until(async () => (await report(1))?.contested?.reason === 'NameTaken');
  });

  it('tells what keeps its runtime from starting, and takes targets once it runs', async () => {
    const driver = new RecordingDriver();
    const { promise, resolve } = Promise.withResolvers<void>();
    driver.start = () => promise;
    const condition = {
      type: 'Knative',
      status: 'false',
      reason: 'NotInstalled',
      message: 'm',
      changedAt: 1,
    } as const;
    driver.found = () => ({ conditions: [condition], gpus: [] });
    const starting = start({ driver });
    const heard = await until(() => nats.bus.getKey(statusBucket(clusterId), 'cluster', clusterStatusSchema));
    expect(heard.value).toMatchObject({ found: { conditions: [condition], gpus: [] } });
    expect(heard.value.door).toBeUndefined();
    await project(target(1, 1, [revision(1)]));
    resolve();
    await starting;
    await until(() => last(driver)?.generation === 1);
    const isTold = async (): Promise<boolean> =>
      (await nats.bus.getKey(statusBucket(clusterId), 'cluster', clusterStatusSchema))?.value.door !==
      undefined;
    await until(isTold);
    // the cluster is not fit any more
    driver.fits = false;
    await until(async () => !(await isTold()), { deadlineMs: 30_000 });
    const waits = await nats.bus.getKey(statusBucket(clusterId), 'cluster', clusterStatusSchema);
    expect(waits?.value.waitingDoor).toEqual(driver.door());
  }, 60_000);

  it('tells its runtime which GPU classes there are, after a restart again', async () => {
    const offered = { name: 'l4', resource: 'nvidia.com/gpu', nodeLabels: { pool: 'l4' }, tolerations: [] };
    const classes = { schemaVersion: 1 as const, classes: [offered] };
    await nats.bus.putKey(targetsBucket(clusterId), GPU_CLASSES_KEY, gpuClassesSchema, classes);
    for (const driver of [new RecordingDriver(), new RecordingDriver()]) {
      const agent = await start({ driver });
      await until(() => driver.classes.includes('l4'));
      await stop(agent);
      await restartAgentConsumer(nats.bus, clusterId);
    }
  });

  it('refuses a lower (epoch, generation), also after a restart', async () => {
    const driver = new RecordingDriver();
    const agent = await start({ driver });
    await until(() => logs.some((text) => text.includes('sends everything again')));
    await project(target(1, 5, [revision(1)], { epoch: 2 }));
    await until(() => last(driver)?.generation === 5);
    for (const older of [target(1, 4, [], { epoch: 2 }), target(1, 9, [], { epoch: 1 })]) {
      await project(older);
      const { generation } = older;
      await until(() =>
        logs.some((text) => text.includes('older target') && text.includes(`:${generation},`)),
      );
    }
    await stop(agent);
    const again = new RecordingDriver();
    await start({ driver: again });
    await until(() => last(again)?.generation === 5);
    await project(target(1, 3, [], { epoch: 2 }));
    await project(target(2, 1, []));
    await until(() => again.applied.length === 2);
    expect(again.applied.map((one) => one.target.generation)).toEqual([5, 1]);
  });

  it('works from its disk when the hub is not there', async () => {
    const driver = new RecordingDriver();
    const agent = await start({ driver });
    await project(target(1, 1, [revision(1)]));
    await until(() => driver.applied.length === 1);
    await stop(agent);
    const alone = new RecordingDriver();
    const lonely = await start({ driver: alone, port: 1 });
    await until(() => last(alone)?.generation === 1);
    expect(alone.removed).toEqual([]);
    await stop(lonely);
  });

  it('goes on when the line is cut: nothing of what it held back, or missed, is lost', async () => {
    const driver = new RecordingDriver();
    await start({ driver });
    await project(target(1, 1, [revision(1)]));
    await until(() => report(1));
    await line.cut();
    await until(() => logs.some((text) => text.includes('the hub is away')));
    await project(target(1, 2, [revision(1), revision(2)]));
    driver.ready(id('svc', 1));
    const base = { serviceId: id('svc', 1), revision: 'hello-00001', stream: 'stdout' as const };
    for (let n = 0; n < 1200; n += 1) driver.log({ ...base, time: n, text: `line ${n}` });
    await line.mend();
    await until(() => last(driver)?.generation === 2, { what: 'the missed target' });
    await until(async () => (await report(1))?.generation === 2, { what: 'the report of it' });
    const lines = await until(async () => {
      const found = await linesOf(id('svc', 1));
      return found.length >= 1200 ? found : undefined;
    });
    expect(lines.map((entry) => entry.text)).toEqual(Array.from({ length: 1200 }, (_, n) => `line ${n}`));
  }, 40_000);

  it('dials again with renewed credentials and misses nothing', async () => {
    const driver = new RecordingDriver();
    let renewed: () => void = () => undefined;
    await start({ driver, onRenewal: (call) => (renewed = call) });
    await project(target(1, 1, [revision(1)]));
    await until(() => report(1));
    renewed();
    await project(target(1, 2, [revision(1)]));
    await until(() => last(driver)?.generation === 2);
    await until(async () => (await report(1))?.generation === 2);
    expect(logs.filter((text) => text.includes('the hub is back'))).toHaveLength(1);
    await until(() => resyncs === 2);
  }, 40_000);

  it('opens sealed secrets only for an instance, waits for those that have not come, and tells them nobody', async () => {
    const driver = new RecordingDriver();
    await start({ driver });
    const env = [
      { name: 'PLAIN', value: 'plain' },
      { name: 'TOKEN', secret: { id: id('sec', 1), version: 1 } },
    ];
    await project(target(1, 1, [revision(1), revision(2, { env })]));
    const waiting = await until(() => report(1));
    expect(waiting.revisions[1]).toMatchObject({
      name: 'hello-00002',
      ready: { status: 'unknown', reason: 'SecretMissing' },
    });
    expect(last(driver)?.revisions.map((one) => one.name)).toEqual(['hello-00001']);
    await seal(1, CANARY);
    await until(() => last(driver)?.revisions.length === 2);
    expect(await driver.applied.at(-1)?.env(id('rev', 2))).toEqual({ PLAIN: 'plain', TOKEN: CANARY });
    driver.fail = new Error('planted');
    await project(target(1, 2, [revision(1), revision(2, { env }), revision(3)]));
    await until(() => logs.some((text) => text.includes('planted')));
    driver.fail = undefined;
    await until(async () => (await report(1))?.generation === 2);
    for (const name of await readdir(folder.path, { recursive: true })) {
      expect(await readFile(join(folder.path, name), 'utf8').catch(() => '')).not.toContain(CANARY);
    }
    expect(logs.join('\n')).not.toContain(CANARY);
    expect(JSON.stringify(await report(1))).not.toContain(CANARY);
  });

  it('removes by tombstone only, with all its files, and says so', async () => {
    const driver = new RecordingDriver();
    const agent = await start({ driver });
    const env = [{ name: 'TOKEN', secret: { id: id('sec', 1), version: 1 } }];
    await seal(1, CANARY);
    await project(target(1, 1, [revision(1, { env })]));
    await until(() => report(1));
    await (await nats.bus.kv(targetsBucket(clusterId))).delete(serviceKey(id('svc', 1)));
    await project(target(2, 1, []));
    await until(() => report(2));
    expect(driver.removed).toEqual([]);
    await project(target(1, 2, [], { tombstone: { by: 'customer' } }));
    await until(async () => (await report(1))?.removed);
    expect(driver.removed).toEqual([id('svc', 1)]);
    const files = async (name: string): Promise<string[]> => readdir(join(folder.path, 'agent', name));
    expect(await files('targets')).toEqual([`${id('svc', 2)}.json`]);
    expect(await files('sealed')).toEqual([]);
    await stop(agent);
    const again = new RecordingDriver();
    again.shows(id('svc', 1));
    again.shows(id('svc', 3));
    await start({ driver: again });
    await project(target(1, 1, [revision(1)]));
    await until(() => logs.some((text) => text.includes('older target is refused')));
    await until(() => again.removed.length > 0);
    // of the third nobody ever said that it goes
    expect(again.removed).toEqual([id('svc', 1)]);
    expect(again.applied.map((one) => one.target.service.id)).toEqual([id('svc', 2)]);
  });

  it('holds up nobody while it removes services whose requests take long, and brings back only what was gone', async () => {
    const driver = new RecordingDriver();
    const { promise, resolve: end } = Promise.withResolvers<void>();
    driver.requests = promise;
    await start({ driver });
    const going = Array.from({ length: 12 }, (_, n) => n + 1);
    for (const n of going) await project(target(n, 1, [], { tombstone: { by: 'customer' } }));
    // as many as one organization may have at a time
    await until(() => driver.removed.length === 6);
    await project(target(1, 2, [revision(1)]));
    await project(target(100, 1, [revision(1)]));
    await until(async () => (await report(100))?.revisions[0]?.ready.reason === 'Starting');
    expect(driver.applied.map((one) => one.target.service.id)).toEqual([id('svc', 100)]);
    expect((await report(2))?.removed).not.toBe(true);
    end();
    await until(async () => (await report(2))?.removed);
    await until(async () => (await report(1))?.revisions[0]?.ready.reason === 'Starting');
    expect(driver.removed).toHaveLength(going.length);
  });

  it('tries a removal again that failed', async () => {
    const driver = new RecordingDriver();
    const { promise, reject } = Promise.withResolvers<void>();
    driver.requests = promise;
    await start({ driver });
    await project(target(1, 1, [], { tombstone: { by: 'customer' } }));
    await until(() => driver.removed.length === 1);
    driver.requests = Promise.resolve();
    reject(new Error('planted'));
    await until(async () => (await report(1))?.removed);
    expect(driver.removed).toHaveLength(2);
    expect(logs.join()).toContain('planted');
  });

  it('holds a wave of removals that nobody asked for', async () => {
    const driver = new RecordingDriver();
    await start({ driver, settleMs: 300 });
    const wave = Array.from({ length: 10 }, (_, n) => n + 1);
    await Promise.all(wave.map((n) => project(target(n, 1, [revision(1)]))));
    await until(() => driver.applied.length === 10);
    await Promise.all(wave.map((n) => project(target(n, 2, [], { tombstone: { by: 'derived' } }))));
    await until(async () => (await report(10))?.revisions[0]?.ready.reason === 'RemovalHeld');
    expect(driver.removed).toEqual([]);
    await project(target(1, 3, [], { tombstone: { by: 'operator' } }));
    await until(async () => (await report(1))?.removed);
    await project(target(2, 3, [revision(1)]));
    await until(async () => (await report(2))?.revisions[0]?.ready.reason === 'Starting');
    expect(driver.removed).toEqual([id('svc', 1)]);
  });

  it('keeps what it has when the hub sends nonsense', async () => {
    const driver = new RecordingDriver();
    await start({ driver });
    const bucket = targetsBucket(clusterId);
    const garbage = z.unknown();
    await nats.bus.putKey(bucket, serviceKey(id('svc', 1)), garbage, { schemaVersion: 99 });
    await nats.bus.putKey(bucket, 'service.other', garbage, target(2, 1, []));
    await nats.bus.putKey(bucket, 'novelty.1', garbage, 'x');
    await project(target(3, 1, [], { clusterId: id('cls', 999_999) }));
    await project(target(4, 1, [revision(1)]));
    await until(() => driver.applied.length === 1);
    expect(last(driver)?.service.id).toBe(id('svc', 4));
    expect(await readdir(join(folder.path, 'agent', 'targets'))).toEqual([`${id('svc', 4)}.json`]);
  });

  describe('with the local runtime', () => {
    let blobs: FolderBlobs;
    let driver: LocalDriver;
    beforeEach(async () => {
      blobs = new FolderBlobs(join(folder.path, 'blobs'));
      const images = new UnpackedImages(join(folder.path, 'agent', 'images'), blobs);
      const settings = localSettings(z.object(localConfig).parse({}), join(folder.path, 'agent', 'local'));
      const logger = recordingLogger(logs);
      const parts = { settings, images, clock: systemClock, random: systemRandom, logger };
      driver = new LocalDriver({ ...parts, environment: 'test' });
      await start({ driver, blobs, images });
    });

    /** Packs the files as an upload and asks for its build. */
    async function build(n: number, files: Record<string, string>): Promise<BuildStatus> {
      const source = join(folder.path, `source-${n}`);
      for (const [name, text] of Object.entries(files)) {
        await mkdir(join(source, name, '..'), { recursive: true });
        await writeFile(join(source, name), text);
      }
      const packed = create({ cwd: source, gzip: true, portable: true }, Object.keys(files));
      const { digest } = await blobs.write(packed, 100_000_000);
      await ask(n, digest);
      return until(
        async () => {
          const status = await buildReport(n);
          return status?.phase === 'running' ? undefined : status;
        },
        { deadlineMs: 60_000, what: 'the end of the build' },
      );
    }
    const ask = (n: number, uploadDigest: Digest): Promise<number> =>
      nats.bus.putKey(targetsBucket(clusterId), buildKey(id('bld', n)), buildTargetSchema, {
        schemaVersion: 1,
        buildId: id('bld', n),
        organizationId: ORGANIZATION,
        serviceId: id('svc', 1),
        uploadDigest,
      });
    const get = (host: string): Promise<string> =>
      new Promise((resolve, reject) => {
        const { port } = driver.door();
        request({ host: '127.0.0.1', port, headers: { host }, path: '/' }, (response) => {
          let text = '';
          response.on('data', (chunk: Buffer) => (text += chunk.toString()));
          response.on('end', () => resolve(`${response.statusCode} ${text}`));
        })
          .on('error', reject)
          .end();
      });

    const NODE_APP = {
      'package.json': JSON.stringify({
        scripts: { build: 'node make.js', start: 'node out/server.js' },
        dependencies: { greet: 'file:./greet' },
        devDependencies: { tool: 'file:./tool' },
      }),
      'make.js': `require('tool'); require('fs').mkdirSync('out'); require('fs').copyFileSync('server.js', 'out/server.js');
        console.log('made it, and TOWPATH is ' + JSON.stringify(Object.keys(process.env).filter((n) => /TOWPATH|NATS|TEST_/.test(n))));`,
      'server.js': `const { greet } = require('greet');
        require('http').createServer((q, s) => s.end(greet(process.env.GREETING))).listen(process.env.PORT);`,
      'greet/package.json': JSON.stringify({ name: 'greet', version: '1.0.0', main: 'i.js' }),
      'greet/i.js': 'exports.greet = (name) => `hello ${name}`;',
      'tool/package.json': JSON.stringify({ name: 'tool', version: '1.0.0', main: 'i.js' }),
      'tool/i.js': '',
    };

    it('builds a Node application with dependencies, starts it with a secret, and removes every trace', async () => {
      const status = await build(1, NODE_APP);
      expect(status).toMatchObject({
        phase: 'succeeded',
        imageDigest: expect.stringMatching(/^sha256:/) as string,
      });
      const lines = await until(async () => {
        const texts = (await linesOf(id('bld', 1))).map((entry) => entry.text);
        return texts.some((text) => text.startsWith('Image ')) && texts;
      });
      expect(lines).toEqual(
        expect.arrayContaining(['$ npm run build --no-update-notifier', 'made it, and TOWPATH is []']),
      );
      const env = [{ name: 'GREETING', secret: { id: id('sec', 1), version: 1 } }];
      const imageDigest = status.imageDigest as Digest;
      await seal(1, CANARY);
      await project(target(1, 1, [revision(1, { env, imageDigest })]));
      await until(async () => (await report(1))?.revisions[0]?.ready.status === 'true', {
        deadlineMs: 30_000,
      });
      expect(await get('hello-00001.prj.towpath')).toBe(`200 hello ${CANARY}`);
      await project(target(1, 2, [], { tombstone: { by: 'customer' } }));
      await until(async () => (await report(1))?.removed, { deadlineMs: 30_000 });
      await until(async () => (await readdir(join(folder.path, 'agent', 'images'))).length === 0);
      expect(await readdir(join(folder.path, 'agent', 'work'))).toEqual(['npm']);
      expect(logs.join('\n')).not.toContain(CANARY);
    }, 90_000);

    it('builds anything by its Procfile; the same source gives the same image; a build runs once', async () => {
      const files = { Procfile: 'web: node any.mjs', 'any.mjs': 'console.log(process.env.PORT)' };
      const first = await build(1, files);
      const second = await build(2, files);
      expect(first).toMatchObject({ phase: 'succeeded' });
      expect(second.imageDigest).toBe(first.imageDigest);
      await rm(join(folder.path, 'blobs'), { recursive: true });
      await ask(1, NOWHERE);
      await ask(3, NOWHERE);
      await until(async () => (await buildReport(3))?.phase === 'failed');
      expect((await buildReport(3))?.error?.code).toBe('FAILED_PRECONDITION');
      expect(await buildReport(1)).toEqual(first);
    }, 60_000);

    it('says which command of a build failed, with its last lines and what to do', async () => {
      const status = await build(1, {
        'package.json': JSON.stringify({ scripts: { build: 'node make.js', start: 'node a.js' } }),
        'make.js': 'console.error("no moon tonight"); process.exit(7);',
      });
      expect(status).toMatchObject({
        phase: 'failed',
        error: {
          code: 'BUILD_FAILED',
          message: expect.stringMatching(/`npm run build` ended with code 7[^]*no moon tonight/) as string,
          violations: [{ field: 'source', message: '`npm run build` ended with code 7' }],
          nextStep: expect.any(String) as string,
        },
      });
      expect(await build(2, { Dockerfile: 'FROM scratch', Procfile: 'web: x' })).toMatchObject({
        phase: 'failed',
        error: { code: 'NOT_SUPPORTED', message: expect.stringContaining('Dockerfile') as string },
      });
    }, 60_000);
  });
});

/** The local runtime's handling of images around another driver. */
function runtimeOf(driver: Driver, images: UnpackedImages): Runtime {
  return {
    driver,
    buildOutput: { base: () => Promise.resolve(undefined), finish: (image) => images.imageFolder(image) },
    sweepImages: (inUse) => images.removeUnused(inUse),
    capabilities: () => ['builder'],
  };
}
