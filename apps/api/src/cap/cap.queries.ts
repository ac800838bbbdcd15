import { findCap, findCapUse, type CapUse, type StoredCap } from '#libs/store';
import type { Call } from '../call/call.js';
import { notFound } from '../call/not-found.js';
import { showCap, type CapView } from './cap.view.js';

export async function getCap(call: Call): Promise<CapView> {
  return showCap(await capOf(call), await capUse(call));
}

export async function capOf(call: Call): Promise<StoredCap> {
  const cap = await findCap(call.tx, call.actor.organizationId);
  if (!cap) throw notFound('cap');
  return cap;
}

/** What the organization has used, and what it pays in. */
export function capUse({ tx, actor, now }: Call): Promise<CapUse> {
  return findCapUse(tx, actor.organizationId, now);
}
