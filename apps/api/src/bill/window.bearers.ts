import {
  capacityOf,
  extraMeters,
  sharesOfWindow,
  windowBefore,
  type PricePlan,
  type RequestShare,
  type WindowKey,
} from '#libs/domain';
import { findMeteredRevisions, findWindowEnds, findWindowRecords, type Tx } from '#libs/store';

/**
 * Who bears what was counted in a window of a minute, in the order in which requests began. Of a window with a revision.
 * @param plan that was in force in it
 */
export async function bearersOf(tx: Tx, key: WindowKey, plan: PricePlan): Promise<RequestShare[]> {
  const [revision] = (await findMeteredRevisions(tx, [key.revisionId])).values();
  if (!revision) throw new Error(`revision ${key.revisionId} of a stored record is gone`);
  const before = { ...key, windowStartMs: windowBefore(key.windowStartMs) };
  const [carried] = await findWindowEnds(tx, [before]);
  const records = await findWindowRecords(tx, key);
  const shape = { capacity: capacityOf(revision), meters: extraMeters(plan) };
  return sharesOfWindow(key.windowStartMs, records, shape, carried);
}
