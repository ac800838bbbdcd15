import type { Clock, Condition, Id, Target } from '#libs/domain';
import type { Driver } from '../drivers/driver.js';
import type { Environments } from '../secrets/environment.js';
import type { SealedStore } from '../secrets/sealed.store.js';
import { crashPoint, type Again, type Logger } from '#libs/process';
import type { RemovalGuard } from './removal.guard.js';
import type { Removals } from './removals.js';
import type { TargetStore } from './target.store.js';

/** How far the agent has come with a service's target. */
export interface Progress {
  target: Target;
  /** Revisions that are not started yet, with the reason. */
  waiting: { name: string; ready: Condition }[];
  /** Set when a derived removal is held: nothing was removed. */
  held?: Condition;
}

/** Brings one service to what its target says. Takes a key only; safe to run again at any time. */
export class ServiceReconciler {
  private readonly reached = new Map<Id<'svc'>, Progress>();

  constructor(
    private readonly parts: {
      targets: TargetStore;
      sealed: SealedStore;
      environments: Environments;
      guard: RemovalGuard;
      removals: Removals;
      driver: Driver;
      clock: Clock;
      logger: Logger;
    },
  ) {}

  /** What of its target a service has reached; undefined until the first reconcile of this run. */
  progress(serviceId: Id<'svc'>): Progress | undefined {
    return this.reached.get(serviceId);
  }

  readonly reconcile = async (serviceId: Id<'svc'>): Promise<Again> => {
    const { removals, targets } = this.parts;
    // what is wanted now is looked at when it has ended
    if (removals.isUnderWay(serviceId)) return undefined;
    const isGone = removals.take(serviceId);
    const target = targets.get(serviceId);
    if (target === undefined) return this.removeAgain(serviceId);
    if (target.tombstone) return isGone ? this.forget(target) : this.remove(target);
    this.parts.guard.settle(serviceId, false);
    return this.apply(target);
  };

  private async apply(target: Target): Promise<Again> {
    const { driver, environments, sealed, targets } = this.parts;
    const running = new Set(driver.status(target.service.id).map((state) => state.revisionId));
    // What runs already keeps running, even when its sealed secret was lost.
    const startable = target.revisions.filter((r) => running.has(r.id) || environments.complete(r));
    const env = new Map(target.revisions.map((revision) => [revision.id, revision]));
    const open = (revisionId: Id<'rev'>): Promise<Record<string, string>> => {
      const revision = env.get(revisionId);
      return revision ? environments.open(revision) : Promise.resolve({});
    };
    await driver.apply({ ...target, revisions: startable }, open, environments.openSecret);
    crashPoint('agent.applied');
    const before = this.reached.get(target.service.id);
    const waiting = target.revisions
      .filter((revision) => !startable.includes(revision))
      .map(({ name }) => ({ name, ready: this.secretMissing(name, before) }));
    this.reached.set(target.service.id, { target, waiting });
    if (before && before.target !== target) await sealed.dropUnused(before.target, targets.all());
    return undefined;
  }

  private remove(target: Target): Again {
    const { guard, targets, logger } = this.parts;
    const serviceId = target.service.id;
    if (target.tombstone?.by === 'derived') {
      guard.note(serviceId);
      const verdict = guard.verdict(serviceId, targets.all().length);
      if (verdict === 'wait') return { againInMs: guard.settleMs };
      if (verdict === 'held') {
        logger.error(
          { serviceId, held: guard.heldCount },
          'too many removals at once that nobody asked for: held',
        );
        this.reached.set(serviceId, { target, waiting: [], held: this.held() });
        return undefined;
      }
    }
    if (target.tombstone?.by === 'operator') {
      const grace = guard.graceOf(serviceId);
      if (grace > 0) return { againInMs: grace };
    }
    return this.parts.removals.begin(serviceId);
  }

  /** Nothing of the service is left. */
  private async forget(target: Target): Promise<Again> {
    const { guard, sealed, targets } = this.parts;
    const serviceId = target.service.id;
    const before = this.reached.get(serviceId)?.target;
    await targets.forget(target);
    guard.settle(serviceId, true);
    for (const old of [target, before]) if (old) await sealed.dropUnused(old, targets.all());
    this.reached.delete(serviceId);
    return undefined;
  }

  /** A cluster that was given older data shows what was removed from it: by the same word it goes again. */
  private removeAgain(serviceId: Id<'svc'>): Again {
    if (!this.isBack(serviceId)) return undefined;
    this.parts.logger.warn({ serviceId }, 'a removed service is there again: it is removed again');
    return this.parts.removals.begin(serviceId);
  }

  /** Whether the cluster shows a service whose removal was carried out. */
  isBack(serviceId: Id<'svc'>): boolean {
    const { driver, targets } = this.parts;
    return targets.wasRemoved(serviceId) && driver.services().includes(serviceId);
  }

  private secretMissing(name: string, before: Progress | undefined): Condition {
    const known = before?.waiting.find((waiting) => waiting.name === name)?.ready;
    if (known?.reason === 'SecretMissing') return known;
    return {
      type: 'Ready',
      status: 'unknown',
      reason: 'SecretMissing',
      message: 'A secret that the revision names has not arrived in the cluster yet.',
      changedAt: this.parts.clock.now(),
    };
  }

  private held(): Condition {
    return {
      type: 'Ready',
      status: 'unknown',
      reason: 'RemovalHeld',
      message: 'The removal is held: too many services would go at once without anybody’s word.',
      nextStep: 'An operator looks at why they should go, and deletes them or places them again.',
      changedAt: this.parts.clock.now(),
    };
  }
}
