import { canonical, nextVersion, refuseUncounted, TowpathError, type PricePlan } from '#libs/domain';
import { findPlanVersions, insertPlanVersion, lockPlan, type PlanVersion } from '#libs/store';
import type { CommandCall } from '../call/call.js';
import { showPlanDocument } from './plan.view.js';

/** The field in which a plan is given. */
export const PATH = 'document';

/**
 * Stores a version once and for all. What is there already with the same content is answered as it is.
 * @throws TowpathError INVALID_ARGUMENT naming every wrong field; ALREADY_EXISTS for other content under its number
 */
export async function createPlan(
  call: CommandCall,
  { document }: { document: Record<string, unknown> },
): Promise<ReturnType<typeof showPlanDocument>> {
  const planId = typeof document['id'] === 'string' ? document['id'] : '';
  await lockPlan(call.tx, planId);
  const before = await findPlanVersions(call.tx, [planId]);
  const same = before.find(({ plan }) => plan.version === document['version']);
  if (same) return showPlanDocument(asStored(same, document));
  const plan = nextVersion(
    before.map((stored) => stored.plan),
    document,
    { now: call.now, path: PATH },
  );
  // whoever has the plan is billed by this version without being asked
  if (before.length > 0) refuseUncounted(plan, { path: PATH });
  const id = call.newId('ppv');
  const stored = { id, plan, document, createdBy: call.actor.id, createdAt: call.now };
  await insertPlanVersion(call.tx, stored);
  await call.audit(id, { after: told(plan) });
  return showPlanDocument(stored);
}

function asStored(stored: PlanVersion, document: Record<string, unknown>): PlanVersion {
  if (canonical(stored.document) === canonical(document)) return stored;
  const { id, version } = stored.plan;
  throw new TowpathError('ALREADY_EXISTS', `Version ${version} of plan ${id} is stored with other content.`, {
    violations: [{ field: `${PATH}.version`, message: 'is stored already, and never changes' }],
    nextStep: 'Give the change the next version number.',
  });
}

function told({ id, version, effectiveFromMs }: PricePlan): Record<string, unknown> {
  return { plan: id, version, effectiveFrom: new Date(effectiveFromMs).toISOString() };
}
