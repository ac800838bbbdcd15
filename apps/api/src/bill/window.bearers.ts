import {
  capacityOf,
  carriedFrom,
  extraMeters,
  factsFor,
  instanceSharesOf,
  sharesOfWindow,
  windowsBefore,
  type Capacity,
  type InstanceShare,
  type Meter,
  type PricePlan,
  type RequestShare,
  type WindowEnds,
  type WindowKey,
} from '#libs/domain';
import {
  findMeteredRevisions,
  findWindowEnds,
  findWindowFacts,
  findWindowRecords,
  planFinder,
  type FactsKey,
  type Tx,
} from '#libs/store';

/** A window as it was counted at some time: of which records, and what was open before. */
export interface BornThen {
  key: FactsKey;
  carried: WindowEnds | undefined;
}

/**
 * Who bears what was counted in a window of a minute, in the order in which requests began. Of a window with a revision.
 * @param plan that was in force in it
 * @param then as it was counted then; absent: now
 */
export async function bearersOf(
  tx: Tx,
  key: WindowKey,
  plan: PricePlan,
  then?: BornThen,
): Promise<RequestShare[]> {
  const shape = { capacity: await capacityIn(tx, key), meters: extraMeters(plan) };
  const records = await findWindowRecords(tx, { ...(then?.key ?? key), ...factsFor(shape.meters) });
  return sharesOfWindow(key.windowStartMs, records, shape, await carriedInto(tx, key, then));
}

/** What instances bear of what a meter of their time counted in it, ascending by start. Of a window with a revision. */
export async function instancesOf(
  tx: Tx,
  key: WindowKey,
  { plan, meter }: { plan: PricePlan; meter: Meter },
  then?: BornThen,
): Promise<InstanceShare[]> {
  const capacity = await capacityIn(tx, key);
  const asked = { ...(then?.key ?? key), ...factsFor(extraMeters(plan)) };
  const carried = await carriedInto(tx, key, then);
  const shares: InstanceShare[] = [];
  for await (const facts of findWindowFacts(tx, [asked]))
    shares.push(...instanceSharesOf(key.windowStartMs, facts, { capacity }, meter, carried));
  return shares;
}

async function capacityIn(tx: Tx, { revisionId }: WindowKey): Promise<Capacity> {
  const [revision] = (await findMeteredRevisions(tx, [revisionId])).values();
  if (!revision) throw new Error(`revision ${revisionId} of a stored record is gone`);
  return capacityOf(revision);
}

/** What was open when it began. */
async function carriedInto(tx: Tx, key: WindowKey, then?: BornThen): Promise<WindowEnds | undefined> {
  if (then) return then.carried;
  const plans = await planFinder(tx, [key.organizationId]);
  return carriedFrom(await findWindowEnds(tx, windowsBefore(key, plans.zonesOf(key.organizationId))));
}
