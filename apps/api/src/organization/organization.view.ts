import type { Organization } from '#libs/domain';
import { z } from 'zod';
import { iso, isoIf } from '../call/scalars.js';

export const organizationView = z
  .object({
    id: z.string(),
    name: z.string(),
    status: z
      .enum(['active', 'past_due', 'suspended', 'closing', 'closed'])
      .meta({ id: 'OrganizationStatus' }),
    statusReason: z.string().optional().describe('Why, in the words of who changed it.'),
    holdUntil: z
      .string()
      .optional()
      .describe('Of a closing one: erased after this time, reopened before it.'),
    gpuQuota: z.int().optional().describe('GPUs its services may hold together at most.'),
    createdAt: z.string(),
    version: z.string(),
  })
  .meta({ id: 'Organization', description: 'The tenant.' });

export function showOrganization(organization: Organization): z.infer<typeof organizationView> {
  const { id, name, status, statusReason, holdUntil, gpuQuota, createdAt, version } = organization;
  const reason = statusReason === undefined ? {} : { statusReason };
  const quota = gpuQuota === undefined ? {} : { gpuQuota };
  const held = { ...reason, ...isoIf('holdUntil', holdUntil), ...quota };
  return { id, name, status, ...held, createdAt: iso(createdAt), version: String(version) };
}
