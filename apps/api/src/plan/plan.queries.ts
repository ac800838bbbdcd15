import { findPlanVersions, listPlanVersions, type PageRequest, type PlanVersion } from '#libs/store';
import type { Call } from '../call/call.js';
import { notFound } from '../call/not-found.js';
import { showPlanDocument, showPlanVersion } from './plan.view.js';

export async function listPlans(
  call: Call,
  page: PageRequest,
): Promise<ReturnType<typeof showPlanVersion>[]> {
  return (await listPlanVersions(call.tx, page)).map(showPlanVersion);
}

/** The version that is named, else the one in force, else the first. */
export async function getPlan(
  call: Call,
  input: { plan: string; version?: number | undefined },
): Promise<ReturnType<typeof showPlanDocument>> {
  const versions = await findPlanVersions(call.tx, [input.plan]);
  const inForce = (stored: PlanVersion): boolean => stored.plan.effectiveFromMs <= call.now;
  const found =
    input.version === undefined
      ? (versions.findLast(inForce) ?? versions[0])
      : versions.find(({ plan }) => plan.version === input.version);
  if (!found) throw notFound('price plan');
  return showPlanDocument(found);
}
