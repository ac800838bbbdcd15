import {
  capacityOf,
  extraMeters,
  factsFor,
  sharesOfWindow,
  windowBefore,
  type PricePlan,
  type RequestShare,
  type WindowEnds,
  type WindowKey,
} from '#libs/domain';
import { findMeteredRevisions, findWindowEnds, findWindowRecords, type FactsKey, type Tx } from '#libs/store';

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
  const [revision] = (await findMeteredRevisions(tx, [key.revisionId])).values();
  if (!revision) throw new Error(`revision ${key.revisionId} of a stored record is gone`);
  const before = { ...key, windowStartMs: windowBefore(key.windowStartMs) };
  const carried = then ? then.carried : (await findWindowEnds(tx, [before]))[0];
  const shape = { capacity: capacityOf(revision), meters: extraMeters(plan) };
  const records = await findWindowRecords(tx, { ...(then?.key ?? key), ...factsFor(shape.meters) });
  return sharesOfWindow(key.windowStartMs, records, shape, carried);
}
