import { listAudit as listStored, type PageRequest } from '#libs/store';
import { z } from 'zod';
import type { Call } from '../call/call.js';
import { iso } from '../call/scalars.js';

export const auditView = z
  .object({
    id: z.string(),
    time: z.string(),
    actor: z.string(),
    onBehalfOf: z.string().optional(),
    grant: z.string().optional(),
    action: z.string(),
    object: z.string(),
    before: z.record(z.string(), z.unknown()).optional(),
    after: z.record(z.string(), z.unknown()).optional(),
    requestId: z.string(),
  })
  .meta({ id: 'AuditEntry' });

/** Newest first. */
export async function listAudit(call: Call, page: PageRequest): Promise<z.infer<typeof auditView>[]> {
  const entries = await listStored(call.tx, call.actor.organizationId, page);
  return entries.map(({ organizationId: _own, actorId, grantId, time, ...rest }) => ({
    ...rest,
    time: iso(time),
    actor: actorId,
    ...(grantId === undefined ? {} : { grant: grantId }),
  }));
}
