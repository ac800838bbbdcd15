import { ERASURE_STEPS, type Erasure } from '#libs/domain';
import { z } from 'zod';
import { iso, isoIf } from '../call/scalars.js';

const stepView = z
  .object({
    name: z.enum(ERASURE_STEPS).meta({ id: 'ErasureStepName' }),
    status: z.enum(['pending', 'running', 'succeeded']).meta({ id: 'ErasureStepStatus' }),
    message: z.string(),
  })
  .meta({ id: 'ErasureStep' });

const storeView = z
  .object({
    store: z.string(),
    erased: z.int().describe('Things that are gone.'),
    held: z.int().describe('Things that stay, with ids, times and numbers only.'),
  })
  .meta({ id: 'ErasedStore' });

export const erasureView = z
  .object({
    organization: z.string(),
    requestedBy: z.string().describe('Id of the operator, or `towpath` when the hold had ended.'),
    reason: z.string().optional(),
    steps: z.array(stepView),
    stores: z.array(storeView).describe('Every store that was gone through so far.'),
    startedAt: z.string(),
    finishedAt: z.string().optional(),
  })
  .meta({ id: 'Erasure', description: 'The end of an organization, and what is kept of it.' });

export type ErasureView = z.infer<typeof erasureView>;

export function showErasure(erasure: Erasure): ErasureView {
  const { organizationId, requestedBy, reason, steps, stores, startedAt, finishedAt } = erasure;
  return {
    organization: organizationId,
    requestedBy,
    ...(reason === undefined ? {} : { reason }),
    steps,
    stores,
    startedAt: iso(startedAt),
    ...isoIf('finishedAt', finishedAt),
  };
}
