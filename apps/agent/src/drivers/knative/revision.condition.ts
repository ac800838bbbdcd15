import { withCondition, type Condition, type Id } from '#libs/domain';
import type { Pod } from './knative.types.js';
import { waiting, type Readiness } from './readiness.rules.js';
import { waitedFor } from './revision.readiness.js';
import type { Held } from './service.held.js';

/**
 * For how long a failure has to stand before it is told, ms: a cluster says False of what goes well the next moment (a pod that was
 * refused once, a first run that ended). Who waits for a deploy is told once, and for good; kn gives it 2 s.
 */
export const FAILURE_MS = 3_000;

/** Whether a revision fails, as it is looked at again and again. */
export interface Failing {
  /** Since when without a break, epoch ms; absent: it does not. */
  since?: number;
  /** Whether that is told now. */
  isTold: boolean;
}

/** @param before what is told of the revision so far */
export function failing(
  { status }: Readiness,
  before: Readiness | undefined,
  since: number | undefined,
  now: number,
): Failing {
  if (status !== 'false') return { isTold: false };
  const from = since ?? now;
  return { since: from, isTold: before?.status === 'false' || now - from >= FAILURE_MS };
}

/** Notes how a revision is, and gives what is told of that. */
export function noteCondition(
  held: Held,
  id: Id<'rev'>,
  seen: Readiness,
  pods: readonly Pod[],
  now: number,
): Condition {
  const before = held.conditions.get(id);
  put(held.waits, id, waitedFor(seen, pods, held.waits.get(id)));
  const { since, isTold } = failing(seen, before, held.failures.get(id), now);
  put(held.failures, id, since);
  const told = since === undefined || isTold ? seen : (before ?? COMING);
  const next = { ...told, changedAt: now };
  const [condition = next] = withCondition(before === undefined ? [] : [before], next);
  held.conditions.set(id, condition);
  return condition;
}

const COMING = waiting('Starting', 'The first instance is being started.');

function put<V>(map: Map<Id<'rev'>, V>, id: Id<'rev'>, value: V | undefined): void {
  if (value === undefined) map.delete(id);
  else map.set(id, value);
}
