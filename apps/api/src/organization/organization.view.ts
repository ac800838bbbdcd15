import type { Organization } from '#libs/domain';
import { z } from 'zod';
import { iso } from '../call/scalars.js';

export const organizationView = z
  .object({
    id: z.string(),
    name: z.string(),
    status: z
      .enum(['active', 'past_due', 'suspended', 'closing', 'closed'])
      .meta({ id: 'OrganizationStatus' }),
    createdAt: z.string(),
    version: z.string(),
  })
  .meta({ id: 'Organization', description: 'The tenant.' });

export function showOrganization(organization: Organization): z.infer<typeof organizationView> {
  const { id, name, status, createdAt, version } = organization;
  return { id, name, status, createdAt: iso(createdAt), version: String(version) };
}
