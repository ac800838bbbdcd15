import type { Id } from '../id.js';
import type { Permission } from './access.types.js';

/** Roles a grant may give: looking, or everything an admin does but what would outlive it. */
export const GRANT_ROLES = ['viewer', 'admin'] as const;
export type GrantRole = (typeof GRANT_ROLES)[number];

/** How long a grant lasts, seconds. */
export const GRANT_SECONDS = { minimum: 60, maximum: 8 * 3_600, standard: 3_600 };

/** What a grant never allows: credentials, tokens and copies that would still be there when it has ended. */
export const OUTLIVES_A_GRANT: readonly Permission[] = [
  'key.write',
  'member.write',
  'service.invoke',
  'organization.close',
  'organization.export',
];

/** An operator's access to one organization: a key that ends by itself. Times in UTC ms. */
export interface OperatorGrant {
  id: Id<'grt'>;
  organizationId: Id<'org'>;
  keyId: Id<'key'>;
  /** The operator's own key or person. */
  operatorId: string;
  role: GrantRole;
  /** In the operator's words; the organization reads it. */
  reason: string;
  createdAt: number;
  expiresAt: number;
  /** When it was ended before its time. */
  endedAt?: number;
}
