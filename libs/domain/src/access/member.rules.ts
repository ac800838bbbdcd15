import { mayGrant } from './permissions.js';
import type { Actor, Role } from './access.types.js';
import type { Invitation } from './people.types.js';

/** What a membership or an invitation gives. */
export interface Rights {
  role: Role;
  platformOperator: boolean;
}

/** How long an invitation waits to be accepted. */
export const INVITATION_LIFE_MS = 7 * 24 * 3_600_000;

/** Whether the actor may give this, and change or take it from others: never more than its own. */
export function mayManage(actor: Actor, rights: Rights): boolean {
  return mayGrant(actor, rights.role) && (!rights.platformOperator || actor.platformOperator);
}

/** Whether an organization would be left without an owner if this person stopped being one. */
export function isLastOwner(owners: readonly string[], userId: string): boolean {
  return owners.length === 1 && owners[0] === userId;
}

/** Whether an invitation can still be accepted. */
export function isOpen(
  invitation: Pick<Invitation, 'expiresAt' | 'acceptedAt' | 'revokedAt'>,
  now: number,
): boolean {
  return (
    invitation.acceptedAt === undefined && invitation.revokedAt === undefined && invitation.expiresAt > now
  );
}

/** The organization a person acts in after signing in: the named one, else the one used last, else the oldest. */
export function chooseOrganization<T extends { organizationId: string; createdAt: number }>(
  memberships: readonly T[],
  wished: string | undefined,
  lastUsed: string | undefined,
): T | undefined {
  if (wished !== undefined) return memberships.find((one) => one.organizationId === wished);
  const oldest = [...memberships].sort((a, b) => a.createdAt - b.createdAt)[0];
  return memberships.find((one) => one.organizationId === lastUsed) ?? oldest;
}
