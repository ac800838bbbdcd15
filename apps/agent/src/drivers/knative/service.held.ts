import type { Condition, Id, Target } from '#libs/domain';
import { contestedCondition } from './contested.js';
import type { Opened } from './revision.secrets.js';

/** What the driver knows of one service between two looks at it. */
export interface Held {
  target: Target;
  opened: Opened;
  conditions: Map<Id<'rev'>, Condition>;
  /** What the start of a revision waited for last (waitedFor). */
  waits: Map<Id<'rev'>, string>;
  /** Why the last try to bring it into the cluster failed. */
  obstacle?: unknown;
  /** What of it somebody else claims. */
  contested?: Condition;
}

/** With another target; what was seen of the service before stays, but for what kept a former target from being tried. */
export function heldNow(target: Target, opened: Opened, before: Held | undefined): Held {
  const { obstacle: _former, ...known } = before ?? {};
  return { conditions: new Map(), waits: new Map(), ...known, target, opened };
}

/** Notes why the last try failed; undefined: it did not. */
export function hinder(held: Held, error: unknown, now: number): void {
  held.obstacle = error;
  const contested = contestedCondition(error, now, held.contested);
  if (contested === undefined) delete held.contested;
  else held.contested = contested;
}
