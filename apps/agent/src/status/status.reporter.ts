import { same, type Clock, type Id } from '#libs/domain';
import { serviceKey, statusBucket, targetStatusSchema, type Bus, type TargetStatus } from '#libs/bus';
import { Loop, type Logger } from '#libs/process';
import type { Driver } from '../drivers/driver.js';
import type { ServiceReconciler } from '../targets/service.reconciler.js';
import type { TargetStore } from '../targets/target.store.js';

const REPEAT_MS = 30_000;
/** How often it looks; short, because a look costs nothing and a failed one waits a multiple of it. */
const LOOK_MS = 1_000;

export interface StatusParts {
  clusterId: Id<'cls'>;
  targets: TargetStore;
  reconciler: ServiceReconciler;
  driver: Driver;
  bus: () => Bus;
  clock: Clock;
  logger: Logger;
}

/**
 * Says of each service what the cluster holds: at once after a change, and again every 30 s. What could not be sent
 * is sent later, as it is then: reports are levels, not events.
 */
export class StatusReporter {
  private readonly changed = new Set<Id<'svc'>>();
  private readonly sent = new Map<Id<'svc'>, TargetStatus>();
  private readonly loop: Loop;
  private lastRound = -Infinity;

  constructor(private readonly parts: StatusParts) {
    this.loop = new Loop('status', LOOK_MS, () => this.report(), parts.logger);
  }

  start(): void {
    this.loop.start();
  }

  stop(): Promise<void> {
    return this.loop.stop();
  }

  /** Something of the service changed, or may have. */
  readonly look = (serviceId: Id<'svc'>): void => {
    this.changed.add(serviceId);
    this.loop.wake();
  };

  /** Everything is said again, removed services too: the hub may have lost what it heard. */
  repeatAll(): void {
    this.sent.clear();
    for (const { serviceId } of this.parts.targets.removedTargets()) this.changed.add(serviceId);
    this.lastRound = -Infinity;
    this.loop.wake();
  }

  private async report(): Promise<void> {
    const now = this.parts.clock.now();
    if (now - this.lastRound >= REPEAT_MS) {
      this.sent.clear();
      for (const target of this.parts.targets.all()) this.changed.add(target.service.id);
      this.lastRound = now;
    }
    for (const serviceId of [...this.changed]) {
      this.changed.delete(serviceId);
      await this.send(serviceId).catch((error: unknown) => {
        this.changed.add(serviceId);
        throw error;
      });
    }
  }

  private async send(serviceId: Id<'svc'>): Promise<void> {
    const status = this.compose(serviceId);
    if (status === undefined) return;
    const before = this.sent.get(serviceId);
    if (before && same({ ...before, sentAt: 0 }, { ...status, sentAt: 0 })) return;
    const bucket = statusBucket(this.parts.clusterId);
    await this.parts.bus().putKey(bucket, serviceKey(serviceId), targetStatusSchema, status);
    this.sent.set(serviceId, status);
  }

  private compose(serviceId: Id<'svc'>): TargetStatus | undefined {
    const { clusterId, targets, reconciler, driver, clock } = this.parts;
    const base = { schemaVersion: 1 as const, clusterId, serviceId, sentAt: clock.now() };
    const removed = targets.removedTargets().find((known) => known.serviceId === serviceId);
    if (removed && !targets.get(serviceId)) {
      const { generation, epoch } = removed;
      return { ...base, generation, epoch, removed: true, revisions: [] };
    }
    const progress = reconciler.progress(serviceId);
    if (progress === undefined) return undefined;
    const { generation, epoch } = progress.target;
    const seen = driver.status(serviceId).map(({ name, ready, instances }) => ({
      name,
      ready: progress.held ?? ready,
      instances,
    }));
    const waiting = progress.waiting.map((revision) => ({ ...revision, instances: 0 }));
    const contested = driver.contested(serviceId);
    const revisions = [...seen, ...waiting];
    return { ...base, generation, epoch, removed: false, revisions, ...(contested ? { contested } : {}) };
  }
}
