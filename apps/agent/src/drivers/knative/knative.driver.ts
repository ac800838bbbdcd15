import { setTimeout as sleep } from 'node:timers/promises';
import type { Clock, ClusterFacts, Condition, Door, Id, OfferedGpus, Target } from '#libs/domain';
import { ROUTE_COMING, type TargetRevision } from '#libs/domain';
import { KeyedQueue, type Again, type Logger } from '#libs/process';
import type { KubeClient } from '#libs/kube';
import { gpuResourcesOf, gpuState, waitsForGpus } from './gpu.manifest.js';
import type { GpuStart } from './gpu.release.js';
import { Preflight } from './preflight.js';
import type { Driver, DriverLog, InstanceState, OpenSecret, ResolvedEnv, RevisionState } from '../driver.js';
import { Listeners } from '../listeners.js';
import { ClusterView } from './cluster.view.js';
import type { LinesOf } from './crash.readiness.js';
import { CONTESTED_MS, ContestedError } from './contested.js';
import { HeldServices, heldNow, hinder, type Held } from './service.held.js';
import { LABELS, idOf, namespaceOf } from './knative.names.js';
import type { Pod } from './knative.types.js';
import { instanceOf, isLive, isServing } from './pod.instance.js';
import { PodLogs } from './pod.logs.js';
import { NO_SANDBOX, waiting, type Readiness } from './readiness.rules.js';
import { FAILURE_MS, noteCondition } from './revision.condition.js';
import { obstacleOf, readinessOf } from './revision.readiness.js';
import { ServiceApplier, type OnDrift } from './service.applier.js';
import { lacksSandbox, type ManifestSettings } from './service.manifest.js';
import { isTagged, type Seen } from './service.plan.js';
import { lateStart, mayBeLate, startEnds } from './start.deadline.js';
import { ObjectWriter } from './object.writer.js';
import type { PublishedImages } from '../../images/published.images.js';
import { ProjectKeeper } from './project.keeper.js';
import type { ProjectFacts } from './project.manifests.js';

const WIDTH = 8;
/** How soon a revision whose host is not answered yet is looked at again. */
const PROBE_AGAIN_MS = 300;
const REMOVAL_LOOK_MS = 250;
/** An instance may take its timeout to end. */
const REMOVAL_MS = 60_000;

export interface DoorKeeper {
  /** Makes the door what it should be; resolves when its address is known, and follows it from then on. */
  open(): Promise<void>;
  /** Where gateways reach it now; undefined before it is open. */
  address(): Door | undefined;
  close(): Promise<void>;
  /** Whether a revision's host is answered through it, by its ingress or by an instance: one is started where none runs. */
  answers(host: string, whom: 'ingress' | 'instance'): Promise<boolean>;
}

export interface KnativeParts {
  clusterId: Id<'cls'>;
  client: KubeClient;
  door: DoorKeeper;
  manifests: ManifestSettings;
  images: PublishedImages;
  projectOf: (target: Target) => Omit<ProjectFacts, 'gpuResources'>;
  onDrift: OnDrift;
  clock: Clock;
  logger: Logger;
}

/** Runs revisions as Knative revisions of one Kubernetes cluster. */
export class KnativeDriver implements Driver {
  readonly runtime = 'knative';
  private readonly view: ClusterView;
  private readonly logs: PodLogs;
  private readonly applier: ServiceApplier;
  private readonly projects: ProjectKeeper;
  private readonly preflight: Preflight;
  private readonly queue: KeyedQueue<Id<'svc'>>;
  private readonly held = new HeldServices();
  private readonly changes = new Listeners<Id<'svc'>>();
  private readonly lines = new Listeners<DriverLog>();

  constructor(private readonly parts: KnativeParts) {
    const { client, clusterId, onDrift, clock, logger } = parts;
    const writer = new ObjectWriter(client, clock);
    this.applier = new ServiceApplier(client, writer, parts.manifests, parts.images, onDrift, logger);
    this.projects = new ProjectKeeper(client, writer, clusterId, onDrift, this.lookAtAll, logger);
    const { runtimeClasses } = parts.manifests;
    const areGpusAsked = (): boolean => this.view.allPods().some(waitsForGpus);
    const look = { client, writer, clusterId, runtimeClasses, clock, logger };
    this.preflight = new Preflight({ ...look, areGpusAsked });
    this.queue = new KeyedQueue('knative', this.reconcile, WIDTH, logger);
    const line = (entry: DriverLog): void => this.lines.tell(entry);
    this.logs = new PodLogs(client, { line, end: this.ended }, clock, logger);
    const service = (id: Id<'svc'>): void => this.changed(id);
    const pod = (there: Pod): void => this.logs.see(there);
    const podGone = (): void => this.logs.keep(this.view.allPods());
    const secretGone = (id: Id<'svc'>, name: string): void => this.applier.secretGone(id, name);
    const nameOf = (id: Id<'svc'>): string | undefined => this.held.get(id)?.target.service.name;
    this.view = new ClusterView({ ...parts, nameOf }, { service, pod, podGone, secretGone });
  }

  async start(): Promise<void> {
    await this.preflight.passed();
    await this.parts.door.open();
    await Promise.all([this.preflight.doorStands(), this.view.start(), this.projects.start()]);
  }

  /** What runs in the cluster goes on without the agent. */
  async stop(): Promise<void> {
    await this.queue.stop();
    await Promise.all([this.preflight.stop(), this.view.stop(), this.projects.stop()]);
    this.logs.stop();
    await this.parts.door.close();
  }

  door(): Door {
    const address = this.parts.door.address();
    if (address === undefined) throw new Error('the door is not open yet');
    return address;
  }

  /** See Preflight. */
  readonly isFit = (): boolean => this.preflight.isFit();

  readonly found = (): ClusterFacts | undefined => this.preflight.found();

  readonly offered = (classes: readonly OfferedGpus[]): void => this.preflight.offered(classes);

  /** See Preflight. */
  readonly hasSandbox = (): boolean => this.preflight.hasSandbox();

  apply(target: Target, env: ResolvedEnv, open: OpenSecret): Promise<void> {
    this.held.set(heldNow(target, { env, open }, this.held.get(target.service.id)));
    this.queue.add(target.service.id);
    return Promise.resolve();
  }

  async remove(serviceId: Id<'svc'>, signal?: AbortSignal): Promise<void> {
    const [held, service] = [this.held.get(serviceId), this.view.serviceOf(serviceId)];
    this.held.delete(serviceId);
    const namespace = held === undefined ? service?.metadata.namespace : namespaceOf(held.target.projectId);
    await this.applier.remove(serviceId, service, namespace);
    const end = this.parts.clock.now() + REMOVAL_MS;
    while (this.view.serviceOf(serviceId) !== undefined || this.view.podsOf(serviceId).length > 0) {
      // Whoever asked asks again, and nobody else waits for it meanwhile.
      if (this.parts.clock.now() > end) throw new Error(`service ${serviceId} is not gone yet`);
      await sleep(REMOVAL_LOOK_MS, undefined, { signal });
    }
    this.projects.forgetAllBut(this.held.projectIds());
  }

  onChange(listener: (serviceId: Id<'svc'>) => void): () => void {
    return this.changes.add(listener);
  }

  onLog(listener: (entry: DriverLog) => void): () => void {
    return this.lines.add(listener);
  }

  contested(serviceId: Id<'svc'>): Condition | undefined {
    return this.held.get(serviceId)?.contested;
  }

  services(): Id<'svc'>[] {
    return [...new Set([...this.held.ids(), ...this.view.serviceIds()])];
  }

  status(serviceId: Id<'svc'>): RevisionState[] {
    const held = this.held.get(serviceId);
    if (held === undefined) return [];
    return held.target.revisions.map((revision) => ({
      revisionId: revision.id,
      name: revision.name,
      ready: this.conditionOf(held, revision),
      instances: this.podsOf(serviceId, revision).filter(isLive).length,
    }));
  }

  instances(): InstanceState[] {
    return this.view.allPods().flatMap((pod) => instanceOf(pod) ?? []);
  }

  seenSince(): number {
    return this.view.podsSince;
  }

  private readonly reconcile = async (serviceId: Id<'svc'>): Promise<Again> => {
    const held = this.held.get(serviceId);
    if (held === undefined) return undefined;
    try {
      await this.approach(held);
      hinder(held, undefined, this.parts.clock.now());
    } catch (error) {
      hinder(held, error, this.parts.clock.now());
      this.tellChange(serviceId);
      if (!(error instanceof ContestedError)) throw error;
    }
    const unproven = await this.prove(held);
    for (const revision of held.target.revisions) this.conditionOf(held, revision);
    this.tellChange(serviceId);
    if (unproven) return { againInMs: PROBE_AGAIN_MS };
    const now = this.parts.clock.now();
    const ends = held.target.revisions.flatMap((revision) => this.startEnds(held, revision) ?? []);
    for (const since of held.failures.values()) ends.push(since + FAILURE_MS);
    if (held.obstacle !== undefined) ends.push(now + CONTESTED_MS);
    const coming = ends.filter((end) => end > now);
    return coming.length === 0 ? undefined : { againInMs: Math.min(...coming) - now };
  };

  /** One step nearer to the target. Whatever keeps new things from being made, what is there is scaled, down too. */
  private async approach(held: Held): Promise<void> {
    const { target, opened } = held;
    const seen = (): Seen => this.view.seen(target.projectId, target.service.name, target.service.id);
    const gpuResources = gpuResourcesOf(this.held.targetsOf(target.projectId));
    const failures: unknown[] = [];
    const fail = (error: unknown): unknown => failures.push(error);
    await this.projects
      .ensure({ ...this.parts.projectOf(target), gpuResources })
      .then(() => this.applier.make(target, opened, seen()))
      .catch(fail);
    await this.applier.tend(target, seen()).catch(fail);
    for (const revision of target.revisions.filter(({ resources }) => resources.gpus !== undefined))
      await this.applier.endGpuStart(revision, seen(), this.gpuStart(held, revision)).catch(fail);
    if (failures.length > 0) throw failures[0];
  }

  private gpuStart(held: Held, revision: TargetRevision): GpuStart {
    const [hasServed, isLate] = [held.answered.has(revision.id), this.isLate(held, revision)];
    const pods = this.podsOf(held.target.service.id, revision);
    return { hasServed, isLate, told: this.conditionOf(held, revision), pods };
  }

  /** When a first instance that runs will have taken as long as a start may take. */
  private startEnds({ target, answered }: Held, revision: TargetRevision): number | undefined {
    if (answered.has(revision.id)) return undefined;
    return startEnds(revision, this.podsOf(target.service.id, revision), this.parts.manifests);
  }

  private isLate(held: Held, revision: TargetRevision): boolean {
    return (this.startEnds(held, revision) ?? Infinity) <= this.parts.clock.now();
  }

  /** Asks through the door for every revision that is Ready and routed. @returns whether one is not answered yet */
  private async prove({ target, answered, awake }: Held): Promise<boolean> {
    let unproven = false;
    const { service, revisions } = this.view.seen(target.projectId, target.service.name, target.service.id);
    for (const revision of target.revisions) {
      if (answered.has(revision.id)) continue;
      const seen = revisions.find(({ metadata }) => metadata.name === revision.name);
      if (readinessOf(revision, seen, [], () => []).status !== 'true') continue;
      if (this.podsOf(target.service.id, revision).some(isServing)) awake.add(revision.id);
      const whom = awake.has(revision.id) ? 'instance' : 'ingress';
      const isRouted = isTagged(service, revision, target.service.name);
      if (isRouted && (await this.parts.door.answers(revision.host, whom))) answered.add(revision.id);
      else unproven = true;
    }
    return unproven;
  }

  private conditionOf(held: Held, revision: TargetRevision): Condition {
    const readiness = this.readiness(held, revision, held.waits.get(revision.id));
    const pods = this.podsOf(held.target.service.id, revision);
    return noteCondition(held, revision.id, readiness, pods, this.parts.clock.now());
  }

  private readiness(held: Held, revision: TargetRevision, before?: string): Readiness {
    const { target, obstacle, answered } = held;
    const { revisions } = this.view.seen(target.projectId, target.service.name, target.service.id);
    const pods = this.podsOf(target.service.id, revision);
    const newest = pods.at(-1);
    const lines: LinesOf = (container) => newest && this.logs.lastLinesOf(newest, container);
    const seen = revisions.find(({ metadata }) => metadata.name === revision.name);
    const lacks = lacksSandbox(revision, this.parts.manifests) ? NO_SANDBOX : undefined;
    const refused = seen === undefined ? (lacks ?? obstacleOf(obstacle, revision)) : undefined;
    if (refused !== undefined) return refused;
    const gpus = gpuState(() => this.view.allPods(), this.found()?.supply, revision);
    const readiness = readinessOf(revision, seen, pods, lines, before, gpus);
    if (mayBeLate(readiness) && this.isLate(held, revision)) return lateStart(revision, pods, readiness);
    if (readiness.status !== 'true' || answered.has(revision.id)) return readiness;
    return waiting(ROUTE_COMING, 'An instance was started; the cluster does not route to it yet.');
  }

  private podsOf(serviceId: Id<'svc'>, revision: TargetRevision): Pod[] {
    return this.view
      .podsOf(serviceId)
      .filter(({ metadata }) => metadata.labels?.['serving.knative.dev/revision'] === revision.name)
      .sort((a, b) => (a.metadata.creationTimestamp ?? '').localeCompare(b.metadata.creationTimestamp ?? ''));
  }

  private changed(serviceId: Id<'svc'>): void {
    if (this.held.get(serviceId) !== undefined) this.queue.add(serviceId);
    this.tellChange(serviceId);
  }

  private readonly tellChange = (serviceId: Id<'svc'>): void => this.changes.tell(serviceId);

  private readonly lookAtAll = (namespace: string): void => {
    for (const id of this.held.idsIn(namespace)) this.queue.add(id);
  };

  private readonly ended = ({ metadata }: Pod): void => {
    const serviceId = idOf('svc', metadata.labels?.[LABELS.service]);
    if (serviceId !== undefined) this.changed(serviceId);
  };
}
