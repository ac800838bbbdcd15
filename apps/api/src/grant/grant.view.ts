import { GRANT_ROLES, type OperatorGrant } from '#libs/domain';
import { z } from 'zod';
import { iso, isoIf } from '../call/scalars.js';

export const grantRole = z.enum(GRANT_ROLES).meta({ id: 'GrantRole' });

export const grantView = z
  .object({
    id: z.string(),
    organization: z.string(),
    keyId: z.string().describe('The key that acts; the audit names it.'),
    operator: z.string().describe("Id of the operator's own key or person."),
    role: grantRole,
    reason: z.string(),
    createdAt: z.string(),
    expiresAt: z.string(),
    endedAt: z.string().optional().describe('When it was ended before its time.'),
  })
  .meta({ id: 'Grant', description: "An operator's access to one organization, for a time." });

export type GrantView = z.infer<typeof grantView>;

export function showGrant(grant: OperatorGrant): GrantView {
  const { id, organizationId, keyId, operatorId, role, reason, createdAt, expiresAt, endedAt } = grant;
  return {
    id,
    organization: organizationId,
    keyId,
    operator: operatorId,
    role,
    reason,
    createdAt: iso(createdAt),
    expiresAt: iso(expiresAt),
    ...isoIf('endedAt', endedAt),
  };
}
