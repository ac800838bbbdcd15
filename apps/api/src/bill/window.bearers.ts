import {
  capacityOf,
  monthOf,
  sharesOfWindow,
  windowBefore,
  type PlanInForce,
  type PlansInForce,
  type RequestShare,
  type WindowKey,
} from '#libs/domain';
import {
  findBillPeriods,
  findMeteredRevisions,
  findOpenBlocks,
  findWindowRecords,
  type Tx,
} from '#libs/store';

/** Who bears what was counted in a window of a minute, in the order in which requests began. Of a window with a revision. */
export async function bearersOf(tx: Tx, key: WindowKey): Promise<RequestShare[]> {
  const [revision] = (await findMeteredRevisions(tx, [key.revisionId])).values();
  if (!revision) throw new Error(`revision ${key.revisionId} of a stored record is gone`);
  const before = { ...key, windowStartMs: windowBefore(key.windowStartMs) };
  const [carried] = await findOpenBlocks(tx, [before]);
  const records = await findWindowRecords(tx, key);
  return sharesOfWindow(key.windowStartMs, records, capacityOf(revision), carried ?? []);
}

/** What an organization was billed by in the months of these instants, which ascend. */
export async function plansAt(
  tx: Tx,
  organizationId: string,
  instants: readonly number[],
): Promise<PlansInForce> {
  const plans: PlanInForce[] = [];
  for (const month of new Set(instants.map((at) => monthOf(at))))
    for (const { startMs, plan } of await findBillPeriods(tx, organizationId, month))
      plans.push({ fromMs: startMs, plan });
  const [first, ...rest] = plans;
  if (!first) throw new Error(`no plan is in force for ${organizationId}`);
  return [first, ...rest];
}
