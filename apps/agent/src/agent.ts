import { join } from 'node:path';
import type {
  BeforeApplicationShutdown,
  OnApplicationBootstrap,
  OnApplicationShutdown,
} from '@nestjs/common';
import { LogBudget, type Id, type OfferedGpus, type Target, type TargetRevision } from '#libs/domain';
import {
  AGENT_CONSUMER,
  Resync,
  kvStream,
  targetsBucket,
  type Bus,
  type Follower,
  type Membership,
  type Renewal,
  type SealedSecret,
} from '#libs/bus';
import { KeyedQueue, Loop, type ProcessParts } from '#libs/process';
import type { FolderBlobs } from '#libs/store';
import { BuildQueue } from './builds/build.queue.js';
import { BuildStore } from './builds/build.store.js';
import { Builder } from './builds/builder.js';
import type { Runtime } from './drivers/runtime.js';
import type { AgentKeys } from './join/agent.keys.js';
import { HubLink } from './join/hub.link.js';
import { InstanceReporter } from './instances/instance.reporter.js';
import { LogShipper } from './logs/log.shipper.js';
import { Environments } from './secrets/environment.js';
import { SealedStore, secretsOf } from './secrets/sealed.store.js';
import { ClusterReporter } from './status/cluster.reporter.js';
import { HubClock } from './status/hub.clock.js';
import { StatusReporter } from './status/status.reporter.js';
import { RemovalGuard } from './targets/removal.guard.js';
import { Removals } from './targets/removals.js';
import { ServiceReconciler } from './targets/service.reconciler.js';
import { TargetFeed } from './targets/target.feed.js';
import { TargetStore } from './targets/target.store.js';

/** A derived removal waits this long for others of the same wave. */
const SETTLE_MS = 5_000;
const SWEEP_MS = 300_000;
/** A sealed secret comes before the target that names it, but not this long before. */
const STRAY_MS = 3_600_000;
const ABANDONED_MS = 24 * 3_600_000;
/** Services worked on at the same time. */
const WIDTH = 8;
/** Of one organization. */
const WIDTH_OF_ONE = 6;

export interface AgentParts extends ProcessParts {
  dataDir: string;
  membership: Membership & { id: Id<'cls'> };
  renewal: (onRenewed: () => void) => Renewal;
  keys: AgentKeys;
  blobs: FolderBlobs;
  runtime: Runtime;
  /** What a build's commands see of the environment. */
  buildEnv: Record<string, string>;
  settleMs?: number;
  /** Of one organization. */
  logLinesPerSecond: number;
}

interface Stores {
  targets: TargetStore;
  sealed: SealedStore;
  builds: BuildStore;
}

/** The agent's life: what it holds, what wakes what, and in which order it starts and ends. */
export class Agent implements OnApplicationBootstrap, BeforeApplicationShutdown, OnApplicationShutdown {
  private readonly services: KeyedQueue<Id<'svc'>>;
  private readonly removals: Removals;
  private readonly reconciler: ServiceReconciler;
  private readonly guard: RemovalGuard;
  private readonly status: StatusReporter;
  private readonly cluster: ClusterReporter;
  private readonly hubClock: HubClock;
  private readonly instances: InstanceReporter;
  private readonly builds: BuildQueue;
  private readonly logs: LogShipper;
  private readonly link: HubLink;
  private readonly resync: Resync;
  private readonly sweep: Loop;
  private readonly feed: TargetFeed;
  private follower: Follower | undefined;
  private up: Bus | undefined;
  private hasStarted = false;

  static async open(parts: AgentParts): Promise<Agent> {
    const { dataDir, clock, logger } = parts;
    return new Agent(parts, {
      targets: await TargetStore.open(dataDir, clock, logger),
      sealed: await SealedStore.open(dataDir, clock, logger),
      builds: await BuildStore.open(dataDir, logger),
    });
  }

  private constructor(
    private readonly parts: AgentParts,
    private readonly stores: Stores,
  ) {
    const { clock, logger, membership, keys } = parts;
    const { driver, capabilities } = parts.runtime;
    const clusterId = membership.id;
    const bus = (): Bus => this.link.bus();
    const { targets, sealed } = stores;
    this.guard = new RemovalGuard(clock, parts.settleMs ?? SETTLE_MS);
    const environments = new Environments(sealed, keys.privateKey);
    const tenantOf = (serviceId: Id<'svc'>): string => this.ownerOf(serviceId);
    const sharing = { tenantOf, each: WIDTH_OF_ONE };
    this.removals = new Removals({
      ...{ width: WIDTH, sharing, logger },
      now: () => performance.now(),
      remove: (serviceId, signal) => driver.remove(serviceId, signal),
      onEnd: (serviceId) => this.services.add(serviceId),
    });
    const { guard, removals } = this;
    this.reconciler = new ServiceReconciler({
      ...{ targets, sealed, environments, guard, removals, driver, clock, logger },
    });
    this.services = new KeyedQueue('services', this.reconcile, WIDTH, logger, sharing);
    const budget = new LogBudget(parts.logLinesPerSecond);
    this.logs = new LogShipper({ clusterId, bus, clock, budget, metrics: parts.metrics, logger });
    this.status = new StatusReporter({
      clusterId,
      targets,
      reconciler: this.reconciler,
      driver,
      bus,
      clock,
      logger,
    });
    const hasStarted = (): boolean => this.hasStarted;
    this.hubClock = new HubClock({ clusterId, bus, clock, logger });
    const { offsetMs } = this.hubClock;
    this.cluster = new ClusterReporter({
      ...{ clusterId, targets, driver, hasStarted, capabilities, offsetMs, bus, clock, logger },
    });
    this.instances = new InstanceReporter({
      ...{ dataDir: parts.dataDir, clusterId, driver, bus, clock, metrics: parts.metrics, logger },
      ownerOf: (serviceId) => targets.get(serviceId)?.organizationId,
      offsetMs,
    });
    this.builds = this.buildQueue(clusterId, bus);
    this.resync = new Resync(clusterId, bus, logger);
    this.sweep = new Loop('sweep', SWEEP_MS, () => this.sweepFiles(), logger);
    const handlers = {
      target: this.onTarget,
      build: this.builds.accept,
      buildGone: this.builds.forget,
      sealed: this.onSealed,
      gpuClasses: (classes: readonly OfferedGpus[]) => driver.offered(classes),
    };
    this.feed = new TargetFeed(clusterId, handlers, logger);
    const renewal = parts.renewal(() => void this.link.redial());
    this.link = new HubLink(membership, renewal, parts.health, logger, (up) => this.onUp(up));
  }

  /** Works from the disk first; the hub may be away. What keeps the driver from starting is told meanwhile. */
  async onApplicationBootstrap(): Promise<void> {
    const { driver } = this.parts.runtime;
    this.link.start();
    await driver.start();
    await this.instances.start();
    driver.onChange(this.onChange);
    driver.onLog(({ serviceId, ...line }) => this.logs.add(this.ownerOf(serviceId), serviceId, line));
    for (const target of this.stores.targets.all()) this.services.add(target.service.id);
    for (const id of driver.services()) this.removeIfBack(id);
    this.builds.start();
    this.sweep.start();
    this.hasStarted = true;
    if (this.up !== undefined) this.onUp(this.up);
  }

  /** Takes no new work, ends builds and instances, and says so while the hub can still be reached. */
  async beforeApplicationShutdown(): Promise<void> {
    await this.link.giveUpIfAway();
    await this.follower?.stop();
    const workers = [this.resync, this.sweep, this.builds, this.services, this.removals];
    await Promise.all(workers.map((one) => one.stop()));
    await this.parts.runtime.driver.stop();
    const reporters = [this.status, this.cluster, this.logs, this.instances, this.hubClock];
    await Promise.all(reporters.map((one) => one.stop()));
  }

  async onApplicationShutdown(): Promise<void> {
    await this.link.close();
  }

  /** A service without a target shares with all such. */
  private ownerOf(serviceId: Id<'svc'>): string {
    return this.stores.targets.get(serviceId)?.organizationId ?? '';
  }

  private buildQueue(clusterId: Id<'cls'>, bus: () => Bus): BuildQueue {
    const { dataDir, blobs, runtime, buildEnv, clock, logger } = this.parts;
    return new BuildQueue({
      clusterId,
      builds: this.stores.builds,
      builder: new Builder({
        workDir: join(dataDir, 'work'),
        blobs,
        output: runtime.buildOutput,
        baseEnv: buildEnv,
      }),
      bus,
      log: ({ organizationId, buildId }, line) => this.logs.add(organizationId, buildId, line),
      clock,
      logger,
    });
  }

  private readonly reconcile = async (serviceId: Id<'svc'>): ReturnType<ServiceReconciler['reconcile']> => {
    const again = await this.reconciler.reconcile(serviceId);
    this.status.look(serviceId);
    if (this.stores.targets.get(serviceId) === undefined) this.sweep.wake();
    return again;
  };

  private readonly onChange = (serviceId: Id<'svc'>): void => {
    this.status.look(serviceId);
    this.removeIfBack(serviceId);
  };

  private removeIfBack(serviceId: Id<'svc'>): void {
    if (this.reconciler.isBack(serviceId)) this.services.add(serviceId);
  }

  private readonly onTarget = async (target: Target): Promise<void> => {
    const acceptance = await this.stores.targets.accept(target);
    const { generation, epoch } = target;
    const about = { serviceId: target.service.id, generation, epoch };
    if (acceptance === 'older') this.parts.logger.warn(about, 'an older target is refused');
    if (acceptance === 'contradicting') {
      this.parts.logger.error(about, 'two targets of one version: the first is kept');
    }
    if (acceptance === 'stored') this.services.add(target.service.id);
    // The hub sends it again when it has lost the answer.
    else this.status.look(target.service.id);
  };

  private readonly onSealed = async (secret: SealedSecret): Promise<void> => {
    await this.stores.sealed.put(secret);
    for (const target of this.stores.targets.all()) {
      const named = secretsOf(target).some(
        ({ id, version }) => id === secret.secretId && version === secret.version,
      );
      if (named) this.services.add(target.service.id);
    }
  };

  private onUp(bus: Bus): void {
    this.up = bus;
    this.cluster.beat();
    this.hubClock.beat();
    if (!this.hasStarted) return;
    if (this.follower === undefined) this.follow(bus);
    this.status.repeatAll();
    this.builds.wake();
    this.instances.wake();
    this.logs.wake();
    this.resync.start();
  }

  private follow(bus: Bus): void {
    const { logger, membership } = this.parts;
    this.follower = bus.follow(kvStream(targetsBucket(membership.id)), AGENT_CONSUMER, this.feed.handle, {
      onTrouble: (error) => logger.warn({ err: error }, 'targets cannot be followed, will be tried again'),
      onCalm: () => logger.info('targets are followed'),
    });
  }

  /** Removes images that no target names, unless something that no target names is still on its way out. */
  private async sweepFiles(): Promise<void> {
    const { runtime, blobs, clock } = this.parts;
    const { driver, sweepImages } = runtime;
    const { sealed, targets } = this.stores;
    await blobs.removeAbandoned(clock.now() - ABANDONED_MS);
    await sealed.dropStrays(targets.all(), clock.now() - STRAY_MS);
    const revisions = (): TargetRevision[] => this.stores.targets.all().flatMap((target) => target.revisions);
    const named = new Set(revisions().map((revision) => revision.id));
    if (driver.instances().some((instance) => !named.has(instance.revisionId))) return;
    await sweepImages(() => new Set(revisions().map((revision) => revision.imageDigest)));
  }
}
