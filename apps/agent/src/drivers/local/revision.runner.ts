import type { Clock, Random, TargetRevision } from '#libs/domain';
import type { DriverLog, InstanceState, ResolvedEnv, RevisionState } from '../driver.js';
import type { HostProcess } from './host.processes.js';
import { Instance, type InstanceMakings, type InstancePhase } from './instance.js';
import { instanceUid } from './instance.uid.js';
import { InstancePool } from './instance.pool.js';
import type { Place } from './place.js';
import { failureOfEnd, type StartFailure } from './ready.condition.js';
import { REVISION_GONE, SUSPENDED, type Refusal } from './refusal.js';
import { RevisionHealth } from './revision.health.js';
import { RevisionScaler } from './revision.scaler.js';

export interface RunnerParts extends InstanceMakings {
  clock: Clock;
  random: Random;
  /** The revision's state changed. */
  onChange: () => void;
  onLog: (entry: DriverLog) => void;
}

export interface RunnerService {
  id: DriverLog['serviceId'];
  name: string;
}

/** Keeps one revision: as many instances as its demand asks for, its queue, and its `Ready` condition. */
export class RevisionRunner {
  readonly pool: InstancePool;
  private readonly scaler: RevisionScaler;
  private readonly health: RevisionHealth;
  private readonly instances = new Set<Instance>();
  private readonly lives = new Set<Promise<void>>();
  private env: ResolvedEnv = () => Promise.resolve({});
  private closing = false;
  private suspended = false;

  constructor(
    private readonly service: RunnerService,
    readonly revision: TargetRevision,
    private readonly parts: RunnerParts,
  ) {
    const { settings, clock } = parts;
    const { concurrency, maxInstances, timeoutSeconds } = revision;
    // The gateway gives up after the revision's timeout; by then ours must be out, since it says "not reached".
    const queueTimeoutMs = Math.min(settings.queueTimeoutMs, timeoutSeconds * 900);
    this.pool = new InstancePool({ concurrency, queueLimit: settings.queueLimit, queueTimeoutMs }, clock);
    this.pool.onWaiting = () => this.wake();
    this.pool.gate = () => this.gate();
    const pace = { windowMs: settings.scaleWindowMs, tickMs: settings.tickMs };
    this.scaler = new RevisionScaler(this.pool, clock, { concurrency, maxInstances, ...pace });
    this.health = new RevisionHealth(revision.id, parts);
  }

  /** What may change about a revision: how many instances stay, whether any may run, and where secrets are read from. */
  expect({ minInstances, suspended }: { minInstances: number; suspended: boolean }, env: ResolvedEnv): void {
    this.scaler.minInstances = minInstances;
    this.suspended = suspended;
    this.env = env;
  }

  /** One beat: look at demand, then start or end instances. */
  tick(): void {
    if (this.closing) return;
    if (this.suspended) return this.rest();
    this.settle();
    const wanted = this.scaler.decide(this.count('ready'));
    this.converge(this.health.proven || this.health.givenUp ? wanted : Math.max(1, wanted));
  }

  /** Runs nothing: what is in flight ends, what waits is refused. */
  private rest(): void {
    this.pool.refuseWaiting(SUSPENDED);
    this.converge(0);
  }

  state(): RevisionState {
    return {
      revisionId: this.revision.id,
      name: this.revision.name,
      ready: this.health.ready,
      instances: this.count('starting') + this.count('ready'),
    };
  }

  get hasInstances(): boolean {
    return this.instances.size > 0;
  }

  running(): InstanceState[] {
    return [...this.instances].map(({ plan, phase, readyAt }) => ({
      serviceId: this.service.id,
      revisionId: this.revision.id,
      revision: this.revision.name,
      uid: plan.uid,
      startedAt: plan.startedAt,
      ...(phase === 'ready' && readyAt !== undefined ? { readyAt } : {}),
    }));
  }

  /** Ends instances that hold more memory than the revision may. */
  enforceMemory(rows: readonly HostProcess[]): void {
    for (const instance of this.instances) {
      const bytes = instance.enforceMemory(rows);
      if (bytes === undefined) continue;
      const limit = this.revision.resources.memoryMiB;
      this.tell(`ended: it held ${Math.ceil(bytes / 1048576)} MiB, its limit is ${limit} MiB`, instance);
    }
  }

  /** Takes no new requests, ends those in flight, then every instance. Resolves when nothing is left. */
  async close(): Promise<void> {
    this.closing = true;
    this.pool.refuseWaiting(REVISION_GONE);
    for (const instance of this.instances) this.leave(instance);
    await Promise.all(this.lives);
  }

  /** Ends every instance now, requests in flight or not. */
  async halt(): Promise<void> {
    this.closing = true;
    this.pool.refuseWaiting(REVISION_GONE);
    for (const instance of this.instances) void instance.stop();
    await Promise.all(this.lives);
  }

  /** A request waits: what starts from zero starts at once, not at the next beat. */
  private wake(): void {
    if (!this.closing && !this.suspended && this.isEmpty()) this.converge(1);
  }

  /** Nothing may wait for a start that is not going to be tried yet. */
  private gate(): Refusal | undefined {
    if (this.closing) return REVISION_GONE;
    if (this.suspended) return SUSPENDED;
    return this.isEmpty() && !this.health.mayStart() ? this.health.refusal : undefined;
  }

  private converge(wanted: number): void {
    let missing = wanted - this.count('ready') - this.count('starting');
    for (const instance of this.instances) {
      if (missing <= 0) break;
      if (instance.phase === 'leaving' && this.comeBack(instance)) missing -= 1;
    }
    if (missing > 0 && this.health.mayStart()) {
      // After a failure one at a time, until one is good again.
      const starts = this.health.failing ? Math.min(missing, 1 - this.count('starting')) : missing;
      for (let i = 0; i < starts; i++) this.launch();
    }
    for (const instance of this.leastBusy(-missing)) this.leave(instance);
  }

  private launch(): void {
    const uid = instanceUid(this.parts.random);
    const instance = new Instance(this.parts, {
      uid,
      instanceId: `${this.revision.name}-${uid}`,
      startedAt: this.parts.clock.now(),
      service: this.service.name,
      revision: this.revision,
      env: (id) => this.env(id),
      onLine: (stream, text) => this.parts.onLog({ ...this.entry(text, instance), stream }),
    });
    this.instances.add(instance);
    const life = this.live(instance)
      .catch((error: unknown) => this.parts.logger.error({ err: error }, 'the end of an instance went wrong'))
      .finally(() => {
        this.lives.delete(life);
        this.instances.delete(instance);
        this.parts.onChange();
      });
    this.lives.add(life);
    this.parts.onChange();
  }

  private async live(instance: Instance): Promise<void> {
    const failure = await instance.start();
    const { place } = instance;
    if (failure !== undefined || place === undefined) {
      if (failure !== undefined && !instance.wasStopped) this.startHasFailed(instance, failure);
      return;
    }
    if (!instance.wasStopped) this.serve(instance, place);
    const end = await instance.over();
    this.pool.withdraw(place);
    if (!instance.wasStopped) this.hasCrashed(instance, failureOfEnd(end, 'while it served'));
    await instance.clear();
  }

  private serve(instance: Instance, place: Place): void {
    instance.phase = 'ready';
    instance.readyAt = this.parts.clock.now();
    this.health.opened();
    if (this.closing) return this.leave(instance);
    this.pool.add(place);
    this.parts.onChange();
  }

  private settle(): void {
    if (!this.health.failing) return;
    const since = this.parts.clock.now() - this.parts.settings.settleMs;
    for (const { phase, readyAt } of this.instances) {
      if (phase === 'ready' && readyAt !== undefined && readyAt <= since) return this.health.settled();
    }
  }

  private startHasFailed(instance: Instance, failure: StartFailure): void {
    this.tell(failure.message, instance);
    this.health.startHasFailed(failure);
    this.answerWaiting();
  }

  private hasCrashed(instance: Instance, failure: StartFailure): void {
    const now = this.parts.clock.now();
    this.tell(failure.message, instance);
    this.health.hasCrashed(failure, now - (instance.readyAt ?? now));
    this.answerWaiting();
  }

  /** After a failure: what waits gets a new instance, or an answer when none is going to be tried yet. */
  private answerWaiting(): void {
    if (this.pool.waitingCount === 0 || !this.isEmpty()) return;
    const refusal = this.gate();
    if (refusal === undefined) this.wake();
    else this.pool.refuseWaiting(refusal);
  }

  /** Ends an instance after its last request, at the latest after the revision's timeout. */
  private leave(instance: Instance): void {
    const { place } = instance;
    if (instance.phase !== 'ready' || place === undefined) {
      if (instance.phase === 'starting') void instance.stop();
      return;
    }
    instance.phase = 'leaving';
    this.pool.withdraw(place);
    if (place.active === 0) return void instance.stop();
    place.onIdle = () => void instance.stop();
    instance.leaveTimer = setTimeout(place.onIdle, this.revision.timeoutSeconds * 1000).unref();
    this.parts.onChange();
  }

  private comeBack(instance: Instance): boolean {
    const { place } = instance;
    if (place === undefined) return false;
    clearTimeout(instance.leaveTimer);
    place.onIdle = undefined;
    instance.phase = 'ready';
    this.pool.add(place);
    return true;
  }

  private leastBusy(count: number): Instance[] {
    if (count <= 0) return [];
    const ready = [...this.instances].filter((instance) => instance.phase === 'ready');
    return ready.sort((a, b) => (a.place?.active ?? 0) - (b.place?.active ?? 0)).slice(0, count);
  }

  /** Nothing serves and nothing is about to. */
  private isEmpty(): boolean {
    return this.count('ready') + this.count('starting') === 0;
  }

  private count(phase: InstancePhase): number {
    let count = 0;
    for (const instance of this.instances) if (instance.phase === phase) count += 1;
    return count;
  }

  private tell(text: string, instance: Instance): void {
    this.parts.onLog(this.entry(text, instance));
  }

  private entry(text: string, instance: Instance): DriverLog {
    return {
      serviceId: this.service.id,
      revision: this.revision.name,
      instance: instance.plan.instanceId,
      stream: 'system',
      time: this.parts.clock.now(),
      text,
    };
  }
}
