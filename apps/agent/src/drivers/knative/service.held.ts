import type { Condition, Id, Target } from '#libs/domain';
import { contestedCondition } from './contested.js';
import { namespaceOf } from './knative.names.js';
import type { Opened } from './revision.secrets.js';

/** What the driver knows of one service between two looks at it. */
export interface Held {
  target: Target;
  opened: Opened;
  conditions: Map<Id<'rev'>, Condition>;
  /** Revisions whose host was answered through the door. */
  answered: Set<Id<'rev'>>;
  /** Revisions of which an instance was seen to serve: that one has to be reached, and none that sleeps is woken to be asked. */
  awake: Set<Id<'rev'>>;
  /** What the start of a revision waited for last (waitedFor). */
  waits: Map<Id<'rev'>, string>;
  /** Since when a revision fails without a break, epoch ms. */
  failures: Map<Id<'rev'>, number>;
  /** Why the last try to bring it into the cluster failed. */
  obstacle?: unknown;
  /** What of it somebody else claims. */
  contested?: Condition;
}

/** With another target; what was seen of its revisions before stays, but for what kept a former target from being tried. */
export function heldNow(target: Target, opened: Opened, before: Held | undefined): Held {
  const { obstacle: _former, ...known } = before ?? {};
  const held: Held = {
    conditions: new Map(),
    answered: new Set(),
    awake: new Set(),
    waits: new Map(),
    failures: new Map(),
    ...known,
    target,
    opened,
  };
  const wanted = new Set(target.revisions.map(({ id }) => id));
  for (const seen of [held.conditions, held.answered, held.awake, held.waits, held.failures])
    for (const id of seen.keys()) if (!wanted.has(id)) seen.delete(id);
  return held;
}

/** Notes why the last try failed; undefined: it did not. */
export function hinder(held: Held, error: unknown, now: number): void {
  held.obstacle = error;
  const contested = contestedCondition(error, now, held.contested);
  if (contested === undefined) delete held.contested;
  else held.contested = contested;
}

/** What the driver holds, by service and by project: a look at one service asks for no other project's. */
export class HeldServices {
  private readonly services = new Map<Id<'svc'>, Held>();
  private readonly projects = new Map<Id<'prj'>, Set<Held>>();

  get(serviceId: Id<'svc'>): Held | undefined {
    return this.services.get(serviceId);
  }

  set(held: Held): void {
    const { service, projectId } = held.target;
    this.delete(service.id);
    this.services.set(service.id, held);
    this.projects.set(projectId, (this.projects.get(projectId) ?? new Set()).add(held));
  }

  delete(serviceId: Id<'svc'>): void {
    const held = this.services.get(serviceId);
    if (held === undefined) return;
    this.services.delete(serviceId);
    const others = this.projects.get(held.target.projectId);
    others?.delete(held);
    if (others?.size === 0) this.projects.delete(held.target.projectId);
  }

  projectIds(): Iterable<Id<'prj'>> {
    return this.projects.keys();
  }

  ids(): Id<'svc'>[] {
    return [...this.services.keys()];
  }

  targetsOf(projectId: Id<'prj'>): Target[] {
    return [...(this.projects.get(projectId) ?? [])].map(({ target }) => target);
  }

  /** Of the project whose namespace it is. */
  idsIn(namespace: string): Id<'svc'>[] {
    const held = [...this.services.values()].filter(
      ({ target }) => namespaceOf(target.projectId) === namespace,
    );
    return held.map(({ target }) => target.service.id);
  }
}
