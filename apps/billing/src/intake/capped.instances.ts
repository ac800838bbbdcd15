import {
  capConflict,
  capLeft,
  monthParts,
  monthSpan,
  oncePerPlan,
  paidUntil,
  parseRatio,
  pricesInstances,
  type CapRoom,
  type InstanceGrowth,
  type InstanceInterval,
} from '#libs/domain';
import {
  findCapUse,
  findRevisionSizes,
  lockCap,
  type GrownInterval,
  type LeasedTx,
  type PlanFinder,
  type StoredCap,
} from '#libs/store';

/**
 * Until when (UTC ms) organizations' caps pay for what instances were told to have run longer, of those that they do not pay for to the end: the
 * oldest is paid first. Caps are held to the end of the transaction, so nobody else is allowed meanwhile what it takes. Where instances
 * cost nothing, no cap is looked at.
 */
export async function paidByCaps(
  tx: LeasedTx,
  grown: readonly GrownInterval[],
  plans: PlanFinder,
): Promise<Map<InstanceInterval, number>> {
  const isPriced = oncePerPlan(pricesInstances);
  const priced = grown.filter(({ interval: { organizationId, untilMs }, fromMs }) => {
    const changes = plans.changes(organizationId).filter((at) => at > fromMs && at < untilMs);
    return [fromMs, ...changes].some((at) => isPriced(plans.at(organizationId, at)));
  });
  const ends = new Map<InstanceInterval, number>();
  const byOrganization = Map.groupBy(priced, ({ interval }) => interval.organizationId);
  // in one order, so that nobody waits for anybody in a circle
  for (const organizationId of [...byOrganization.keys()].sort()) {
    const cap = await lockCap(tx, organizationId);
    if (!cap) continue;
    const of = byOrganization.get(organizationId) ?? [];
    for (const [interval, endMs] of await paidBy(tx, cap, of)) ends.set(interval, endMs);
  }
  return ends;
}

async function paidBy(
  tx: LeasedTx,
  cap: StoredCap,
  grown: readonly GrownInterval[],
): Promise<[InstanceInterval, number][]> {
  const inOrder = grown.toSorted((a, b) => a.fromMs - b.fromMs || (nameOf(a) < nameOf(b) ? -1 : 1));
  const ids = [...new Set(grown.map(({ interval }) => interval.revisionId))];
  const found = await findRevisionSizes(tx, cap.organizationId, ids);
  const sizes = new Map(found.map((size) => [size.id as string, size]));
  const growths = inOrder.flatMap(({ interval, fromMs }) => {
    const { startMs: begunMs, untilMs: endMs, revisionId } = interval;
    const size = sizes.get(revisionId);
    return size ? [{ interval, begunMs, startMs: fromMs, endMs, size }] : [];
  });
  const ends = paidUntil(growths, await roomsOf(tx, cap, growths));
  return growths.flatMap(({ interval }, n) => {
    const endMs = ends[n] ?? interval.untilMs;
    return endMs < interval.untilMs ? [[interval, endMs] as [InstanceInterval, number]] : [];
  });
}

/** What is left in each month that these lie in, as far as the cap can be kept in it. */
async function roomsOf(
  tx: LeasedTx,
  cap: StoredCap,
  growths: readonly InstanceGrowth[],
): Promise<Map<string, CapRoom>> {
  const months = new Set(growths.flatMap((growth) => monthParts(growth).map(({ month }) => month)));
  const rooms = new Map<string, CapRoom>();
  for (const month of months) {
    const at = monthSpan(month).startMs;
    const { spent, plans, reserved, stopping } = await findCapUse(tx, cap.organizationId, at);
    if (plans.some((plan) => capConflict(cap, plan) !== undefined)) continue;
    rooms.set(month, { plans, left: capLeft(cap.amount, parseRatio(spent), reserved - stopping) });
  }
  return rooms;
}

function nameOf({ interval: { clusterId, instanceId } }: GrownInterval): string {
  return `${clusterId} ${instanceId}`;
}
