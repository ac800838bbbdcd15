import type { Organization } from './organization.types.js';

export type OrganizationStatus = Organization['status'];

/** Which status may follow which (design D10). */
const NEXT: Readonly<Record<OrganizationStatus, readonly OrganizationStatus[]>> = {
  active: ['suspended', 'past_due', 'closing'],
  past_due: ['active', 'suspended', 'closing'],
  suspended: ['active', 'closing'],
  closing: ['active', 'closed'],
  closed: [],
};

/** Whether an organization of this status may get that one. */
export function mayBecome(status: OrganizationStatus, next: OrganizationStatus): boolean {
  return NEXT[status].includes(next);
}

/** Whether a closing organization may still go on as before. */
export function mayReopen(
  { status, holdUntil }: Pick<Organization, 'status' | 'holdUntil'>,
  now: number,
): boolean {
  return status === 'closing' && holdUntil !== undefined && now < holdUntil;
}

/** Whether its services answer, its instances run, and its members may change things. */
export function isServing(status: OrganizationStatus): boolean {
  return status === 'active' || status === 'past_due';
}
