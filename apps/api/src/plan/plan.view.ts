import type { PlanVersion } from '#libs/store';
import { z } from 'zod';
import { iso } from '../call/scalars.js';

export const billingModel = z.enum(['concurrency', 'per_request', 'instance']).meta({ id: 'BillingModel' });

export const planVersionView = z
  .object({
    id: z.string(),
    plan: z.string().describe('Id of the plan; the same in all its versions.'),
    version: z.int(),
    name: z.string(),
    currency: z.string(),
    decimals: z.int().describe('Places an invoice line is rounded to, half-up.'),
    model: billingModel,
    effectiveFrom: z.string().describe('What opens from then on is rated by it.'),
    builtIn: z.boolean(),
    createdBy: z.string().optional(),
    createdAt: z.string().optional(),
  })
  .meta({ id: 'PricePlanVersion', description: 'A version of a price plan. It never changes.' });

export const planDocumentView = z
  .object({
    version: planVersionView,
    document: z.record(z.string(), z.unknown()).describe('The plan as data (docs/prices).'),
  })
  .meta({ id: 'PricePlanDocument' });

export function showPlanVersion(stored: PlanVersion): z.infer<typeof planVersionView> {
  const { id: plan, version, name, currency, decimals, model, effectiveFromMs } = stored.plan;
  const { id, createdBy, createdAt } = stored;
  return {
    ...{ id, plan, version, name, currency, decimals, model },
    effectiveFrom: iso(effectiveFromMs),
    builtIn: createdBy === undefined,
    ...(createdBy === undefined ? {} : { createdBy, createdAt: iso(createdAt) }),
  };
}

export function showPlanDocument(stored: PlanVersion): z.infer<typeof planDocumentView> {
  return { version: showPlanVersion(stored), document: stored.document };
}
