import { ensureHubTopology, operationSubject, removeClusterTopology, type Bus } from '#libs/bus';
import type { Clock, PublicOrigin } from '#libs/domain';
import { KeyedQueue, crashPoint, type Again, type ProcessParts } from '#libs/process';
import {
  LeaseKeeper,
  LeaseLost,
  StaleWrite,
  findCluster,
  findOwners,
  forgetClusterTargets,
  listClusterServices,
  type Database,
  type FolderBlobs,
  type Lease,
} from '#libs/store';
import type {
  BeforeApplicationShutdown,
  OnApplicationBootstrap,
  OnApplicationShutdown,
} from '@nestjs/common';
import { Eraser } from './erasure/eraser.js';
import { Sweep } from './garbage/sweep.js';
import { ImageResolver } from './images/image.resolver.js';
import { RegistryReader } from './images/registry.reader.js';
import { OutboxRelay } from './outbox/relay.js';
import { GpuClassProjection } from './projection/gpu-classes.js';
import { Projection } from './projection/projection.js';
import { SecretSealer } from './projection/secret-sealer.js';
import { Observer } from './reconcile/observer.js';
import { Reconciler } from './reconcile/reconciler.js';
import { DatabaseRecords } from './reconcile/records.js';
import { BucketGuard } from './wake/bucket.guard.js';
import { BuildBoard } from './wake/build.board.js';
import { BuildReports } from './wake/build.reports.js';
import { ClusterBoard } from './wake/cluster.board.js';
import { EventDoor } from './wake/event.door.js';
import { GatewayBoard } from './wake/gateway.board.js';
import { Owners } from './wake/owners.js';
import { DEPLOYER_LEASES, FIRST_LEASE, leaseOf } from './wake/partitions.js';
import { Resync } from './wake/resync.js';
import { StatusWatches } from './wake/status.watches.js';
import { Strangers } from './wake/strangers.js';

export interface DeployerOptions {
  domain: string;
  origin: PublicOrigin;
  masterKey: Uint8Array;
  blobs: FolderBlobs;
  /** Origins of registries that may be on private addresses. */
  privateRegistries: readonly string[];
}

/** Services worked on at a time. */
const WIDTH = 8;
/** Of one organization: however much it deploys, another's service finds a free place. */
const WIDTH_OF_ONE = 6;
const STALE_RETRY_MS = 20;

/** One replica of the deployer: what wakes it, the queue by service, and the relay. */
export class Deployer implements OnApplicationBootstrap, BeforeApplicationShutdown, OnApplicationShutdown {
  readonly relay: OutboxRelay;
  private readonly queue: KeyedQueue<string>;
  private readonly leases: LeaseKeeper;
  private readonly door: EventDoor;
  private readonly gateways: GatewayBoard;
  private readonly watches: StatusWatches;
  private readonly resync: Resync;
  private readonly guard: BucketGuard;
  private readonly gpuClasses: GpuClassProjection;
  private readonly strangers: Strangers;
  private readonly eraser: Eraser;
  private readonly sweep: Sweep;
  private readonly images: ImageResolver;
  private readonly reconciler: Reconciler;
  private readonly passes;

  constructor(
    private readonly db: Database,
    private readonly bus: Bus,
    private readonly parts: ProcessParts,
    options: DeployerOptions,
  ) {
    const { clock, logger, random, metrics, health } = parts;
    const owner = `deployer-${Buffer.from(random(8)).toString('hex')}`;
    const find = (ids: string[]): Promise<Map<string, string>> => db.asSystem((tx) => findOwners(tx, ids));
    const owners = new Owners(find, (serviceId) => this.queue.add(serviceId), logger);
    const wake = (serviceId: string): void => owners.wake(serviceId);
    this.passes = metrics.counter('towpath_deployer_passes_total', 'Passes over a service', ['result']);
    this.queue = new KeyedQueue('services', (serviceId) => this.pass(serviceId), WIDTH, logger, {
      tenantOf: (serviceId) => owners.of(serviceId),
      each: WIDTH_OF_ONE,
    });
    this.relay = new OutboxRelay({ db, bus, clock, logger, metrics, health });
    this.strangers = new Strangers(bus, db, clock, logger);
    const asked = (): void => this.watches.wake();
    this.resync = new Resync(bus, db, clock, { wakeService: wake, asked }, logger);
    const leases = { group: 'deployer', names: DEPLOYER_LEASES, owner, db, clock, logger, metrics };
    this.leases = new LeaseKeeper(leases, { onGained: () => this.resync.all() });
    this.guard = this.guardOf(clock);
    this.gpuClasses = new GpuClassProjection({ bus, db, leads: () => this.leads(), logger });
    this.door = new EventDoor({ bus, leases: this.leases, owner, wakeService: wake, logger });
    const holding = (id: string): Lease | undefined => this.leases.holding(leaseOf(id));
    this.eraser = new Eraser({ db, bus, clock, random, logger, holding, blobs: options.blobs });
    this.sweep = new Sweep({ db, bus, clock, logger, holding, blobs: options.blobs });
    this.gateways = new GatewayBoard(bus, db, () => this.queue.hurry(), logger);
    const news = {
      changed: (clusterId: string): Promise<void> => this.resync.cluster(clusterId),
      epochRaised: (): Promise<void> => this.resync.all(),
    };
    const clusters = new ClusterBoard(db, news, logger);
    const builds = new BuildReports(new BuildBoard(db), wake, logger);
    this.watches = new StatusWatches(bus, db, clusters, builds, wake, logger);
    const records = new DatabaseRecords(db, clock, options, (id) => bus.tell(operationSubject(id)));
    this.images = new ImageResolver({
      reader: new RegistryReader(options.privateRegistries),
      openSecret: (...of) => records.openSecret(...of),
      wakeService: (serviceId) => this.queue.add(serviceId),
      clock,
      logger,
    });
    this.reconciler = new Reconciler(
      new Observer(records, bus, this.gateways.statuses, this.images.look),
      records,
      new Projection(bus, new SecretSealer(bus, records)),
      clock,
      { random, domain: options.domain, origin: options.origin },
    );
  }

  async onApplicationBootstrap(): Promise<void> {
    await ensureHubTopology(this.bus);
    await this.gateways.start();
    this.door.start();
    this.watches.start();
    this.resync.start();
    this.strangers.start();
    this.guard.start();
    this.gpuClasses.start();
    await this.leases.start();
    await this.relay.start();
    this.eraser.start();
    this.sweep.start();
    this.bus.onReturn(() => {
      this.relay.distrust();
      this.guard.wake();
    });
  }

  /** Stops taking work and finishes what is in hand. */
  async beforeApplicationShutdown(): Promise<void> {
    const wakers = [this.door, this.resync, this.guard, this.strangers, this.watches];
    const loops = [...wakers, this.gpuClasses, this.relay];
    await Promise.all([this.eraser.stop(), this.sweep.stop()]);
    await Promise.all(loops.map((loop) => loop.stop()));
    this.gateways.stop();
    await this.images.stop();
    await this.queue.stop();
    await this.leases.stop();
  }

  async onApplicationShutdown(): Promise<void> {
    await this.bus.close();
    await this.db.close();
  }

  /** Fails when no replica looks at the service now: the message is given back, and comes again. */
  async wakeFromEvent(serviceId: string): Promise<void> {
    await this.door.wake(serviceId);
    crashPoint('deployer.woken');
  }

  /** It joined, left, or an operator cordoned or drains it: whoever holds a service's partition looks at it. */
  async clusterChanged(clusterId: string): Promise<void> {
    this.watches.wake();
    if (!(await this.db.asSystem((tx) => findCluster(tx, clusterId)))) return this.forgetCluster(clusterId);
    const services = await this.db.asSystem((tx) => listClusterServices(tx, clusterId));
    for (const serviceId of services) await this.door.wake(serviceId);
  }

  /** A cluster is removed only when it holds nothing: what is left are the traces of what it held. */
  private async forgetCluster(clusterId: string): Promise<void> {
    this.watches.forget(clusterId);
    await this.db.asSystem((tx) => forgetClusterTargets(tx, clusterId));
    await this.sweep.clusterRemoved();
    await removeClusterTopology(this.bus, clusterId);
  }

  private leads(): boolean {
    return this.leases.holding(FIRST_LEASE) !== undefined;
  }

  private guardOf(clock: Clock): BucketGuard {
    const news = {
      all: (): Promise<void> => this.resync.all(),
      cluster: (clusterId: string): Promise<void> => this.resync.cluster(clusterId),
      leads: (): boolean => this.leads(),
    };
    return new BucketGuard(this.bus, this.db, clock, news, this.parts.logger);
  }

  private async pass(serviceId: string): Promise<Again> {
    const lease = this.leases.holding(leaseOf(serviceId));
    if (!lease) return undefined;
    try {
      const again = await this.reconciler.reconcile(serviceId, lease);
      this.passes.inc({ result: 'done' });
      return again === undefined ? undefined : { againInMs: again };
    } catch (error) {
      return this.afterFailure(error);
    }
  }

  private afterFailure(error: unknown): Again {
    if (error instanceof StaleWrite) {
      this.passes.inc({ result: 'stale' });
      return { againInMs: STALE_RETRY_MS };
    }
    this.passes.inc({ result: 'failed' });
    if (!(error instanceof LeaseLost)) throw error;
    this.leases.lost(error.lease);
    return undefined;
  }
}
